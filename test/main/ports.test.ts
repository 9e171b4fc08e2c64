import { test } from 'tap';
import { ConfigError } from '../../src/config/config.ts';
import { portsCommand } from '../../src/main/ports.ts';

function ports(...argv: string[]): string[][] {
  const text = portsCommand({ argv, env: {}, machine: { cores: 1 } });
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/));
}

test('the table has the page and each media worker, over UDP and TCP', (t) => {
  t.strictSame(ports('--workers', '2', '--host', '0.0.0.0', '--announce', '203.0.113.7:50000'), [
    ['PORT', 'PROTOCOL', 'DIRECTION', 'PURPOSE', 'OUTSIDE PORT'],
    ['8080', 'TCP', 'in', 'page and WebSocket, on 0.0.0.0', 'any; 443 at a reverse proxy with TLS'],
    ['40000', 'UDP', 'in', 'media of worker 1 of 2', '50000, as announced'],
    ['40000', 'TCP', 'in', 'media of worker 1 of 2, where UDP is blocked', '50000, as announced'],
    ['40001', 'UDP', 'in', 'media of worker 2 of 2', '50001, as announced'],
    ['40001', 'TCP', 'in', 'media of worker 2 of 2, where UDP is blocked', '50001, as announced'],
  ]);
  t.end();
});

test('the table leaves out what is not used, and includes TURN servers', (t) => {
  const turn = [
    '--turn-urls',
    'turn:turn.example.org,turns:[2001:db8::1]:443',
    '--turn-secret',
    'a secret of both servers',
  ];
  t.strictSame(ports('--workers', '0', '--media-tcp', 'off', '--media-port', '0', ...turn).slice(2), [
    ['random', 'UDP', 'in', 'media of worker 1 of 1', 'the same, or another with --announce IP:PORT'],
    ['3478', 'UDP', 'in, at turn.example.org', 'TURN, for browsers', 'as in --turn-urls'],
    ['443', 'TCP', 'in, at 2001:db8::1', 'TURN, for browsers', 'as in --turn-urls'],
  ]);
  t.match(ports('--help').join(), 'Usage: partyline ports');
  t.throws(() => ports('--port', 'x'), ConfigError);
  t.end();
});

test('if page and media share a number, the table has it once for each protocol', (t) => {
  const own = ['--tls-cert', 'c.pem', '--tls-key', 'k.pem', '--host', '0.0.0.0'];
  const outside = 'the same, or another with --announce IP:PORT';
  t.strictSame(ports('--port', '443', '--media-port', '443', ...own).slice(1), [
    ['443', 'TCP', 'in', 'page and WebSocket, on 0.0.0.0; media where UDP is blocked', outside],
    ['443', 'UDP', 'in', 'media of worker 1 of 1', outside],
  ]);
  const several = ['--media-port', '8080', '--workers', '2', '--announce', '203.0.113.7:8443'];
  t.strictSame(ports('--host', '0.0.0.0', ...several).slice(1), [
    ['8080', 'TCP', 'in', 'page and WebSocket, on 0.0.0.0; media where UDP is blocked', '8443, as announced'],
    ['8080', 'UDP', 'in', 'media of worker 1 of 2', '8443, as announced'],
    ['8081', 'UDP', 'in', 'media of worker 2 of 2', '8444, as announced'],
  ]);
  t.match(ports('--http-port', '80', '--media-port', '40000', ...own).slice(1, 3), [
    ['8443', 'TCP', 'in', 'page and WebSocket, on 0.0.0.0', 'any; 443 needs no port in the URL'],
    ['80', 'TCP', 'in', 'HTTP visitors, redirected to HTTPS', '80'],
  ]);
  t.end();
});

import { test } from 'tap';
import { ConfigError, readCommand } from '../../src/config/config.ts';
import { sharesPort } from '../../src/config/one-port.ts';

const machine = { cores: 1, dataDir: '/var/lib/partyline' };

function configOf(...argv: string[]) {
  const command = readCommand({ argv, env: {}, machine });
  if (command.kind !== 'serve') throw new Error('no settings');
  return command.config;
}

function problemsOf(...argv: string[]): string {
  try {
    configOf(...argv);
    return '';
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.join('\n');
    throw error;
  }
}

test('a Unix socket has an absolute path that fits into its address, and permissions in octal', (t) => {
  t.match(configOf('--unix-socket', '/run/partyline/http.sock'), {
    unixSocket: '/run/partyline/http.sock',
    unixSocketMode: '660',
  });
  const longest = `/${'a'.repeat(95)}`;
  t.equal(configOf('--unix-socket', longest).unixSocket, longest);
  for (const path of ['http.sock', './http.sock', '/run/', `${longest}a`, `/${'ä'.repeat(48)}`, '/run/a\nb'])
    t.match(problemsOf('--unix-socket', path), 'expected an absolute path of at most 96 bytes', path);
  for (const mode of ['600', '0666']) t.equal(configOf('--unix-socket-mode', mode).unixSocketMode, mode);
  for (const mode of ['', '66', '888', '1777', 'rw'])
    t.match(problemsOf('--unix-socket-mode', mode), 'expected permissions in octal', mode);
  t.end();
});

test('a Unix socket has no certificate and no PROXY protocol, and shares no port with media', (t) => {
  const at = ['--unix-socket', '/run/http.sock'];
  t.match(problemsOf(...at, '--domain', 'voice.example.org'), 'unix-socket serves plain HTTP');
  t.match(problemsOf(...at, '--tls', 'self-signed'), 'unix-socket serves plain HTTP');
  const proxy = ['--proxy-protocol', 'on', '--trust-proxy', '127.0.0.1'];
  t.match(problemsOf(...at, ...proxy), 'unix-socket and proxy-protocol do not fit together');
  t.equal(problemsOf(...proxy), '');
  const same = ['--port', '40000', '--media-port', '40000'];
  t.equal(sharesPort(configOf(...same)), true);
  t.equal(sharesPort(configOf(...at, ...same)), false);
  t.end();
});

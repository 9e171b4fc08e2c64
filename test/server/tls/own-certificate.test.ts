import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Test, test } from 'tap';
import { freePort } from '../../../bench/lib/free-port.ts';
import { makeSelfSigned } from '../../../src/server/tls/self-signed.ts';
import { startSecureServer } from '../../helpers/secure-server.ts';

/** A server with its own certificate files for these names. */
async function startWith(t: Test, names: readonly string[], flags: readonly string[] = []) {
  const directory = t.testdir();
  const { chainPem, keyPem } = await makeSelfSigned(names, Date.now());
  const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  writeFileSync(cert, chainPem);
  writeFileSync(key, keyPem);
  chmodSync(key, 0o600);
  const server = await startSecureServer(['--port', '0', '--tls-cert', cert, '--tls-key', key, ...flags]);
  t.teardown(() => server.close());
  return server;
}

test('the address to open contains the name from the certificate', async (t) => {
  const host = async (names: readonly string[], flags: readonly string[] = []) =>
    new URL((await startWith(t, names, flags)).url).hostname;
  t.equal(await host(['voice.example.org']), 'voice.example.org');
  t.equal(await host(['localhost', '127.0.0.1', 'voice.example.org']), 'voice.example.org');
  t.equal(await host(['voice.example.org'], ['--host', '0.0.0.0']), 'voice.example.org');
  const two = ['mail.example.org', 'voice.example.org'];
  t.equal(await host(two), 'mail.example.org');
  t.equal(await host(two, ['--allow-hosts', 'voice.example.org']), 'voice.example.org', 'others would be refused');
  t.equal(await host(['*.example.org'], ['--allow-hosts', 'voice.example.org']), 'voice.example.org');
  t.equal(await host(['*.example.org']), '127.0.0.1', 'this is no name to open');
  t.equal(await host(['203.0.113.7'], ['--host', '0.0.0.0']), '203.0.113.7');
  t.equal(await host(['localhost']), '127.0.0.1');
});

test('plain HTTP to an HTTPS port is redirected, wherever media is', async (t) => {
  for (const media of [[], ['--media-port', String(await freePort()), '--media-tcp', 'off']]) {
    const server = await startWith(t, ['voice.example.org'], media);
    const ask = async (request: string) => {
      const socket = connect(server.port, '127.0.0.1');
      socket.end(request);
      return text(socket);
    };
    const answer = await ask(`GET /room/lobby HTTP/1.1\r\nHost: voice.example.org:${server.port}\r\n\r\n`);
    t.match(answer, /^HTTP\/1\.1 308 /);
    t.match(answer, `\r\nLocation: https://voice.example.org:${server.port}/room/lobby\r\n`);
    t.match(await ask('POST /api/v1/rooms HTTP/1.1\r\nHost: x y\r\nContent-Length: 0\r\n\r\n'), /^HTTP\/1\.1 4\d\d /);
    t.equal((await server.get('/healthz')).status, 200, 'TLS continues as before');

    const silent = connect(server.port, '127.0.0.1');
    await once(silent, 'connect');
    silent.write(Buffer.from([0, 20, 0, 1]));
    silent.on('error', () => {});
    silent.destroy();
  }
});

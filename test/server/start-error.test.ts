import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'tap';
import { freePort } from '../../bench/lib/free-port.ts';
import { StartError } from '../../src/server/start-error.ts';
import { makeSelfSigned } from '../../src/server/tls/self-signed.ts';
import { startSecureServer } from '../helpers/secure-server.ts';

async function startError(flags: readonly string[]): Promise<StartError> {
  try {
    const server = await startSecureServer(['--port', '0', ...flags]);
    await server.close();
  } catch (error) {
    if (error instanceof StartError) return error;
    throw error;
  }
  throw new Error(`the server has started with ${flags.join(' ')}`);
}

test('unusable settings are told apart from failures that may pass by the next attempt', async (t) => {
  const place = t.testdir({ 'empty.pem': '' });
  const file = (name: string) => join(place, name);
  const [one, other] = await Promise.all([
    makeSelfSigned(['localhost'], Date.now()),
    makeSelfSigned(['localhost'], Date.now()),
  ]);
  writeFileSync(file('cert.pem'), one.chainPem);
  writeFileSync(file('other.key'), other.keyPem);
  const own = (cert: string, key: string) => ['--tls-cert', file(cert), '--tls-key', file(key)];
  const acme = ['--domain', 'voice.partyline.test', '--data-dir', place, '--host', '0.0.0.0'];
  const cases: readonly (readonly [flags: readonly string[], said: RegExp])[] = [
    [['--room-passwords', 'a!b=x'], /"a!b" is not a valid room name/],
    [['--room-passwords', 'cafe\u0301=x,caf\u00e9=y'], /has two passwords/],
    [['--room-passwords', 'vault=scrypt:1'], /password hash of the room vault is damaged/],
    [['--teams', 'red,no spaces'], /teams cannot be used: .*"teams\.1" is not one/],
    [['--kept-rooms', 'a!b=x'], /kept-rooms cannot be used: "a!b" is not a valid room name/],
    [['--kept-rooms', 'My Room,my-room=x'], /"My Room" and "my-room" are the same room/],
    [['--kept-rooms', 'a,b', '--max-rooms', '1'], /more than max-rooms \(1\)/],
    [own('gone.pem', 'gone.pem'), /tls-cert file cannot be read: ENOENT/],
    [own('cert.pem', 'gone.pem'), /tls-key file cannot be read: ENOENT/],
    [own('cert.pem', '.'), /tls-key file cannot be read: EISDIR/],
    [own('empty.pem', 'empty.pem'), /No PEM certificate/],
    [own('cert.pem', 'other.key'), /does not match the certificate/],
    [[...acme, '--acme-ca', file('gone.pem')], /acme-ca file .*gone\.pem cannot be read: ENOENT/],
    [[...acme, '--acme-ca', file('empty.pem')], /acme-ca file .*empty\.pem contains no PEM certificate/],
  ];
  for (const [flags, said] of cases) t.match(await startError(flags), { message: said, isSettingsError: true });

  const port = await freePort();
  const taken = createServer().listen(port, '127.0.0.1');
  t.teardown(() => taken.close());
  t.match(await startError(['--port', String(port)]), { message: /is in use/, isSettingsError: false });
});

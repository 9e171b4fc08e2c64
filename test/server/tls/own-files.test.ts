import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import pino from 'pino';
import { type Test, test } from 'tap';
import type { Certificate } from '../../../src/server/tls/certificate.ts';
import { OwnFiles } from '../../../src/server/tls/own-files.ts';
import { makeSelfSigned } from '../../../src/server/tls/self-signed.ts';
import { eventually } from '../../helpers/eventually.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { certificateShown, startSecureServer, trusting } from '../../helpers/secure-server.ts';
import { SignalingClient } from '../../helpers/signaling-client.ts';

const NAME = 'talk.example.org';
const DAY_MS = 86_400_000;
const LOOK_MS = 10_000;

/** As a renewal program does it: each file atomically, one after the other. */
function put(directory: string, { chainPem, keyPem }: Partial<Certificate>): void {
  const parts = { 'cert.pem': chainPem, 'key.pem': keyPem };
  for (const [name, text] of Object.entries(parts)) {
    if (text === undefined) continue;
    writeFileSync(join(directory, `${name}.new`), text);
    renameSync(join(directory, `${name}.new`), join(directory, name));
  }
}

async function setUp(t: Test) {
  const directory = t.testdir();
  const clock = new FakeClock();
  const first = await makeSelfSigned([NAME], clock.wallNow());
  put(directory, first);
  const logged: { level: string; msg: string; reason?: string }[] = [];
  const formatters = { level: (level: string) => ({ level }) };
  const log = pino({ formatters }, { write: (line) => logged.push(JSON.parse(line)) });
  const options = { certFile: join(directory, 'cert.pem'), keyFile: join(directory, 'key.pem'), clock, log };
  return { directory, clock, first, logged, options };
}

test('unusable files are refused at startup, with the reason', async (t) => {
  const { directory, options, first, clock } = await setUp(t);
  const other = await makeSelfSigned([NAME], clock.wallNow());
  const cases: [Partial<Certificate>, RegExp][] = [
    [{ keyPem: other.keyPem }, /The private key does not match the certificate/],
    [{ keyPem: 'nothing' }, /No PEM private key was found/],
    [{ keyPem: '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n' }, /passphrase/],
    [{ keyPem: first.keyPem, chainPem: 'nothing' }, /No PEM certificate was found/],
    [{ chainPem: '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n' }, /certificate cannot be read/],
  ];
  for (const [files, reason] of cases) {
    put(directory, files);
    await t.rejects(OwnFiles.open(options), { message: reason });
  }
  await t.rejects(OwnFiles.open({ ...options, keyFile: '/nowhere' }), {
    message: /tls-key file cannot be read.*ENOENT/,
  });
});

test('new files are noticed, and a pair that does not match is skipped', async (t) => {
  const { directory, clock, options, first, logged } = await setUp(t);
  const own = await OwnFiles.open(options);
  t.teardown(() => own.close());
  const seen: string[] = [];
  await own.start(({ fingerprint }) => seen.push(fingerprint));
  const look = async () => {
    clock.advance(LOOK_MS);
    await eventually(() => clock.pendingTimers === 1);
  };
  const second = await makeSelfSigned([NAME], clock.wallNow());
  put(directory, { chainPem: second.chainPem });
  await look();
  t.equal(own.current.fingerprint, first.fingerprint, 'the key is still the old one');
  t.same(logged, [], 'which may be so for a moment');
  put(directory, { keyPem: second.keyPem });
  await look();
  t.same(seen, [second.fingerprint]);
  t.equal(own.current.fingerprint, second.fingerprint);

  put(directory, { chainPem: 'nothing' });
  for (let i = 0; i < 3; i++) await look();
  const errors = logged.filter(({ level }) => level === 'error');
  t.equal(errors.length, 1, 'a lasting problem is logged once');
  t.match(errors[0]?.reason, /No PEM certificate was found/);
  t.equal(own.current.fingerprint, second.fingerprint, 'keeping the previous one');
  own.close();
  t.equal(clock.pendingTimers, 0);
});

test('a certificate that expires soon, or has expired, is a problem and a warning at startup', async (t) => {
  const { clock, options, logged } = await setUp(t);
  const own = await OwnFiles.open(options);
  t.equal(own.problem, undefined);
  clock.advance(810 * DAY_MS);
  t.match(own.problem, {
    code: 'certificate_expiring',
    message: /of talk.example.org expires on 2028-03-\d\d. Put a new one/,
  });
  clock.advance(20 * DAY_MS);
  t.match(own.problem, { code: 'certificate_expired' });
  t.same(logged, []);
  await OwnFiles.open(options);
  t.match(logged, [{ level: 'warn', msg: 'the certificate has expired' }]);
});

test('files are replaced while a WebSocket stays open, and a wrong new file changes nothing', async (t) => {
  const directory = t.testdir();
  const first = await makeSelfSigned([NAME], Date.now());
  put(directory, first);
  const files = ['--tls-cert', join(directory, 'cert.pem'), '--tls-key', join(directory, 'key.pem')];
  const server = await startSecureServer(['--port', '0', ...files]);
  t.teardown(() => server.close());
  t.equal(server.url, `https://${NAME}:${server.port}/`);
  const client = await SignalingClient.open(`wss://127.0.0.1:${server.port}/ws`, {}, trusting(first.chainPem, NAME));
  t.teardown(() => client.socket.terminate());
  await client.join('lobby', 'Ada');

  const earlier = connect({ host: '127.0.0.1', port: server.port, ...trusting(undefined, NAME) });
  const [session] = await once(earlier, 'session');
  earlier.destroy();

  const second = await makeSelfSigned([NAME], Date.now());
  put(directory, second);
  server.server.reload();
  await eventually(() => server.lines.some(({ msg }) => msg === 'certificate replaced'));
  t.equal((await certificateShown(server.port, NAME)).fingerprint256, second.fingerprint);
  const resumed = await certificateShown(server.port, NAME, { session });
  t.equal(resumed.fingerprint256, second.fingerprint, 'clients that want to resume an earlier session get it as well');
  client.send({ type: 'leave' });
  client.send({ type: 'join', room: 'lobby', name: 'Ada again' });
  t.ok(await client.skipTo('joined'));

  put(directory, { keyPem: first.keyPem });
  server.server.reload();
  await eventually(() => server.lines.some(({ msg }) => /cannot be used/.test(String(msg))));
  t.equal((await certificateShown(server.port, NAME)).fingerprint256, second.fingerprint);
});

test('TLS before 1.2 is refused', async (t) => {
  const directory = t.testdir();
  put(directory, await makeSelfSigned([NAME], Date.now()));
  const files = ['--tls-cert', join(directory, 'cert.pem'), '--tls-key', join(directory, 'key.pem')];
  const server = await startSecureServer(['--port', '0', ...files]);
  t.teardown(() => server.close());
  // OpenSSL offers old versions only at security level 0.
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  await t.rejects(certificateShown(server.port, NAME, old), { message: /protocol version/ });
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    await t.resolves(certificateShown(server.port, NAME, { minVersion: version, maxVersion: version }));
});

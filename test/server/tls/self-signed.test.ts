import { once } from 'node:events';
import { statSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { test } from 'tap';
import { freePort } from '../../../bench/lib/free-port.ts';
import { ADDRESS_LOOK_INTERVAL_MS, AddressWatch } from '../../../src/lib/net/address-watch.ts';
import { LanCertificate } from '../../../src/server/tls/lan-certificate.ts';
import { localNames, makeSelfSigned, storedSelfSigned } from '../../../src/server/tls/self-signed.ts';
import { eventually } from '../../helpers/eventually.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { certificateShown, startSecureServer, trusting } from '../../helpers/secure-server.ts';
import { SignalingClient } from '../../helpers/signaling-client.ts';

const DAY_MS = 86_400_000;
const log = pino({ level: 'silent' });

test('the certificate is for all names and addresses of the machine', (t) => {
  const entry = (family: string, address: string) => ({ family, address }) as NetworkInterfaceInfo;
  const interfaces = {
    lo: [entry('IPv4', '127.0.0.1'), entry('IPv6', '::1')],
    docker0: [entry('IPv4', '172.17.0.1')],
    eth0: [
      entry('IPv4', '169.254.3.4'),
      entry('IPv4', '192.168.1.5'),
      entry('IPv6', '2001:db8::5'),
      entry('IPv6', 'fe80::1'),
    ],
  };
  t.strictSame(localNames(['talk.lan', '2001:DB8:0::7'], { hostName: 'Den', interfaces }), {
    needed: ['localhost', 'den', 'den.local', 'talk.lan', '2001:db8::7', '127.0.0.1', '192.168.1.5'],
    also: ['::1', '172.17.0.1', '169.254.3.4', '2001:db8::5'],
  });
  t.strictSame(localNames([], { hostName: 'not a name', interfaces: {} }).needed, ['localhost', '127.0.0.1']);
  t.end();
});

test('a self-signed certificate is valid for as long as Apple allows, starting yesterday', async (t) => {
  const clock = new FakeClock();
  const made = await makeSelfSigned(['den.local', '192.168.1.5', '2001:db8::5'], clock.wallNow());
  t.equal(made.selfSigned, true);
  t.strictSame(made.names, ['den.local', '192.168.1.5', '2001:db8::5']);
  t.ok(made.notAfterMs - made.notBeforeMs <= 825 * DAY_MS);
  t.equal(made.notBeforeMs, clock.wallNow() - DAY_MS);
});

test('it is kept, so that browsers ask once, until it is too old, lacks a name or is damaged', async (t) => {
  const clock = new FakeClock();
  const file = join(t.testdir(), 'data', 'self-signed.pem');
  const names = { needed: ['localhost'], also: ['::1'] };
  const first = await storedSelfSigned({ file, names, clock, log });
  t.equal(statSync(file).mode & 0o777, 0o600);
  const again = () => storedSelfSigned({ file, names, clock, log });
  t.equal((await again()).fingerprint, first.fingerprint);
  const moved = { needed: ['localhost', '192.168.1.5'], also: [] };
  const second = await storedSelfSigned({ file, names: moved, clock, log });
  t.not(second.fingerprint, first.fingerprint);
  t.equal((await again()).fingerprint, second.fingerprint, 'more names than needed do no harm');
  clock.advance(800 * DAY_MS);
  const third = await again();
  t.not(third.fingerprint, second.fingerprint);
  writeFileSync(file, 'damaged');
  t.not((await again()).fingerprint, third.fingerprint);
});

test('when the machine gets another address, it gets a certificate for it, and keeps that when it loses an address', async (t) => {
  const clock = new FakeClock();
  let addresses = ['127.0.0.1'];
  const watch = new AddressWatch({ clock, read: () => addresses });
  const names = () => ({ needed: ['localhost', ...addresses], also: [] });
  const certificate = await LanCertificate.open({ file: join(t.testdir(), 'made.pem'), names, watch, clock, log });
  const shown: (readonly string[])[] = [];
  await certificate.start((made) => shown.push(made.names));
  const find = (...next: string[]) => {
    addresses = next;
    clock.advance(ADDRESS_LOOK_INTERVAL_MS);
  };
  find('127.0.0.1', '192.168.1.5');
  await eventually(() => shown.length === 1);
  t.strictSame(shown, [['localhost', '127.0.0.1', '192.168.1.5']]);
  find('127.0.0.1');
  find('127.0.0.1', '192.168.1.9');
  await eventually(() => shown.length === 2);
  t.strictSame(shown.at(-1), ['localhost', '127.0.0.1', '192.168.1.9']);
  t.strictSame(certificate.current.names, shown.at(-1));
  certificate.close();
  watch.close();
  t.equal(clock.pendingTimers, 0);
});

test('with --tls self-signed, the page is served over HTTPS, without HSTS, and the fingerprint is in the log', async (t) => {
  const httpPort = await freePort();
  const flags = ['--tls', 'self-signed', '--port', '0', '--http-port', String(httpPort), '--data-dir', t.testdir()];
  const server = await startSecureServer(flags);
  t.teardown(() => server.close());
  const shown = await certificateShown(server.port, 'localhost');
  const line = server.lines.find(({ msg }) => /self-signed/.test(String(msg)));
  t.equal(line?.['fingerprint'], shown.fingerprint256);
  const answer = await server.get('/healthz');
  t.equal(answer.status, 200);
  t.notOk('strict-transport-security' in answer.headers);
  server.server.reload();
  t.ok(
    server.lines.some(({ msg }) => /^nothing to reload/.test(String(msg))),
    'SIGHUP has nothing to do',
  );
  const redirect = await fetch(`http://127.0.0.1:${httpPort}/room/den`, { redirect: 'manual' });
  t.equal(redirect.status, 308);
  t.equal(redirect.headers.get('location'), `https://127.0.0.1:${server.port}/room/den`);

  const url = `wss://127.0.0.1:${server.port}/ws`;
  const tls = trusting(undefined, 'localhost');
  const origin = `https://127.0.0.1:${server.port}`;
  const client = await SignalingClient.open(url, { origin }, tls);
  await client.join('den', 'Ada');
  client.socket.terminate();
  for (const other of ['https://evil.example', origin.replace('https', 'http')])
    await t.rejects(SignalingClient.open(url, { origin: other }, tls), { message: /403/ }, other);
});

test('nobody can crash the server with a strange handshake, and a request for a proof that does not exist gets none', async (t) => {
  const server = await startSecureServer(['--tls', 'self-signed', '--port', '0', '--data-dir', t.testdir()]);
  t.teardown(() => server.close());
  for (const servername of ['', 'localhost', 'other.example']) {
    for (const protocol of ['acme-tls/1', 'h2'])
      await t.rejects(certificateShown(server.port, servername, { servername, ALPNProtocols: [protocol] }), {
        message: /no application protocol/,
      });
  }
  const plain = connectPlain(server.port, '127.0.0.1');
  plain.end('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n').resume();
  await once(plain, 'close');
  t.equal((await server.get('/healthz')).status, 200);
});

test('a client that connects and never finishes the handshake is cut off', async (t) => {
  const flags = ['--tls', 'self-signed', '--port', '0', '--data-dir', t.testdir(), '--request-timeout-ms', '200'];
  const server = await startSecureServer(flags);
  t.teardown(() => server.close());
  const silent = connectPlain(server.port, '127.0.0.1').resume();
  const slow = connectPlain(server.port, '127.0.0.1').resume();
  slow.write(Buffer.from('160301', 'hex'));
  // The end is a reset if the server has not read everything by then.
  const cutOff = [silent, slow].map(
    (socket) => new Promise((resolve) => socket.on('error', () => {}).on('close', resolve)),
  );
  await Promise.all(cutOff);
  // On a busy machine this request may take too long as well.
  await eventually(async () => (await server.get('/healthz').catch(() => undefined))?.status === 200);
});

test('an occupied port for plain HTTP is an error that names the setting', async (t) => {
  const flags = (httpPort: number) => [
    ...['--tls', 'self-signed', '--port', '0', '--data-dir', t.testdirName],
    ...['--http-port', String(httpPort)],
  ];
  t.testdir();
  const httpPort = await freePort();
  const first = await startSecureServer(flags(httpPort));
  t.teardown(() => first.close());
  await t.rejects(startSecureServer(flags(httpPort)), {
    message: `Port ${httpPort} on 127.0.0.1 is in use by another program. Choose another port with --http-port, or 0 for none.`,
  });
});

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { freePort } from '../../../bench/lib/free-port.ts';
import { type AcmeDirectory, startAcmeDirectory } from '../../helpers/acme-directory.ts';
import { missingPackages, skipIfMissing } from '../../helpers/debian-packages.ts';
import { eventually } from '../../helpers/eventually.ts';
import { ownProblems } from '../../helpers/own-problems.ts';
import { certificateShown, type SecureServer, startSecureServer, trusting } from '../../helpers/secure-server.ts';
import { SignalingClient } from '../../helpers/signaling-client.ts';

const skip = skipIfMissing(missingPackages(['pebble']));
const NAME = 'voice.partyline.test';

interface Site {
  readonly directory: AcmeDirectory;
  readonly dataDir: string;
  readonly httpPort: number;
  readonly port: number;
  start(flags?: readonly string[], names?: readonly string[]): Promise<SecureServer>;
}

async function setUp(t: Test, { validitySeconds = 86_400 } = {}): Promise<Site> {
  const [httpPort, port] = await Promise.all([freePort(), freePort()]);
  const directory = await startAcmeDirectory({ httpPort, tlsPort: port, validitySeconds });
  t.teardown(() => directory.close());
  const dataDir = t.testdir();
  const start = async (flags: readonly string[] = ['--http-port', String(httpPort)], names = [NAME]) => {
    const acme = ['--acme-directory', directory.url, '--acme-ca', directory.caFile, '--data-dir', dataDir];
    const server = await startSecureServer(['--domain', names.join(), '--port', String(port), ...acme, ...flags]);
    t.teardown(() => server.close());
    return server;
  };
  return { directory, dataDir, httpPort, port, start };
}

test('with one port open, a certificate is obtained by TLS-ALPN-01 before the address is printed', {
  skip,
}, async (t) => {
  const { directory, dataDir, port, start } = await setUp(t);
  // Media uses the same port.
  const server = await start(['--http-port', '0', '--media-port', String(port)]);
  t.equal(server.url, `https://${NAME}/`);
  t.match(
    server.lines.find(({ msg }) => msg === 'certificate obtained'),
    { by: 'tls-alpn-01', domains: [NAME] },
  );
  const ca = await directory.root();
  const answer = await server.get('/healthz', { name: NAME, ca });
  t.equal(answer.status, 200);
  t.strictSame(ownProblems(JSON.parse(answer.body).problems), []);
  t.equal(answer.headers['strict-transport-security'], 'max-age=15552000');
  const metrics = await server.get('/metrics', { name: NAME, ca });
  const [, expiry] = /^partyline_tls_certificate_expiry_timestamp_seconds (\d+)$/m.exec(metrics.body) ?? [];
  t.ok(Math.abs(Number(expiry) * 1000 - Date.now() - 86_400_000) < 60_000, 'the metrics show when it expires');

  const files = readdirSync(dataDir, { recursive: true, encoding: 'utf8' }).map((name) => join(dataDir, name));
  const kept = files.filter((file) => file.endsWith('.pem'));
  t.equal(kept.length, 2);
  for (const file of kept) t.equal(statSync(file).mode & 0o777, 0o600, file);
  for (const file of files.filter((name) => statSync(name).isDirectory()))
    t.equal(statSync(file).mode & 0o777, 0o700, file);
  t.notOk(files.some((file) => file.endsWith('.tmp')));
});

test('where TLS-ALPN-01 does not work, a certificate is obtained by HTTP-01', { skip }, async (t) => {
  const { directory, httpPort, dataDir } = await setUp(t);
  // Nobody answers where the certificate authority expects TLS.
  const server = await startSecureServer([
    ...['--domain', `${NAME},talk.partyline.test`, '--port', '0', '--http-port', String(httpPort)],
    ...['--acme-directory', directory.url, '--acme-ca', directory.caFile, '--data-dir', dataDir],
    ...['--acme-email', 'ada@partyline.test'],
  ]);
  t.teardown(() => server.close());
  t.match(
    server.lines.find(({ msg }) => msg === 'certificate obtained'),
    { by: 'http-01' },
  );
  t.match(await certificateShown(server.port, NAME, trusting(await directory.root(), NAME)), {
    subjectaltname: `DNS:${NAME}, DNS:talk.partyline.test`,
  });
  const unknown = await fetch(`http://127.0.0.1:${httpPort}/.well-known/acme-challenge/unknown`, {
    redirect: 'manual',
  });
  t.equal(unknown.status, 308, 'when nothing is requested, there is nothing to read');
});

test('a restart with a stored certificate orders none', { skip }, async (t) => {
  const { directory, start } = await setUp(t);
  const first = await start();
  const { fingerprint256 } = await certificateShown(first.port, NAME);
  await first.close();
  const orders = () => directory.output().match(/new-?order|order-plz/gi)?.length ?? 0;
  const ordersBefore = orders();
  t.ok(ordersBefore > 0);
  const second = await start();
  t.equal((await certificateShown(second.port, NAME)).fingerprint256, fingerprint256);
  t.equal(orders(), ordersBefore);
  t.equal(directory.issued(), 1);
});

test('a certificate is renewed while WebSockets stay open', { skip }, async (t) => {
  const { directory, start } = await setUp(t, { validitySeconds: 12 });
  const server = await start();
  const before = await certificateShown(server.port, NAME);
  const client = await SignalingClient.open(
    `wss://127.0.0.1:${server.port}/ws`,
    {},
    trusting(await directory.root(), NAME),
  );
  await client.join('lobby', 'Ada');
  await eventually(() => directory.issued() === 2 && obtained(server) === 2, 30_000);
  const after = await certificateShown(server.port, NAME);
  t.not(after.fingerprint256, before.fingerprint256);
  client.send({ type: 'leave' });
  client.send({ type: 'join', room: 'lobby', name: 'Ada again' });
  t.ok(await client.skipTo('joined'), 'the WebSocket from before continues');
  client.socket.terminate();
});

function obtained({ lines }: SecureServer): number {
  return lines.filter(({ msg }) => msg === 'certificate obtained').length;
}

test('a failed order is logged with advice, the page waits behind a temporary certificate, and SIGHUP retries', {
  skip,
}, async (t) => {
  const { directory, start } = await setUp(t);
  await directory.setDnsFault(NAME, true);
  const server = await start();
  const failure = server.lines.find(({ msg }) => msg === 'the certificate could not be obtained');
  t.match(failure?.['reason'], new RegExp(`DNS has no address for ${NAME}.*Create an A record`));
  t.ok(Date.parse(String(failure?.['nextAttempt'])) > Date.now() + 50_000, 'it retries after a minute');
  const answer = await server.get('/healthz', { name: NAME });
  t.equal(answer.status, 200);
  const { status, problems } = JSON.parse(answer.body);
  t.equal(status, 'ok');
  t.match(ownProblems(problems), [{ code: 'certificate_missing', message: /A record/ }]);
  t.notOk('strict-transport-security' in answer.headers, 'no promise is made while browsers warn');
  t.match((await server.get('/metrics')).body, /^partyline_tls_certificate_failures_total 1$/m);
  t.match(
    (await server.get('/metrics')).body,
    /^partyline_tls_certificate_expiry_timestamp_seconds 0$/m,
    'the expiry of the temporary certificate is of no use to an alert',
  );

  await directory.setDnsFault(NAME, false);
  server.server.reload();
  await eventually(() => obtained(server) === 1);
  t.equal((await server.get('/', { name: NAME, ca: await directory.root() })).status, 404);
  t.strictSame(ownProblems(JSON.parse((await server.get('/healthz')).body).problems), []);
});

test('a second name that cannot get a certificate does not take away that of the first', { skip }, async (t) => {
  const { directory, start } = await setUp(t);
  const first = await start();
  const ca = await directory.root();
  const { fingerprint256 } = await certificateShown(first.port, NAME, trusting(ca, NAME));
  await first.close();
  const other = 'talk.partyline.test';
  await directory.setDnsFault(other, true);
  for (const names of [
    [NAME, other],
    [other, NAME],
  ]) {
    const server = await start(undefined, names);
    t.equal((await certificateShown(server.port, NAME, trusting(ca, NAME))).fingerprint256, fingerprint256);
    t.equal(server.url, `https://${NAME}/`, 'the name that works is the one to open');
    // A server that still has a good certificate does not wait for the attempt at startup.
    const failed = () => server.lines.find(({ msg }) => msg === 'the certificate could not be obtained');
    await eventually(() => failed() !== undefined, 120_000);
    t.match(failed()?.['reason'], new RegExp(`DNS has no address for ${other}`));
    const { problems } = JSON.parse((await server.get('/healthz')).body);
    t.match(ownProblems(problems), [
      { code: 'certificate_missing', message: `There is no certificate for ${other} yet.` },
    ]);
    t.match((await server.get('/metrics')).body, /^partyline_tls_certificate_expiry_timestamp_seconds 0$/m);
    t.equal((await certificateShown(server.port, NAME)).fingerprint256, fingerprint256, 'also after the failure');
    t.equal(directory.issued(), 1, 'nothing is ordered that is already there');
    await server.close();
  }
  await directory.setDnsFault(other, false);
  const server = await start(undefined, [NAME, other]);
  await eventually(() => obtained(server) === 1, 120_000);
  for (const name of [NAME, other]) t.ok(await certificateShown(server.port, name, trusting(ca, name)));
  t.strictSame(ownProblems(JSON.parse((await server.get('/healthz')).body).problems), []);
});

test('of several names, the ones that can get a certificate get it at the first start', { skip }, async (t) => {
  const { directory, start } = await setUp(t);
  const others = ['a.partyline.test', 'b.partyline.test'];
  for (const other of others) await directory.setDnsFault(other, true);
  const server = await start(undefined, [others[0]!, NAME, others[1]!]);
  await eventually(() => server.lines.some(({ msg }) => msg === 'the certificate could not be obtained'), 120_000);
  t.ok(await certificateShown(server.port, NAME, trusting(await directory.root(), NAME)));
  const { problems } = JSON.parse((await server.get('/healthz')).body);
  t.match(ownProblems(problems), [
    { code: 'certificate_missing', message: `There is no certificate for ${others.join(', ')} yet.` },
  ]);
  t.match(
    server.lines.find(({ msg }) => msg === 'the certificate could not be obtained')?.['reason'],
    /DNS has no address/,
  );
});

test('an unreachable port is reported as such, whatever the authority calls it', { skip }, async (t) => {
  // Nothing listens where the authority looks.
  const { directory, dataDir } = await setUp(t);
  const server = await startSecureServer([
    ...['--domain', NAME, '--port', '0', '--http-port', String(await freePort())],
    ...['--acme-directory', directory.url, '--acme-ca', directory.caFile, '--data-dir', dataDir],
  ]);
  t.teardown(() => server.close());
  const reason = server.lines.find(({ msg }) => msg === 'the certificate could not be obtained')?.['reason'];
  t.comment(String(reason));
  t.match(reason, new RegExp(`https://${NAME}/ cannot be reached from the internet`));
  t.match(reason, new RegExp(`http://${NAME}/ cannot be reached from the internet`));
  t.notMatch(reason, /Something other/);
});

test('an untrusted or unreachable directory is reported as such', { skip }, async (t) => {
  const { directory, start, dataDir } = await setUp(t);
  const flags = ['--domain', NAME, '--port', '0', '--http-port', '0', '--acme-directory', directory.url];
  const untrusted = await startSecureServer([...flags, '--data-dir', dataDir]);
  t.teardown(() => untrusted.close());
  const reason = (server: SecureServer) =>
    server.lines.find(({ msg }) => msg === 'the certificate could not be obtained')?.['reason'];
  t.match(reason(untrusted), /is not trusted .*set acme-ca to its root certificate/);
  await directory.stop();
  t.match(reason(await start()), /The ACME directory cannot be reached .*ECONNREFUSED/);
});

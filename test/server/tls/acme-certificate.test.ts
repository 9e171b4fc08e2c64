import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import pino from 'pino';
import { test } from 'tap';
import { freePort } from '../../../bench/lib/free-port.ts';
import type { Clock } from '../../../src/lib/clock.ts';
import { AcmeCertificate } from '../../../src/server/tls/acme-certificate.ts';
import {
  AcmeError,
  type AcmeErrorDetails,
  adviceFor,
  isChallengeError,
  problemIn,
} from '../../../src/server/tls/acme-error.ts';
import type { Certificate } from '../../../src/server/tls/certificate.ts';
import { loadCertificate, storeCertificate } from '../../../src/server/tls/certificate-store.ts';
import { Challenges } from '../../../src/server/tls/challenges.ts';
import { redirectListener } from '../../../src/server/tls/redirect.ts';
import { retryDelayMs } from '../../../src/server/tls/retry-delay.ts';
import { startAcmeDirectory } from '../../helpers/acme-directory.ts';
import { missingPackages, skipIfMissing } from '../../helpers/debian-packages.ts';
import { eventually } from '../../helpers/eventually.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { makeSigned } from '../../helpers/signed-certificate.ts';

const skip = skipIfMissing(missingPackages(['pebble']));
const NAME = 'voice.partyline.test';
/** A minute per second. */
const SPEED = 60;
const PATIENCE_MS = 30_000;
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A clock that runs fast and counts pending timers. */
function fastClock(): Clock & { readonly pending: number } {
  const startWallMs = Date.now();
  const startMs = performance.now();
  const now = () => (performance.now() - startMs) * SPEED;
  const timers = new Set<NodeJS.Timeout>();
  return {
    now,
    wallNow: () => startWallMs + now(),
    setTimer: (at, callback) => {
      const timer = setTimeout(
        () => {
          timers.delete(timer);
          callback();
        },
        Math.max(0, (at - now()) / SPEED),
      );
      timers.add(timer);
      return () => {
        timers.delete(timer);
        clearTimeout(timer);
      };
    },
    get pending() {
      return timers.size;
    },
  };
}

test('after a failure it retries by itself, at growing intervals, until it succeeds', { skip }, async (t) => {
  const httpPort = await freePort();
  const directory = await startAcmeDirectory({ httpPort, tlsPort: await freePort() });
  t.teardown(() => directory.close());
  const challenges = new Challenges();
  const listener = redirectListener({ domains: [NAME], allowHosts: [], httpPort, httpsPort: () => 443, challenges });
  const http = createServer(listener).listen(httpPort, '127.0.0.1');
  t.teardown(() => http.close());
  await once(http, 'listening');
  const clock = fastClock();
  const failedAtMs: number[] = [];
  const log = pino({ level: 'error' }, { write: () => void failedAtMs.push(clock.now()) });
  const files = t.testdir();
  const source = await AcmeCertificate.open({
    domains: [NAME],
    directoryUrl: directory.url,
    email: '',
    caPem: readFileSync(directory.caFile, 'utf8'),
    directory: files,
    challengeTypes: ['http-01'],
    challenges,
    clock,
    log,
    random: () => 0,
  });
  t.teardown(() => source.close());
  const got: Certificate[] = [];
  await directory.setDnsFault(NAME, true);
  await source.start((certificate) => got.push(certificate));
  t.equal(source.current.selfSigned, true);
  await eventually(() => source.failures >= 2, PATIENCE_MS);
  await directory.setDnsFault(NAME, false);
  await eventually(() => got.length === 1, PATIENCE_MS);
  t.ok(failedAtMs[1]! - failedAtMs[0]! > 60_000, 'not before a minute has passed');
  t.equal(source.current.selfSigned, false);
  t.equal(source.problem, undefined);
  // It is used before it is stored, and the folder goes with the test.
  await eventually(async () => (await loadCertificate(join(files, `${NAME}.pem`))) !== undefined, PATIENCE_MS);
  source.close();
  t.equal(clock.pending, 0, 'nothing is left behind');
});

test('renewal follows the wall clock, and retries do not', async (t) => {
  const clock = new FakeClock({ epochMs: Date.now() });
  const dayMs = 86_400_000;
  const files = t.testdir();
  const stored = await makeSigned([NAME], clock.wallNow());
  await storeCertificate(join(files, `${NAME}.pem`), stored);
  const source = await AcmeCertificate.open({
    domains: [NAME],
    // Nobody listens here.
    directoryUrl: `https://127.0.0.1:${await freePort()}/`,
    email: '',
    caPem: undefined,
    directory: files,
    challengeTypes: ['http-01'],
    challenges: new Challenges(),
    clock,
    log: pino({ level: 'silent' }),
    random: () => 0,
  });
  t.teardown(() => source.close());
  await source.start(() => {});
  clock.advance(30 * dayMs);
  t.equal(source.failures, 0, 'not due yet');
  clock.stepWall(35 * dayMs);
  clock.advance(60_000);
  await eventually(() => source.failures === 1);
  await settle();
  t.notOk(/expired/.test(source.problem?.code ?? ''), 'well before it expires');
  clock.stepWall(-7 * 365 * dayMs);
  clock.advance(59_000);
  await settle();
  t.equal(source.failures, 1);
  clock.advance(1000);
  await eventually(() => source.failures === 2);
});

test('the wait grows from a minute to six hours, and is as long as the directory asks for, up to a day', (t) => {
  const delays = (random: number) =>
    [1, 2, 3, 4, 5, 6, 7, 50].map((failures) => retryDelayMs({ failures, askedForMs: 0, random }) / 60_000);
  t.strictSame(delays(0), [1, 3, 9, 27, 81, 243, 360, 360]);
  t.strictSame(delays(1).slice(0, 2), [1.2, 3.6]);
  const asked = (hours: number) => retryDelayMs({ failures: 1, askedForMs: hours * 3_600_000, random: 0 }) / 3_600_000;
  t.equal(asked(5), 5);
  t.equal(asked(200), 24);
  t.end();
});

test('errors of certificate authorities are turned into advice', (t) => {
  const advice = (details: Omit<AcmeErrorDetails, 'detail'>) =>
    adviceFor(new AcmeError({ detail: 'why', ...details }), Date.UTC(2026, 10, 1));
  const ofName = { domain: NAME, challenge: 'http-01' } as const;
  t.match(
    advice({ kind: 'dns', ...ofName }),
    /^DNS has no address for voice.partyline.test \(why\)\. Create an A record/,
  );
  t.match(
    advice({ kind: 'connection', ...ofName }),
    /^http:\/\/voice.partyline.test\/ cannot be reached.*TCP port 80 /,
  );
  t.match(advice({ kind: 'connection', domain: NAME, challenge: 'tls-alpn-01' }), /^https:.*TCP port 443 /);
  t.match(advice({ kind: 'unauthorized', ...ofName }), /^Something other than this server answers.*all A and AAAA/);
  for (const kind of ['unauthorized', 'malformed', 'tls', 'incorrectResponse', 'connection'])
    for (const detail of [
      'dial tcp 192.0.2.1:80: connect: connection refused',
      'Get "http://voice.partyline.test/": dial tcp 192.0.2.1:80: i/o timeout',
      'Timeout during connect (likely firewall problem)',
      'context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
      'connect: network is unreachable',
      'dial tcp [2001:db8::1]:443: connect: no route to host',
      'read: connection reset by peer',
      'unexpected EOF',
    ])
      t.match(
        adviceFor(new AcmeError({ kind, detail, ...ofName }), Date.UTC(2026, 10, 1)),
        /^http:\/\/voice.partyline.test\/ cannot be reached/,
        `${kind}: ${detail}`,
      );
  t.match(
    adviceFor(
      new AcmeError({ kind: 'unauthorized', detail: 'Invalid response from 192.0.2.1: 404', ...ofName }),
      Date.UTC(2026, 10, 1),
    ),
    /^Something other/,
  );
  t.match(advice({ kind: 'caa', ...ofName }), /CAA record/);
  t.match(advice({ kind: 'rateLimited' }), /You can only wait/);
  t.match(advice({ kind: 'rejectedIdentifier' }), /a public name that you own/);
  t.match(advice({ kind: 'invalidContact' }), /acme-email/);
  t.match(advice({ kind: 'externalAccountRequired' }), /Choose another with acme-directory/);
  t.match(advice({ kind: 'unreachable', code: 'ENOTFOUND' }), /cannot be reached \(why\).*internet connection/);
  t.match(advice({ kind: 'unreachable', code: 'SELF_SIGNED_CERT_IN_CHAIN' }), /acme-ca/);
  t.match(advice({ kind: 'serverInternal' }), /^The certificate authority refused: serverInternal \(why\)\.$/);
  t.end();
});

test('with a wrong clock, the advice is to set it, not to trust another root', (t) => {
  const advice = (code: string, nowMs: number) =>
    adviceFor(new AcmeError({ kind: 'unreachable', detail: 'why', code }), nowMs);
  const now2026 = Date.UTC(2026, 10, 1);
  for (const code of ['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED'])
    t.match(advice(code, now2026), /this machine's clock, 2026-11-01T.*Set the clock/, code);
  for (const code of ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'SELF_SIGNED_CERT_IN_CHAIN', 'CERT_NOT_YET_VALID']) {
    const words = advice(code, Date.UTC(2019, 2, 1));
    t.match(words, /2019-03-01T.*Set the clock/, code);
    t.notMatch(words, /acme-ca/, code);
  }
  t.match(advice('ENOTFOUND', Date.UTC(2019, 2, 1)), /internet connection/);
  t.end();
});

test('another challenge is attempted only where it may help', (t) => {
  const of = (kind: string, challenge?: 'http-01') => isChallengeError(new AcmeError({ kind, detail: '', challenge }));
  t.equal(of('connection', 'http-01'), true);
  t.equal(of('unauthorized', 'http-01'), true);
  for (const kind of ['dns', 'caa', 'rateLimited']) t.equal(of(kind, 'http-01'), false, kind);
  t.equal(of('connection'), false);
  t.end();
});

test('a problem document is read with its kind, in one line', (t) => {
  t.strictSame(problemIn({ type: 'urn:ietf:params:acme:error:dns', detail: 'no\n  address.' }), {
    kind: 'dns',
    detail: 'no address',
  });
  t.strictSame(
    problemIn({
      type: 'urn:ietf:params:acme:error:rejectedIdentifier',
      detail: 'two names',
      subproblems: [{ type: 'x', identifier: { type: 'dns', value: 'a.local' } }, { type: 'y' }],
    }),
    { kind: 'rejectedIdentifier', detail: 'two names', domain: 'a.local' },
  );
  for (const body of ['text', null, {}, { type: 1 }]) t.equal(problemIn(body), undefined);
  t.end();
});

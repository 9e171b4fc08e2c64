import { chmodSync, existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { defaultConfig } from '../../src/config/config.ts';
import { checkClock } from '../../src/main/check/clock.ts';
import { checkDataDirectory } from '../../src/main/check/data-directory.ts';
import { checkHttps } from '../../src/main/check/https.ts';
import { certificateProblem } from '../../src/server/tls/certificate-status.ts';
import { makeSelfSigned } from '../../src/server/tls/self-signed.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const CONFIG = { ...defaultConfig({ cores: 1 }), workers: 1 };
const HOUR_MS = 3_600_000;

test('a clock that cannot be right is reported, and so is one that is behind the dates of existing files', async (t) => {
  const directory = t.testdir();
  const at = (wallMs: number, config: Partial<typeof CONFIG> = {}) =>
    checkClock({ config: { ...CONFIG, ...config }, clock: new FakeClock({ epochMs: wallMs }) });
  t.match(await at(Date.UTC(2019, 2, 1)), { status: 'fail', text: /2019-03-01.*cannot be right.*timedatectl/ });
  t.match(await at(0), { status: 'fail', text: /1970/ });
  const nowMs = Date.UTC(2027, 0, 1);
  t.match(await at(nowMs), { status: 'ok', text: /2027-01-01/ });
  const later = new Date(nowMs + 24 * HOUR_MS);
  utimesSync(directory, later, later);
  t.match(await at(nowMs, { dataDir: directory }), { status: 'warn', text: /was written later, at 2027-01-02/ });
  t.match(await at(nowMs + 24 * HOUR_MS, { dataDir: directory }), { status: 'ok' });
});

test('with a wrong clock, the advice is to fix the clock, not the certificate', async (t) => {
  const madeMs = Date.UTC(2026, 10, 1);
  const directory = t.testdir();
  const [tlsCert, tlsKey] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  const { chainPem, keyPem } = await makeSelfSigned(['localhost'], madeMs);
  writeFileSync(tlsCert, chainPem);
  writeFileSync(tlsKey, keyPem);
  const at = (epochMs: number) =>
    checkHttps({ config: { ...CONFIG, tlsCert, tlsKey }, clock: new FakeClock({ epochMs }) });
  t.match(await at(Date.UTC(2019, 2, 1)), [{ status: 'fail', text: /clock of this machine shows 2019/ }]);
  t.match(await at(Date.UTC(2026, 5, 1)), [{ status: 'fail', text: /valid from 2026-10-31.*Set the clock/ }]);
  t.match(await at(madeMs), [{ status: 'ok' }]);
  const certificate = { names: ['localhost'], notBeforeMs: madeMs, notAfterMs: madeMs + 2400 * HOUR_MS };
  t.match(certificateProblem(certificate, madeMs - 24 * HOUR_MS, ''), {
    code: 'certificate_not_yet_valid',
    message:
      'The certificate of localhost is valid from 2026-11-01, but the clock of this machine shows 2026-10-31. Set the clock.',
  });
  t.equal(certificateProblem(certificate, madeMs, ''), undefined);
});

test('a data directory that cannot be written to is reported before it is needed', async (t) => {
  const directory = t.testdir({ file: 'text', there: {} });
  const check = (dataDir: string, tls: 'self-signed' | 'auto' = 'self-signed') =>
    checkDataDirectory({ config: { ...CONFIG, tls, dataDir }, clock: new FakeClock() });
  t.match(await check(join(directory, 'there')), [{ status: 'ok', text: /is writable/ }]);
  t.strictSame(readdirSync(join(directory, 'there')), [], 'nothing is left behind');
  t.match(await check(join(directory, 'a/b/c')), [{ status: 'ok', text: /can be created/ }]);
  t.equal(existsSync(join(directory, 'a')), false, 'nor created');
  t.match(await check(join(directory, 'file')), [{ status: 'fail', text: /not a directory.*--data-dir/ }]);
  t.match(await check(join(directory, 'file/below')), [{ status: 'fail' }]);
  t.match(await check('/proc/partyline'), [{ status: 'fail' }], 'nothing can be created there');
  if (process.getuid?.() !== 0) {
    const locked = join(directory, 'locked');
    mkdirSync(locked);
    chmodSync(locked, 0o500);
    t.match(await check(locked), [{ status: 'fail', text: /EACCES/ }]);
  }
  const kept = (dataDir: string) =>
    checkDataDirectory({ config: { ...CONFIG, keepState: 'on', dataDir }, clock: new FakeClock() });
  t.match(await kept(join(directory, 'there')), [{ status: 'ok' }, { status: 'ok', text: /keeps 0 rooms and 0 bans/ }]);
  writeFileSync(join(directory, 'there', 'state.json'), '{');
  t.match(await kept(join(directory, 'there')), [{ status: 'ok' }, { status: 'fail', text: /it is not JSON/ }]);
  t.strictSame(await check(join(directory, 'file'), 'auto'), [], 'if nothing is stored, nothing is checked');
});

import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { coversName } from '../../../src/server/tls/certificate.ts';
import { loadCertificate, storeCertificate } from '../../../src/server/tls/certificate-store.ts';
import { makeSelfSigned } from '../../../src/server/tls/self-signed.ts';

test('key and certificate come back as they were stored, readable only by this user', async (t) => {
  const directory = join(t.testdir(), 'data', 'acme');
  const file = join(directory, 'voice.example.org.pem');
  t.equal(await loadCertificate(file), undefined);
  const made = await makeSelfSigned(['voice.example.org'], Date.now());
  await storeCertificate(file, made);
  t.strictSame(await loadCertificate(file), made);
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.equal(statSync(directory).mode & 0o777, 0o700);
  writeFileSync(file, made.chainPem, { mode: 0o644 });
  t.equal(await loadCertificate(file), undefined, 'without its key it is useless');
});

test('a certificate covers its names, and with "*" the names one level below', (t) => {
  const certificate = { names: ['example.org', '*.example.org', '192.0.2.1'] };
  for (const name of ['example.org', 'voice.example.org', '192.0.2.1']) t.ok(coversName(certificate, name), name);
  for (const name of ['a.voice.example.org', 'example.com', '192.0.2.2']) t.notOk(coversName(certificate, name), name);
  t.end();
});

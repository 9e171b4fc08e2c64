import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'tap';
import { createCertificate, fingerprintOf } from '../../../src/rtc/dtls/certificate.ts';

test('the certificate is self-signed on P-256, and identified by its fingerprint', async (t) => {
  const [{ certificatePem, privateKeyPem, fingerprint }, other] = await Promise.all([
    createCertificate(),
    createCertificate(),
  ]);
  const certificate = new X509Certificate(certificatePem);
  t.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  t.ok(certificate.verify(certificate.publicKey));
  t.ok(certificate.checkPrivateKey(createPrivateKey(privateKeyPem)));
  t.same(fingerprint, { algorithm: 'sha-256', value: certificate.fingerprint256 });
  t.not(other.fingerprint.value, fingerprint.value, 'each process has its own');
});

test('a fingerprint is the hash in upper-case hexadecimal with colons (RFC 8122 section 5)', (t) => {
  const der = Buffer.from('any bytes');
  for (const [algorithm, hash] of [
    ['sha-256', 'sha256'],
    ['sha-384', 'sha384'],
    ['sha-512', 'sha512'],
  ] as const) {
    const bytes = createHash(hash).update(der).digest();
    const value = Array.from(bytes, (byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(':');
    t.same(fingerprintOf(der, algorithm), { algorithm, value });
  }
  t.end();
});

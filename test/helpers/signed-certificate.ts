import { type Certificate, readCertificate } from '../../src/server/tls/certificate.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

/** A certificate for these DNS names that another key has signed, as an authority does. */
export async function makeSigned(names: readonly string[], fromMs: number, days = 90): Promise<Certificate> {
  const x509 = await import('@peculiar/x509');
  const [keys, authority] = await Promise.all(
    [0, 1].map(() => crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])),
  );
  const certificate = await x509.X509CertificateGenerator.create({
    publicKey: keys!.publicKey,
    signingKey: authority!.privateKey,
    signingAlgorithm: ALGORITHM,
    subject: `CN=${names[0]}`,
    issuer: 'CN=An authority',
    notBefore: new Date(fromMs),
    notAfter: new Date(fromMs + days * DAY_MS),
    extensions: [new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value })))],
  });
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys!.privateKey));
  const keyPem = `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`;
  return readCertificate({ chainPem: `${certificate.toString('pem')}\n`, keyPem });
}

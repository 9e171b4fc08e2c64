/** The certificate of this server's DTLS handshakes: one per process, self-signed, identified by its fingerprint. */
import { createHash, X509Certificate } from 'node:crypto';
import { CipherContext, HashAlgorithm, NamedCurveAlgorithm, SignatureAlgorithm } from 'werift';

/** RFC 8122 section 5; the hash functions that browsers use, by their names in SDP. */
export type FingerprintHash = 'sha-256' | 'sha-384' | 'sha-512';

export interface Fingerprint {
  readonly algorithm: FingerprintHash;
  /** Upper-case hexadecimal bytes with colons between them. */
  readonly value: string;
}

export interface DtlsCertificate {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly fingerprint: Fingerprint;
}

/**
 * Creates a P-256 key and a certificate signed with ECDSA and SHA-256, which RFC 8827 section 6.5 requires everyone to
 * support.
 */
export async function createCertificate(): Promise<DtlsCertificate> {
  const { certPem, keyPem } = await CipherContext.createSelfSignedCertificateWithKey(
    { hash: HashAlgorithm.sha256_4, signature: SignatureAlgorithm.ecdsa_3 },
    NamedCurveAlgorithm.secp256r1_23,
  );
  return {
    certificatePem: certPem,
    privateKeyPem: keyPem,
    fingerprint: fingerprintOf(new X509Certificate(certPem).raw, 'sha-256'),
  };
}

/** The fingerprint of a DER certificate. */
export function fingerprintOf(der: Uint8Array, algorithm: FingerprintHash): Fingerprint {
  const hex = createHash(algorithm.replace('-', '')).update(der).digest('hex').toUpperCase();
  return { algorithm, value: hex.replace(/(?<=^(?:..)+)(?=.)/g, ':') };
}

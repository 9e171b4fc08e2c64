/** Verifies that the peer of a DTLS handshake is the author of the session description. */
import { constants, createHash, createHmac, createVerify, timingSafeEqual, verify, X509Certificate } from 'node:crypto';
import { type Fingerprint, fingerprintOf } from './certificate.ts';

/** The data of a completed handshake. */
export interface HandshakeEvidence {
  /** The peer's certificate in DER. */
  readonly certificate: Uint8Array;
  /** Body of its CertificateVerify. */
  readonly certificateVerify: Uint8Array;
  /** `verify_data` of its Finished. */
  readonly finished: Uint8Array;
  /** All handshake messages from the ClientHello with the cookie up to CertificateVerify, without it. */
  readonly beforeCertificateVerify: Uint8Array;
  /** The same with CertificateVerify. */
  readonly beforeFinished: Uint8Array;
  readonly masterSecret: Uint8Array;
}

interface SignatureScheme {
  readonly hash: string;
  readonly keyType: 'rsa' | 'ec' | 'ed25519';
  readonly pss?: true;
}

/** RFC 8446 section 4.2.3, which keeps the values of RFC 5246. SHA-1 is not among them (RFC 9155). */
export const SIGNATURE_SCHEMES: ReadonlyMap<number, SignatureScheme> = new Map<number, SignatureScheme>([
  [0x0401, { hash: 'sha256', keyType: 'rsa' }],
  [0x0501, { hash: 'sha384', keyType: 'rsa' }],
  [0x0601, { hash: 'sha512', keyType: 'rsa' }],
  [0x0403, { hash: 'sha256', keyType: 'ec' }],
  [0x0503, { hash: 'sha384', keyType: 'ec' }],
  [0x0603, { hash: 'sha512', keyType: 'ec' }],
  [0x0804, { hash: 'sha256', keyType: 'rsa', pss: true }],
  [0x0805, { hash: 'sha384', keyType: 'rsa', pss: true }],
  [0x0806, { hash: 'sha512', keyType: 'rsa', pss: true }],
  [0x0807, { hash: '', keyType: 'ed25519' }],
]);

const VERIFY_DATA_LENGTH = 12;

/**
 * Null if the peer matches one of the fingerprints, holds the private key, and saw the same handshake; otherwise what
 * is wrong, for the log. Never throws.
 */
export function findImpostor(evidence: HandshakeEvidence, fingerprints: readonly Fingerprint[]): string | null {
  const isNamed = ({ algorithm, value }: Fingerprint) => fingerprintOf(evidence.certificate, algorithm).value === value;
  if (!fingerprints.some(isNamed)) {
    return 'the certificate does not match the fingerprint in the session description';
  }
  if (!isSignedByPeer(evidence)) return 'the handshake signature is invalid';
  if (!isFinishedRight(evidence)) return "the peer's Finished message does not match the handshake";
  return null;
}

/** RFC 5246 section 7.4.8 */
function isSignedByPeer({ certificate, certificateVerify, beforeCertificateVerify }: HandshakeEvidence): boolean {
  const body = Buffer.from(certificateVerify);
  if (body.length < 4 || body.readUInt16BE(2) !== body.length - 4) return false;
  const scheme = SIGNATURE_SCHEMES.get(body.readUInt16BE(0));
  if (scheme === undefined) return false;
  const signature = body.subarray(4);
  try {
    const key = new X509Certificate(certificate).publicKey;
    if (key.asymmetricKeyType !== scheme.keyType) return false;
    if (scheme.keyType === 'ed25519') return verify(null, beforeCertificateVerify, key, signature);
    const verifier = createVerify(scheme.hash).update(beforeCertificateVerify);
    if (scheme.pss !== true) return verifier.verify(key, signature);
    const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants;
    return verifier.verify({ key, padding, saltLength }, signature);
  } catch {
    return false;
  }
}

/** RFC 5246 section 7.4.9 with the PRF of section 5; all our cipher suites hash with SHA-256. */
function isFinishedRight({ finished, beforeFinished, masterSecret }: HandshakeEvidence): boolean {
  const hash = createHash('sha256').update(beforeFinished).digest();
  const seed = Buffer.concat([Buffer.from('client finished'), hash]);
  const first = createHmac('sha256', masterSecret).update(seed).digest();
  const expected = createHmac('sha256', masterSecret)
    .update(first)
    .update(seed)
    .digest()
    .subarray(0, VERIFY_DATA_LENGTH);
  return finished.length === VERIFY_DATA_LENGTH && timingSafeEqual(finished, expected);
}

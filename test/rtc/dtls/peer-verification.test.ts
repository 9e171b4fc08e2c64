import {
  constants,
  createHash,
  createHmac,
  createPrivateKey,
  type KeyObject,
  type SignKeyObjectInput,
  sign,
  type webcrypto,
  X509Certificate,
} from 'node:crypto';
import { X509CertificateGenerator } from '@peculiar/x509';
import { test } from 'tap';
import { type Fingerprint, fingerprintOf } from '../../../src/rtc/dtls/certificate.ts';
import { findImpostor, type HandshakeEvidence, SIGNATURE_SCHEMES } from '../../../src/rtc/dtls/peer-verification.ts';
import { createBytes } from '../bytes.ts';

const bytes = createBytes(12);
const { RSA_PKCS1_PSS_PADDING: PSS, RSA_PSS_SALTLEN_DIGEST: DIGEST_LENGTH } = constants;

interface Identity {
  readonly der: Buffer;
  readonly privateKey: KeyObject;
}

const RSA = { publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2048, hash: 'SHA-256' };

async function createIdentity(algorithm: { name: string; namedCurve?: string; hash?: string }): Promise<Identity> {
  const keys = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const { rawData } = await X509CertificateGenerator.createSelfSigned({ keys, signingAlgorithm: algorithm });
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey));
  return { der: Buffer.from(rawData), privateKey: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }) };
}

const IDENTITIES = {
  rsa: await createIdentity({ name: 'RSASSA-PKCS1-v1_5', ...RSA }),
  ec: await createIdentity({ name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }),
  ed25519: await createIdentity({ name: 'Ed25519' }),
};

interface Scheme {
  readonly id: number;
  readonly identity: Identity;
  readonly hash: string | null;
  readonly options?: Partial<SignKeyObjectInput>;
}

/** RFC 8446 section 4.2.3: RSASSA-PKCS1-v1_5, ECDSA, RSASSA-PSS and EdDSA. */
const SCHEMES: readonly Scheme[] = [
  { id: 0x0401, identity: IDENTITIES.rsa, hash: 'sha256' },
  { id: 0x0501, identity: IDENTITIES.rsa, hash: 'sha384' },
  { id: 0x0601, identity: IDENTITIES.rsa, hash: 'sha512' },
  { id: 0x0403, identity: IDENTITIES.ec, hash: 'sha256' },
  { id: 0x0503, identity: IDENTITIES.ec, hash: 'sha384' },
  { id: 0x0603, identity: IDENTITIES.ec, hash: 'sha512' },
  { id: 0x0804, identity: IDENTITIES.rsa, hash: 'sha256', options: { padding: PSS, saltLength: DIGEST_LENGTH } },
  { id: 0x0805, identity: IDENTITIES.rsa, hash: 'sha384', options: { padding: PSS, saltLength: DIGEST_LENGTH } },
  { id: 0x0806, identity: IDENTITIES.rsa, hash: 'sha512', options: { padding: PSS, saltLength: DIGEST_LENGTH } },
  { id: 0x0807, identity: IDENTITIES.ed25519, hash: null },
];
const ECDSA = SCHEMES.find(({ id }) => id === 0x0403)!;

/** The PRF of TLS 1.2 (RFC 5246 section 5). */
function prf(secret: Uint8Array, label: string, seed: Uint8Array, length: number): Buffer {
  const labelAndSeed = Buffer.concat([Buffer.from(label), seed]);
  const hmac = (data: Uint8Array) => createHmac('sha256', secret).update(data).digest();
  const blocks: Buffer[] = [];
  for (let a = hmac(labelAndSeed); blocks.length * 32 < length; a = hmac(a)) {
    blocks.push(hmac(Buffer.concat([a, labelAndSeed])));
  }
  return Buffer.concat(blocks).subarray(0, length);
}

/** What a genuine peer leaves behind. */
function evidenceOf({
  id,
  identity,
  hash,
  options,
}: Scheme): HandshakeEvidence & { readonly fingerprint: Fingerprint } {
  const beforeCertificateVerify = bytes(300);
  const signature = sign(hash, beforeCertificateVerify, { key: identity.privateKey, ...options });
  const certificateVerify = Buffer.alloc(4 + signature.length);
  certificateVerify.writeUInt16BE(id, 0);
  certificateVerify.writeUInt16BE(signature.length, 2);
  certificateVerify.set(signature, 4);
  const beforeFinished = Buffer.concat([beforeCertificateVerify, certificateVerify]);
  const masterSecret = bytes(48);
  const seen = createHash('sha256').update(beforeFinished).digest();
  return {
    certificate: identity.der,
    certificateVerify,
    finished: prf(masterSecret, 'client finished', seen, 12),
    beforeCertificateVerify,
    beforeFinished,
    masterSecret,
    fingerprint: fingerprintOf(identity.der, 'sha-256'),
  };
}

for (const scheme of SCHEMES) {
  test(`a peer that signs by scheme 0x${scheme.id.toString(16)} is authenticated`, (t) => {
    const evidence = evidenceOf(scheme);
    t.equal(findImpostor(evidence, [evidence.fingerprint]), null);
    const { certificateVerify } = evidence;
    for (let at = 0; at < certificateVerify.length; at += at < 8 ? 1 : 31) {
      const other = Buffer.from(certificateVerify);
      other[at]! ^= 1;
      t.match(findImpostor({ ...evidence, certificateVerify: other }, [evidence.fingerprint]), /signature/, `${at}`);
    }
    t.end();
  });
}

test('these schemes are verified and no others', (t) => {
  t.same([...SIGNATURE_SCHEMES.keys()].sort(), SCHEMES.map(({ id }) => id).sort());
  const evidence = evidenceOf(ECDSA);
  for (const id of [0x0203, 0x0201, 0x0000, 0x0804, 0x0807]) {
    const certificateVerify = Buffer.from(evidence.certificateVerify);
    certificateVerify.writeUInt16BE(id);
    t.match(findImpostor({ ...evidence, certificateVerify }, [evidence.fingerprint]), /signature/);
  }
  t.end();
});

test('the salt of a PSS signature is as long as its hash (RFC 8446 section 4.2.3)', (t) => {
  const pss = SCHEMES.find(({ id }) => id === 0x0804)!;
  for (const saltLength of [0, 20, 33]) {
    const evidence = evidenceOf({ ...pss, options: { padding: PSS, saltLength } });
    t.match(findImpostor(evidence, [evidence.fingerprint]), /signature/);
  }
  t.end();
});

test('a certificate has to match one of the fingerprints, by any of the hash functions', (t) => {
  const evidence = evidenceOf(ECDSA);
  const { raw } = new X509Certificate(evidence.certificate);
  const wrong = fingerprintOf(Buffer.from('another'), 'sha-256');
  for (const algorithm of ['sha-256', 'sha-384', 'sha-512'] as const) {
    t.equal(findImpostor(evidence, [wrong, fingerprintOf(raw, algorithm), wrong]), null);
    t.match(findImpostor(evidence, [{ algorithm, value: wrong.value }]), /certificate/);
  }
  t.match(findImpostor(evidence, []), /certificate/);
  t.match(findImpostor(evidence, [wrong]), /certificate/);
  t.end();
});

test('a CertificateVerify of the wrong length is not a signature', (t) => {
  const evidence = evidenceOf(ECDSA);
  const whole = evidence.certificateVerify;
  const { fingerprint } = evidence;
  for (const certificateVerify of [
    ...Array.from({ length: whole.length }, (_, length) => whole.subarray(0, length)),
    Buffer.concat([whole, Buffer.alloc(1)]),
  ]) {
    t.match(findImpostor({ ...evidence, certificateVerify }, [fingerprint]), /signature/);
  }
  t.end();
});

test('a signature covers the messages before it', (t) => {
  const evidence = evidenceOf(ECDSA);
  const beforeCertificateVerify = Buffer.from(evidence.beforeCertificateVerify);
  beforeCertificateVerify[200]! ^= 1;
  t.match(findImpostor({ ...evidence, beforeCertificateVerify }, [evidence.fingerprint]), /signature/);
  t.end();
});

test('a malformed certificate is refused without a throw', (t) => {
  const evidence = evidenceOf(ECDSA);
  for (const certificate of [bytes(200), Buffer.alloc(0), evidence.certificate.subarray(0, 100)]) {
    const fingerprint = fingerprintOf(certificate, 'sha-256');
    t.match(findImpostor({ ...evidence, certificate }, [fingerprint]), /signature/);
  }
  t.end();
});

test('a Finished has to belong to this handshake, with these keys', (t) => {
  const evidence = evidenceOf(ECDSA);
  const { finished, masterSecret, beforeFinished, fingerprint } = evidence;
  const changed = (buffer: Uint8Array, at: number) => {
    const copy = Buffer.from(buffer);
    copy[at]! ^= 0x80;
    return copy;
  };
  for (let at = 0; at < 12; at++) {
    t.match(findImpostor({ ...evidence, finished: changed(finished, at) }, [fingerprint]), /Finished/);
  }
  for (const wrong of [
    { finished: finished.subarray(0, 11) },
    { finished: Buffer.concat([finished, Buffer.alloc(1)]) },
    { finished: Buffer.alloc(0) },
    { masterSecret: changed(masterSecret, 47) },
    { beforeFinished: changed(beforeFinished, 0) },
  ]) {
    t.match(findImpostor({ ...evidence, ...wrong }, [fingerprint]), /Finished/);
  }
  t.end();
});

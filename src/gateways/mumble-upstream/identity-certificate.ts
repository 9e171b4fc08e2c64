/**
 * Certificates by which another Mumble server knows the people of this one. Each is made anew from a secret of this
 * server and the identity of the person, and is always the same, byte for byte, because its hash is the identity there.
 * So nothing here may ever change, and no library writes it.
 */
import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject, sign } from 'node:crypto';

export interface ClientCertificate {
  /** Both PEM. */
  readonly cert: string;
  readonly key: string;
}

const SEED_BYTES = 32;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OBJECT = 0x06;
const UTF8 = 0x0c;
const UTC_TIME = 0x17;
const SEQUENCE = 0x30;
const SET = 0x31;
const EXPLICIT_0 = 0xa0;
/** 1.3.101.112 (RFC 8410). */
const ED25519 = der(SEQUENCE, der(OBJECT, Uint8Array.of(0x2b, 0x65, 0x70)));
/** 2.5.4.3 */
const COMMON_NAME = der(OBJECT, Uint8Array.of(0x55, 0x04, 0x03));
const NAME = der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8, Buffer.from('Partyline')))));
const VALID = der(SEQUENCE, der(UTC_TIME, Buffer.from('200101000000Z')), der(UTC_TIME, Buffer.from('491231235959Z')));
/** What comes before the 32 bytes of a private key in PKCS #8 (RFC 8410 section 7). */
const PKCS8_START = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The same for the same secret and identity, always. */
export function identityCertificate(secret: Uint8Array, identity: string): ClientCertificate {
  const seed = Buffer.from(hkdfSync('sha256', secret, '', `mumble client ${identity}`, SEED_BYTES));
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_START, seed]), format: 'der', type: 'pkcs8' });
  return { cert: pem('CERTIFICATE', certificate(key)), key: key.export({ format: 'pem', type: 'pkcs8' }).toString() };
}

/** X.509 version 3 without extensions; Ed25519 signs the same bytes the same way each time. */
function certificate(key: KeyObject): Uint8Array {
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const version = der(EXPLICIT_0, der(INTEGER, Uint8Array.of(2)));
  const serial = der(INTEGER, Uint8Array.of(1));
  const signed = der(SEQUENCE, version, serial, ED25519, NAME, VALID, NAME, publicKey);
  return der(SEQUENCE, signed, ED25519, der(BIT_STRING, Uint8Array.of(0), sign(null, signed, key)));
}

function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  return Buffer.concat([Uint8Array.of(tag, ...lengthOf(content.length)), content]);
}

/** Of at most 65535 bytes. */
function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

function pem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/**
 * What a ClientHello must offer for a handshake with this server to succeed (RFC 5246 section 7.4.1.2), so that others
 * are refused at once.
 */
import { readUint16 } from '../../lib/bytes.ts';
import { USE_SRTP_PROFILES } from './use-srtp.ts';

/** RFC 5246 section 7.2. */
export const REFUSAL_ALERT = { handshakeFailure: 40, decodeError: 50, protocolVersion: 70 } as const;

export interface HelloRefusal {
  readonly alert: number;
  /** For the log. */
  readonly reason: string;
}

const DTLS_1_2 = 0xfefd;
/** TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, which RFC 8827 section 6.5 requires everyone to support. */
const CIPHER_SUITE = 0xc02b;
const EXTENSION = {
  supportedGroups: 10,
  signatureAlgorithms: 13,
  useSrtp: 14,
  extendedMasterSecret: 23,
} as const;
/** secp256r1 and x25519 (RFC 8422 section 5.1.1). */
const GROUPS: readonly number[] = [23, 29];
/** ecdsa_secp256r1_sha256, with which this server signs. */
const SIGNATURE = 0x0403;
const RANDOM = 32;

/**
 * Why no handshake can follow from this ClientHello; null if one can. `body` is the message without its handshake
 * header.
 */
export function refusalOf(body: Uint8Array): HelloRefusal | null {
  const hello = readHello(body);
  if (hello === null) return { alert: REFUSAL_ALERT.decodeError, reason: 'the ClientHello is not well-formed' };
  const { version, suites, extensions } = hello;
  // DTLS counts versions downwards (RFC 6347 section 4.1).
  if (version > DTLS_1_2) return { alert: REFUSAL_ALERT.protocolVersion, reason: 'the peer does not support DTLS 1.2' };
  const groups = extensions.get(EXTENSION.supportedGroups);
  const signatures = extensions.get(EXTENSION.signatureAlgorithms);
  const profiles = extensions.get(EXTENSION.useSrtp);
  const missing = !suites.includes(CIPHER_SUITE)
    ? 'cipher suite'
    : groups !== undefined && !listOf(groups).some((group) => GROUPS.includes(group))
      ? 'curve'
      : signatures !== undefined && !listOf(signatures).includes(SIGNATURE)
        ? 'signature algorithm'
        : profiles === undefined || !listOf(profiles).some(isKnownProfile)
          ? 'SRTP protection profile'
          : null;
  if (missing !== null) return { alert: REFUSAL_ALERT.handshakeFailure, reason: `no common ${missing}` };
  // RFC 7627 section 5.3: without it the keys would not be bound to this handshake.
  if (!extensions.has(EXTENSION.extendedMasterSecret)) {
    return { alert: REFUSAL_ALERT.handshakeFailure, reason: 'the peer does not support the extended master secret' };
  }
  return null;
}

interface Hello {
  readonly version: number;
  readonly suites: readonly number[];
  /** The content of each, by its type. */
  readonly extensions: ReadonlyMap<number, Uint8Array>;
}

/** The cookie of a ClientHello that is not refused (RFC 6347 section 4.2.1); empty in the first one. */
export function cookieOf(body: Uint8Array): Uint8Array {
  const cookieAt = shortVectorEnd(body, 2 + RANDOM);
  return body.subarray(cookieAt + 1, shortVectorEnd(body, cookieAt));
}

/** Where a vector that begins at `at` with its length, one byte, ends. */
function shortVectorEnd(body: Uint8Array, at: number): number {
  return at + 1 + (body[at] ?? 0);
}

/** A length that is cut off reads as 0, and what follows it still ends beyond the body. */
function readHello(body: Uint8Array): Hello | null {
  // Behind version, random, session id and cookie.
  const suitesAt = shortVectorEnd(body, shortVectorEnd(body, 2 + RANDOM));
  const compressionAt = suitesAt + 2 + readUint16(body, suitesAt);
  const extensionsAt = shortVectorEnd(body, compressionAt);
  if (extensionsAt > body.length) return null;
  const extensions = new Map<number, Uint8Array>();
  const hello = { version: readUint16(body, 0), suites: listOf(body.subarray(suitesAt, compressionAt)), extensions };
  // There may be none at all.
  if (extensionsAt === body.length) return hello;
  if (extensionsAt + 2 + readUint16(body, extensionsAt) !== body.length) return null;
  for (let at = extensionsAt + 2; at < body.length; ) {
    const end = at + 4 + readUint16(body, at + 2);
    if (end > body.length) return null;
    extensions.set(readUint16(body, at), body.subarray(at + 4, end));
    at = end;
  }
  return hello;
}

/** The 16-bit values of a list with a length prefix; ignores what is cut off. */
function listOf(bytes: Uint8Array): number[] {
  if (bytes.length < 2) return [];
  const end = Math.min(bytes.length, 2 + readUint16(bytes, 0));
  return Array.from({ length: (end - 2) >> 1 }, (_, i) => readUint16(bytes, 2 + 2 * i));
}

function isKnownProfile(profile: number): boolean {
  return Object.values(USE_SRTP_PROFILES).some(({ id }) => id === profile);
}

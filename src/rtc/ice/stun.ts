/**
 * STUN binding requests and responses (RFC 8489) with the attributes of ICE (RFC 8445 section 16.1). Strict: a message
 * must be well-formed to the last byte. Parsing never throws.
 */
import { timingSafeEqual } from 'node:crypto';
import { readUint16, readUint32, writeUint16 } from '../../lib/bytes.ts';
import { crc32 } from '../../lib/crc.ts';
import { HmacSha1 } from '../../lib/hmac-sha1.ts';
import { bytesToIp } from '../../lib/net/ip-address.ts';

export const STUN_MAGIC_COOKIE = 0x2112a442;
export const STUN_HEADER_LENGTH = 20;
export const STUN_TRANSACTION_ID_LENGTH = 12;

/** RFC 8489 section 14 and RFC 8445 section 16.1. */
export const ATTRIBUTE = {
  MAPPED_ADDRESS: 0x0001,
  USERNAME: 0x0006,
  MESSAGE_INTEGRITY: 0x0008,
  ERROR_CODE: 0x0009,
  UNKNOWN_ATTRIBUTES: 0x000a,
  REALM: 0x0014,
  NONCE: 0x0015,
  MESSAGE_INTEGRITY_SHA256: 0x001c,
  PASSWORD_ALGORITHM: 0x001d,
  USERHASH: 0x001e,
  XOR_MAPPED_ADDRESS: 0x0020,
  PRIORITY: 0x0024,
  USE_CANDIDATE: 0x0025,
  FINGERPRINT: 0x8028,
  ICE_CONTROLLED: 0x8029,
  ICE_CONTROLLING: 0x802a,
} as const;

/** Method "binding" with each class (RFC 8489 section 5). */
export const MESSAGE_TYPE = { request: 0x0001, indication: 0x0011, success: 0x0101, error: 0x0111 } as const;

export type StunClass = keyof typeof MESSAGE_TYPE;

const INTEGRITY_LENGTH = 20;
/** RFC 8489 section 14.3: USERNAME is shorter than 509 bytes; one of ICE is at most 513 (RFC 8445 section 16.1). */
const MAX_USERNAME = 513;
const MAX_UNKNOWN = 8;
const FINGERPRINT_MASK = 0x5354554e;
const CLASS_OF = new Map<number, StunClass>([
  [MESSAGE_TYPE.request, 'request'],
  [MESSAGE_TYPE.indication, 'indication'],
  [MESSAGE_TYPE.success, 'success'],
  [MESSAGE_TYPE.error, 'error'],
]);

const REQUIRED_BUT_UNUSED: ReadonlySet<number> = new Set([
  ATTRIBUTE.MAPPED_ADDRESS,
  ATTRIBUTE.UNKNOWN_ATTRIBUTES,
  ATTRIBUTE.REALM,
  ATTRIBUTE.NONCE,
  ATTRIBUTE.MESSAGE_INTEGRITY_SHA256,
  ATTRIBUTE.PASSWORD_ALGORITHM,
  ATTRIBUTE.USERHASH,
]);

export interface StunAddress {
  readonly address: string;
  readonly port: number;
}

/** A parsed message whose integrity is not verified yet: see `verifyStunIntegrity`. */
export interface StunMessage {
  readonly class: StunClass;
  /** 12 bytes, a view into the datagram. */
  readonly transactionId: Uint8Array;
  username: string | null;
  priority: number | null;
  useCandidate: boolean;
  role: 'controlling' | 'controlled' | null;
  xorMappedAddress: StunAddress | null;
  errorCode: number | null;
  /** Unknown types below 0x8000, for which a request is refused (error 420). At most eight are kept. */
  readonly unknownRequired: number[];
  /** Where MESSAGE-INTEGRITY starts, or null without it. */
  integrityAt: number | null;
  /** Whether there is a FINGERPRINT; a wrong one invalidates the whole message. */
  hasFingerprint: boolean;
}

/** Parses a binding message; null for anything else. */
export function parseStun(datagram: Uint8Array): StunMessage | null {
  const length = datagram.length;
  // Attributes are padded, so that there is always a whole header of one where another begins.
  if (length < STUN_HEADER_LENGTH || length % 4 !== 0) return null;
  const messageClass = CLASS_OF.get(readUint16(datagram, 0));
  if (messageClass === undefined || readUint16(datagram, 2) !== length - STUN_HEADER_LENGTH) return null;
  if (readUint32(datagram, 4) !== STUN_MAGIC_COOKIE) return null;
  const message: StunMessage = {
    class: messageClass,
    transactionId: datagram.subarray(8, STUN_HEADER_LENGTH),
    username: null,
    priority: null,
    useCandidate: false,
    role: null,
    xorMappedAddress: null,
    errorCode: null,
    unknownRequired: [],
    integrityAt: null,
    hasFingerprint: false,
  };
  let at = STUN_HEADER_LENGTH;
  while (at < length) {
    // Nothing follows FINGERPRINT (section 14.7).
    if (message.hasFingerprint) return null;
    const type = readUint16(datagram, at);
    const size = readUint16(datagram, at + 2);
    const value = at + 4;
    const next = value + ((size + 3) & ~3);
    if (next > length) return null;
    if (!readAttribute(message, datagram, type, at, value, size)) return null;
    at = next;
  }
  return message;
}

/** False if the attribute is malformed. The first of several with one type counts (section 14). */
function readAttribute(
  message: StunMessage,
  datagram: Uint8Array,
  type: number,
  at: number,
  value: number,
  size: number,
): boolean {
  if (type === ATTRIBUTE.FINGERPRINT) {
    if (size !== 4) return false;
    message.hasFingerprint = true;
    return readUint32(datagram, value) === (crc32(datagram, at) ^ FINGERPRINT_MASK) >>> 0;
  }
  // Attributes after the integrity are not protected and are ignored (section 14.5).
  if (message.integrityAt !== null) return true;
  switch (type) {
    case ATTRIBUTE.MESSAGE_INTEGRITY:
      message.integrityAt = at;
      return size === INTEGRITY_LENGTH;
    case ATTRIBUTE.USERNAME:
      if (size > MAX_USERNAME) return false;
      message.username ??= Buffer.from(datagram.buffer, datagram.byteOffset + value, size).toString('latin1');
      return true;
    case ATTRIBUTE.PRIORITY:
      if (size !== 4) return false;
      message.priority ??= readUint32(datagram, value);
      return true;
    case ATTRIBUTE.USE_CANDIDATE:
      message.useCandidate = true;
      return size === 0;
    case ATTRIBUTE.ICE_CONTROLLING:
      message.role ??= 'controlling';
      return size === 8;
    case ATTRIBUTE.ICE_CONTROLLED:
      message.role ??= 'controlled';
      return size === 8;
    case ATTRIBUTE.XOR_MAPPED_ADDRESS:
      message.xorMappedAddress ??= readXorAddress(datagram, value, size);
      return message.xorMappedAddress !== null;
    case ATTRIBUTE.ERROR_CODE: {
      if (size < 4) return false;
      const hundreds = datagram[value + 2]! & 7;
      const rest = datagram[value + 3]!;
      if (hundreds < 3 || hundreds > 6 || rest > 99) return false;
      message.errorCode ??= hundreds * 100 + rest;
      return true;
    }
    default:
      if (type < 0x8000 && !REQUIRED_BUT_UNUSED.has(type) && message.unknownRequired.length < MAX_UNKNOWN) {
        message.unknownRequired.push(type);
      }
      return true;
  }
}

/** Section 14.2: family, then port and address masked with the magic cookie and the transaction id. */
function readXorAddress(datagram: Uint8Array, value: number, size: number): StunAddress | null {
  const bytes = size - 4;
  if (bytes !== 4 && bytes !== 16) return null;
  if (datagram[value + 1] !== (bytes === 4 ? 1 : 2)) return null;
  const address = new Uint8Array(bytes);
  // Cookie and transaction id are adjacent in the header, at 4.
  for (let i = 0; i < bytes; i++) address[i] = datagram[value + 4 + i]! ^ datagram[4 + i]!;
  return { address: bytesToIp(address), port: readUint16(datagram, value + 2) ^ (STUN_MAGIC_COOKIE >>> 16) };
}

/**
 * The ufrag of the agent that a request is for: USERNAME is `its own:the other's` (RFC 8445 section 7.2.2). Null
 * without a USERNAME.
 */
export function localUfragOf({ username }: StunMessage): string | null {
  return username?.split(':', 1)[0] ?? null;
}

/**
 * The key of a MESSAGE-INTEGRITY; for ICE the password of the answering agent. Keep the HMAC if you need it more than
 * once.
 */
export type StunKey = HmacSha1 | Uint8Array | string;

/** Whether the message carries a MESSAGE-INTEGRITY made with `key`. */
export function verifyStunIntegrity(datagram: Uint8Array, message: StunMessage, key: StunKey): boolean {
  if (message.integrityAt === null) return false;
  const value = message.integrityAt + 4;
  return timingSafeEqual(
    stunIntegrity(datagram, message.integrityAt, key),
    datagram.subarray(value, value + INTEGRITY_LENGTH),
  );
}

/**
 * HMAC-SHA1 of the message up to `at`, with the length field as if the message ended after the integrity (section
 * 14.5).
 */
export function stunIntegrity(message: Uint8Array, at: number, key: StunKey): Buffer {
  const hmac = key instanceof HmacSha1 ? key : new HmacSha1(Buffer.from(key));
  const length = readUint16(message, 2);
  writeUint16(message, 2, at - STUN_HEADER_LENGTH + 4 + INTEGRITY_LENGTH);
  const words = hmac.digest(message, at);
  writeUint16(message, 2, length);
  const integrity = Buffer.allocUnsafe(INTEGRITY_LENGTH);
  for (let i = 0; i < words.length; i++) integrity.writeInt32BE(words[i]!, i * 4);
  return integrity;
}

/** The value of FINGERPRINT for the first `length` bytes, whose length field must already count the attribute. */
export function stunFingerprint(message: Uint8Array, length: number): number {
  return (crc32(message, length) ^ FINGERPRINT_MASK) >>> 0;
}

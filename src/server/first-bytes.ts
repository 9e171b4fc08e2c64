import { localUfragOf, parseStun, STUN_HEADER_LENGTH } from '../rtc/ice/stun.ts';

/** The protocol of a connection, from its first bytes. */
export type Beginning =
  /** Not known yet. */
  | { readonly kind: 'open' }
  | { readonly kind: 'tls' }
  | { readonly kind: 'http' }
  /** ICE over TCP: a STUN request for this ufrag. */
  | { readonly kind: 'media'; readonly localUfrag: string }
  | { readonly kind: 'unknown' };

const OPEN: Beginning = { kind: 'open' };
const TLS: Beginning = { kind: 'tls' };
const HTTP: Beginning = { kind: 'http' };
const UNKNOWN: Beginning = { kind: 'unknown' };

/** RFC 8446 section 5.1: the record type that contains a ClientHello. */
const TLS_HANDSHAKE = 0x16;
/** RFC 4571 section 2: the length field of a frame. */
const FRAME_HEADER_LENGTH = 2;
/** Browsers' checks have about 120 bytes. Above this limit, the first byte of the length would exceed 3. */
const MAX_FIRST_FRAME = 0x3ff;
/** RFC 8489 section 5, at its offset in a frame: binding request, then two bytes of length, then the magic cookie. */
const STUN_BEGINNING: readonly (readonly [at: number, byte: number])[] = [
  [2, 0x00],
  [3, 0x01],
  [6, 0x21],
  [7, 0x12],
  [8, 0xa4],
  [9, 0x42],
];

/** No more bytes are ever needed to decide. */
export const MAX_BEGINNING = FRAME_HEADER_LENGTH + MAX_FIRST_FRAME;

/**
 * Examines the first bytes of a connection, all that have arrived so far. The first byte distinguishes TLS (0x16), HTTP
 * methods (capital letters) and the length of a frame with a STUN request (0 to 3). A STUN request is needed in full.
 */
export function beginningOf(bytes: Buffer): Beginning {
  const [first] = bytes;
  if (first === undefined) return OPEN;
  if (first === TLS_HANDSHAKE) return TLS;
  if (first >= 0x41 && first <= 0x5a) return HTTP;
  if (first > MAX_FIRST_FRAME >> 8) return UNKNOWN;
  for (const [at, byte] of STUN_BEGINNING) if (at < bytes.length && bytes[at] !== byte) return UNKNOWN;
  if (bytes.length < FRAME_HEADER_LENGTH) return OPEN;
  const length = bytes.readUInt16BE();
  if (length < STUN_HEADER_LENGTH) return UNKNOWN;
  if (bytes.length < FRAME_HEADER_LENGTH + length) return OPEN;
  const message = parseStun(bytes.subarray(FRAME_HEADER_LENGTH, FRAME_HEADER_LENGTH + length));
  const localUfrag = message === null ? null : localUfragOf(message);
  return localUfrag === null ? UNKNOWN : { kind: 'media', localUfrag };
}

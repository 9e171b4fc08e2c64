import { localUfragOf, parseStun, STUN_HEADER_LENGTH } from '../rtc/ice/stun.ts';

/** What a connection is for, by the bytes that it begins with. */
export type Beginning =
  /** Not known yet. */
  | { readonly kind: 'open' }
  | { readonly kind: 'tls' }
  | { readonly kind: 'http' }
  /** ICE over TCP: a STUN request to this ufrag. */
  | { readonly kind: 'media'; readonly localUfrag: string }
  | { readonly kind: 'unknown' };

const OPEN: Beginning = { kind: 'open' };
const TLS: Beginning = { kind: 'tls' };
const HTTP: Beginning = { kind: 'http' };
const UNKNOWN: Beginning = { kind: 'unknown' };

/** RFC 8446 section 5.1: the type of a record that holds a ClientHello. */
const TLS_HANDSHAKE = 0x16;
/** RFC 4571 section 2: the length of the frame. */
const FRAME_HEADER_LENGTH = 2;
/** Checks of browsers have about 120 bytes. Above this, the first byte of the length would be higher than 3. */
const MAX_FIRST_FRAME = 0x3ff;
/** RFC 8489 section 5, at its place in a frame: binding request, then two bytes of length, then the magic cookie. */
const STUN_BEGINNING: readonly (readonly [at: number, byte: number])[] = [
  [2, 0x00],
  [3, 0x01],
  [6, 0x21],
  [7, 0x12],
  [8, 0xa4],
  [9, 0x42],
];

/** More is never needed to tell. */
export const MAX_BEGINNING = FRAME_HEADER_LENGTH + MAX_FIRST_FRAME;

/**
 * Looks at the first bytes of a connection, all that have come so far. The first one separates TLS (0x16), methods of HTTP (capital letters) and
 * the length of a frame with a STUN request (0 to 3); of the last the whole frame is needed.
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

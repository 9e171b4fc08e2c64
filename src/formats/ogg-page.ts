/** The pages of an Ogg file (RFC 3533 section 6): their checksum and their header. */

/** The bytes of a page before its segment table. */
export const OGG_HEADER_LENGTH = 27;
/** A page has at most this many segments, each of up to 255 bytes. */
export const MAX_SEGMENTS = 255;
/** The longest page that there can be. */
export const MAX_PAGE_LENGTH = OGG_HEADER_LENGTH + MAX_SEGMENTS + MAX_SEGMENTS * 255;

/** The page begins with the rest of a packet. */
export const CONTINUED = 1;
/** The first page of a stream. */
export const FIRST_PAGE = 2;
/** The last page of a stream. */
export const LAST_PAGE = 4;

const CAPTURE_PATTERN = Uint8Array.from(Buffer.from('OggS'));
const FLAGS_AT = 5;
const CRC_AT = 22;
/** The polynomial 0x04c11db7 with its bits in order, unlike the checksums in `lib/crc.ts`. */
const CRC_TABLE = new Int32Array(256).map((_, n) => {
  let c = n << 24;
  for (let k = 0; k < 8; k++) c = c < 0 ? (c << 1) ^ 0x04c11db7 : c << 1;
  return c;
});

/** The header of a page, as read from a file. */
export interface OggPage {
  readonly isContinued: boolean;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** Samples at 48 kHz up to the last packet that ends here; -1 if none does. */
  readonly granule: number;
  readonly serial: number;
  readonly sequence: number;
  /** Lengths of the segments. A packet ends with the first one below 255. */
  readonly segments: Uint8Array;
  /** The segments one after the other. */
  readonly body: Uint8Array;
  /** The length of the whole page. */
  readonly length: number;
}

export interface OggPageFields {
  readonly flags: number;
  readonly granule: number;
  readonly serial: number;
  readonly sequence: number;
}

/** Writes one page with these packets, each of which ends on it. They must fit. */
export function writeOggPage(
  { flags, granule, serial, sequence }: OggPageFields,
  packets: readonly Uint8Array[],
): Uint8Array {
  const segments = packets.reduce((sum, packet) => sum + segmentsOf(packet.length), 0);
  if (segments > MAX_SEGMENTS) throw new RangeError(`a page cannot have ${segments} segments`);
  const bodyLength = packets.reduce((sum, packet) => sum + packet.length, 0);
  const page = new Uint8Array(OGG_HEADER_LENGTH + segments + bodyLength);
  const view = new DataView(page.buffer);
  page.set(CAPTURE_PATTERN);
  page[FLAGS_AT] = flags;
  view.setBigInt64(6, BigInt(granule), true);
  view.setUint32(14, serial, true);
  view.setUint32(18, sequence, true);
  page[OGG_HEADER_LENGTH - 1] = segments;
  let at = OGG_HEADER_LENGTH;
  for (const { length } of packets) {
    page.fill(255, at, at + segmentsOf(length) - 1);
    at += segmentsOf(length);
    page[at - 1] = length % 255;
  }
  for (const packet of packets) {
    page.set(packet, at);
    at += packet.length;
  }
  sealOggPage(page);
  return page;
}

/** The number of segments of a packet that ends on its page. */
export function segmentsOf(length: number): number {
  return Math.floor(length / 255) + 1;
}

/** Writes the checksum of a whole page into it. */
export function sealOggPage(page: Uint8Array): void {
  const view = new DataView(page.buffer, page.byteOffset);
  view.setUint32(CRC_AT, checksum(page), true);
}

/** Marks a whole page as the last one of its stream. */
export function endOggPage(page: Uint8Array): void {
  page[FLAGS_AT] = (page[FLAGS_AT] ?? 0) | LAST_PAGE;
  sealOggPage(page);
}

/**
 * The page at `at`. `incomplete`: it goes on beyond these bytes. `invalid`: no page begins here, or it is damaged. The
 * page keeps the bytes.
 */
export function readOggPage(bytes: Uint8Array, at: number): OggPage | 'incomplete' | 'invalid' {
  const known = Math.min(CAPTURE_PATTERN.length, bytes.length - at);
  for (let i = 0; i < known; i++) if (bytes[at + i] !== CAPTURE_PATTERN[i]) return 'invalid';
  if (bytes.length - at < OGG_HEADER_LENGTH) return 'incomplete';
  // The version of the format.
  if (bytes[at + 4] !== 0) return 'invalid';
  const segmentsAt = at + OGG_HEADER_LENGTH;
  const bodyAt = segmentsAt + (bytes[segmentsAt - 1] ?? 0);
  if (bytes.length < bodyAt) return 'incomplete';
  const segments = bytes.subarray(segmentsAt, bodyAt);
  const end = segments.reduce((sum, length) => sum + length, bodyAt);
  if (bytes.length < end) return 'incomplete';
  const page = bytes.subarray(at, end);
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  if (checksum(page) !== view.getUint32(CRC_AT, true)) return 'invalid';
  const flags = page[FLAGS_AT] ?? 0;
  return {
    isContinued: (flags & CONTINUED) !== 0,
    isFirst: (flags & FIRST_PAGE) !== 0,
    isLast: (flags & LAST_PAGE) !== 0,
    granule: Number(view.getBigInt64(6, true)),
    serial: view.getUint32(14, true),
    sequence: view.getUint32(18, true),
    segments,
    body: bytes.subarray(bodyAt, end),
    length: page.length,
  };
}

/** The checksum of a whole page, whose own field counts as zeros. */
function checksum(page: Uint8Array): number {
  let c = 0;
  for (let i = 0; i < CRC_AT; i++) c = (c << 8) ^ CRC_TABLE[(c >>> 24) ^ page[i]!]!;
  for (let i = 0; i < 4; i++) c = (c << 8) ^ CRC_TABLE[c >>> 24]!;
  for (let i = CRC_AT + 4; i < page.length; i++) c = (c << 8) ^ CRC_TABLE[(c >>> 24) ^ page[i]!]!;
  return c >>> 0;
}

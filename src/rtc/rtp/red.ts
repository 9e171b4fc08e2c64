/** RTP payload for redundant audio data (RFC 2198): one payload that repeats earlier ones. */

/** Chromium sends one or two redundant blocks, and nine at most. */
export const MAX_RED_BLOCKS = 10;

/** One block; `start` and `end` are offsets in the parsed payload. */
export interface RedBlock {
  /** How much older it is than the packet's RTP timestamp, in timestamp units; 0 for the primary block. */
  timestampOffset: number;
  start: number;
  end: number;
}

/** The blocks of one payload, oldest first, the primary one last. One object is reused for all packets. */
export interface RedBlocks {
  count: number;
  readonly blocks: readonly RedBlock[];
}

export function createRedBlocks(): RedBlocks {
  return { count: 0, blocks: Array.from({ length: MAX_RED_BLOCKS }, () => ({ timestampOffset: 0, start: 0, end: 0 })) };
}

const REDUNDANT_HEADER = 4;

/**
 * Parses a RED payload whose blocks all have `blockPayloadType` into `into`. Skips empty redundant blocks. False, with
 * `count` 0, if the payload is malformed or has other payload types, too many blocks or an empty primary block.
 */
export function parseRed(payload: Uint8Array, blockPayloadType: number, into: RedBlocks): boolean {
  into.count = 0;
  // The data starts after the headers, so their number must be known before the first block can be located.
  let headersEnd = 0;
  let headers = 1;
  while (headersEnd < payload.length && (payload[headersEnd]! & 0x80) !== 0) {
    headersEnd += REDUNDANT_HEADER;
    headers++;
  }
  if (headersEnd >= payload.length || headers > MAX_RED_BLOCKS) return false;
  if (payload[headersEnd] !== blockPayloadType) return false;
  let start = headersEnd + 1;
  let count = 0;
  for (let at = 0; at < headersEnd; at += REDUNDANT_HEADER) {
    if ((payload[at]! & 0x7f) !== blockPayloadType) return false;
    const end = start + (((payload[at + 2]! & 0x03) << 8) | payload[at + 3]!);
    if (end > start) {
      const block = into.blocks[count++]!;
      block.timestampOffset = (payload[at + 1]! << 6) | (payload[at + 2]! >> 2);
      block.start = start;
      block.end = end;
    }
    start = end;
  }
  if (start >= payload.length) return false;
  const primary = into.blocks[count++]!;
  primary.timestampOffset = 0;
  primary.start = start;
  primary.end = payload.length;
  into.count = count;
  return true;
}

/** A size that is safe on any path, as in browsers: a fragmented packet is lost twice as often. */
const MAX_WRITTEN_PAYLOAD = 1200;
/** 14 bits. */
const MAX_TIMESTAMP_OFFSET = 0x3fff;
/** 10 bits. */
const MAX_REDUNDANT_LENGTH = 0x3ff;

/**
 * The payload with `redundant` and `primary`, both of `blockPayloadType`. Null if RED cannot hold them: the redundant
 * block is empty, too long or too old, or both together are too large for a packet.
 */
export function writeRed(
  redundant: Uint8Array,
  timestampOffset: number,
  primary: Uint8Array,
  blockPayloadType: number,
): Uint8Array | null {
  const headers = REDUNDANT_HEADER + 1;
  const length = headers + redundant.length + primary.length;
  if (redundant.length === 0 || redundant.length > MAX_REDUNDANT_LENGTH) return null;
  if (timestampOffset <= 0 || timestampOffset > MAX_TIMESTAMP_OFFSET || length > MAX_WRITTEN_PAYLOAD) return null;
  const payload = new Uint8Array(length);
  payload[0] = 0x80 | blockPayloadType;
  payload[1] = timestampOffset >> 6;
  payload[2] = ((timestampOffset & 0x3f) << 2) | (redundant.length >> 8);
  payload[3] = redundant.length & 0xff;
  payload[4] = blockPayloadType;
  payload.set(redundant, headers);
  payload.set(primary, headers + redundant.length);
  return payload;
}

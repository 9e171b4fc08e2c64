/** RTP payload for redundant audio data (RFC 2198): one payload that repeats earlier ones. */

/** Chromium sends one or two redundant blocks, and nine at the very most. */
export const MAX_RED_BLOCKS = 10;

/** One block; `start` and `end` are offsets in the payload that was parsed. */
export interface RedBlock {
  /** How much older than the RTP timestamp of the packet, in timestamp units; 0 for the primary block. */
  timestampOffset: number;
  start: number;
  end: number;
}

/** The blocks of one payload, oldest first, the primary one last. One is made and filled again for each packet. */
export interface RedBlocks {
  count: number;
  readonly blocks: readonly RedBlock[];
}

export function createRedBlocks(): RedBlocks {
  return { count: 0, blocks: Array.from({ length: MAX_RED_BLOCKS }, () => ({ timestampOffset: 0, start: 0, end: 0 })) };
}

const REDUNDANT_HEADER = 4;

/**
 * Reads a RED payload whose blocks are all of `blockPayloadType` into `into`. Empty redundant blocks are left out.
 * False, with `count` 0, if the payload is not well-formed, has other payload types, too many blocks or an empty primary block.
 */
export function parseRed(payload: Uint8Array, blockPayloadType: number, into: RedBlocks): boolean {
  into.count = 0;
  // The data begins after the headers: how many there are must be known before the first block can be placed.
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
    if (end > payload.length) return false;
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

/** Mumble's own variable-length integers, which are not those of protocol buffers. */
import { readUint16, readUint24, readUint32, writeUint16, writeUint24, writeUint32 } from '../../../lib/bytes.ts';

/** Numbers of this size and more are not needed anywhere. */
const LIMIT = 2 ** 53;
const HIGH_WORD = 2 ** 32;

/** Writes a number from 0 to 2^53 - 1 in its shortest form. Returns the offset behind it. There is no bounds check. */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  if (value < 0x80) {
    bytes[at] = value;
    return at + 1;
  }
  if (value < 0x4000) {
    writeUint16(bytes, at, value | 0x8000);
    return at + 2;
  }
  if (value < 0x200000) {
    writeUint24(bytes, at, value | 0xc00000);
    return at + 3;
  }
  if (value < 0x10000000) {
    writeUint32(bytes, at, value | 0xe0000000);
    return at + 4;
  }
  if (value < HIGH_WORD) {
    bytes[at] = 0xf0;
    writeUint32(bytes, at + 1, value);
    return at + 5;
  }
  bytes[at] = 0xf4;
  writeUint32(bytes, at + 1, Math.floor(value / HIGH_WORD));
  writeUint32(bytes, at + 5, value % HIGH_WORD);
  return at + 9;
}

/** Reads numbers one after the other, without allocating. */
export class VarintReader {
  /** What `read` found. */
  value = 0;
  /** Behind it. */
  at = 0;

  /** False if there is no whole number before `end`, or one that is negative or from 2^53 on. */
  read(bytes: Uint8Array, at: number, end: number): boolean {
    if (at >= end) return false;
    const first = bytes[at]!;
    const length = lengthOf(first);
    if (length === 0 || end - at < length) return false;
    this.at = at + length;
    this.value = numberAt(bytes, at, length, first);
    return this.value < LIMIT;
  }
}

/** Of the whole number, by its first byte; 0 for negative numbers, which nobody sends where we read. */
function lengthOf(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xc0) return 2;
  if (first < 0xe0) return 3;
  if (first < 0xf0) return 4;
  if (first < 0xf4) return 5;
  return first < 0xf8 ? 9 : 0;
}

function numberAt(bytes: Uint8Array, at: number, length: number, first: number): number {
  switch (length) {
    case 1:
      return first;
    case 2:
      return readUint16(bytes, at) & 0x3fff;
    case 3:
      return readUint24(bytes, at) & 0x1fffff;
    case 4:
      return readUint32(bytes, at) & 0x0fffffff;
    case 5:
      return readUint32(bytes, at + 1);
    default:
      return readUint32(bytes, at + 1) * HIGH_WORD + readUint32(bytes, at + 5);
  }
}

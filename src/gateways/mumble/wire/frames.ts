/** The control channel: frames of a type (16 bits), a length (32 bits), both big-endian, and a payload. */
import { readUint16, readUint32, writeUint16, writeUint32 } from '../../../lib/bytes.ts';

const HEADER_LENGTH = 6;

/** One frame, in memory of its own. */
export function encodeFrame(type: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEADER_LENGTH + payload.length);
  writeUint16(frame, 0, type);
  writeUint32(frame, 2, payload.length);
  frame.set(payload, HEADER_LENGTH);
  return frame;
}

/** Finds the frames in a stream of bytes. Keeps at most one unfinished frame. */
export class FrameReader {
  /** The largest payload that is accepted from now on, in bytes. */
  maxLength: number;
  readonly #onFrame: (type: number, payload: Uint8Array) => void;
  /** The parts of an unfinished frame, joined only when it is complete. */
  #parts: Uint8Array[] = [];
  #length = 0;
  #needed = HEADER_LENGTH;
  #isStopped = false;

  /** @param onFrame the payload is a view that stays valid */
  constructor(maxLength: number, onFrame: (type: number, payload: Uint8Array) => void) {
    this.maxLength = maxLength;
    this.#onFrame = onFrame;
  }

  /** Takes the next bytes. False once a frame is too long; the stream cannot be read any further. */
  push(bytes: Uint8Array): boolean {
    if (this.#isStopped) return false;
    this.#parts.push(bytes);
    this.#length += bytes.length;
    if (this.#length < this.#needed) return true;
    const all = this.#parts.length === 1 ? bytes : Buffer.concat(this.#parts, this.#length);
    const at = this.#read(all);
    if (at < 0) {
      this.stop();
      return false;
    }
    this.#parts = at < all.length ? [all.subarray(at)] : [];
    this.#length = all.length - at;
    return true;
  }

  /** Reads nothing more. */
  stop(): void {
    this.#isStopped = true;
    this.#parts = [];
    this.#length = 0;
  }

  /** Where the first unfinished frame begins; -1 if a frame is too long, or nothing more is to be read. */
  #read(all: Uint8Array): number {
    let at = 0;
    for (;;) {
      this.#needed = HEADER_LENGTH;
      if (all.length - at < HEADER_LENGTH) return at;
      const length = readUint32(all, at + 2);
      if (length > this.maxLength) return -1;
      this.#needed = HEADER_LENGTH + length;
      if (all.length - at < this.#needed) return at;
      const start = at + HEADER_LENGTH;
      at = start + length;
      this.#onFrame(readUint16(all, start - HEADER_LENGTH), all.subarray(start, at));
      if (this.#isStopped) return -1;
    }
  }
}

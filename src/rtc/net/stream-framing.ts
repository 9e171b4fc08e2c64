/** Datagrams in a byte stream (RFC 4571 section 2): each is preceded by its 16-bit length. */

const HEADER_LENGTH = 2;
/** No browser sends more: an Ethernet frame, and what a DTLS implementation might add to it. */
export const MAX_FRAME_LENGTH = 2048;
/** Frames out of larger chunks are copied, so that keeping one does not keep the whole chunk. */
const SHARED_PIECE_LENGTH = 4096;

/** Copies the datagram with its length in front. */
export function frame(datagram: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(HEADER_LENGTH + datagram.length);
  framed.writeUInt16BE(datagram.length);
  framed.set(datagram, HEADER_LENGTH);
  return framed;
}

/** Splits a stream into frames, however it is chunked. Holds at most one incomplete frame. */
export class FrameReader {
  readonly #maxLength: number;
  readonly #onFrame: (frame: Buffer) => boolean;
  /** The length and beginning of an incomplete frame; allocated on first use. */
  #held: Buffer | null = null;
  #heldLength = 0;

  /** `onFrame` owns the frame, and returns whether to continue. */
  constructor(onFrame: (frame: Buffer) => boolean, maxLength: number = MAX_FRAME_LENGTH) {
    this.#onFrame = onFrame;
    this.#maxLength = maxLength;
  }

  /** False if a frame is too long: the stream is meaningless from there on and must not be read any further. */
  read(piece: Buffer): boolean {
    let at = 0;
    if (this.#heldLength > 0) {
      const taken = this.#complete(piece);
      if (taken < 0) return false;
      at = taken;
    }
    const shared = piece.length <= SHARED_PIECE_LENGTH;
    while (at + HEADER_LENGTH <= piece.length) {
      const begin = at + HEADER_LENGTH;
      const end = begin + piece.readUInt16BE(at);
      if (end - begin > this.#maxLength) return false;
      if (end > piece.length) break;
      at = end;
      // Empty frames are valid and ignored.
      if (end === begin) continue;
      const content = piece.subarray(begin, end);
      if (!this.#onFrame(shared ? content : Buffer.from(content))) return true;
    }
    if (at < piece.length) this.#hold(piece, at, piece.length);
    return true;
  }

  /** How much of the chunk belonged to the held frame; -1 if that frame is too long. */
  #complete(piece: Buffer): number {
    let at = 0;
    if (this.#heldLength < HEADER_LENGTH) {
      at = this.#hold(piece, 0, 1);
      if (this.#heldLength < HEADER_LENGTH) return at;
    }
    const held = this.#held!;
    const length = held.readUInt16BE(0);
    if (length > this.#maxLength) return -1;
    at += this.#hold(piece, at, at + HEADER_LENGTH + length - this.#heldLength);
    if (this.#heldLength < HEADER_LENGTH + length) return at;
    this.#heldLength = 0;
    if (length > 0 && !this.#onFrame(Buffer.from(held.subarray(HEADER_LENGTH, HEADER_LENGTH + length)))) {
      return piece.length;
    }
    return at;
  }

  /** Keeps a part of the chunk; returns its size. */
  #hold(piece: Buffer, begin: number, end: number): number {
    this.#held ??= Buffer.allocUnsafeSlow(HEADER_LENGTH + this.#maxLength);
    const copied = piece.copy(this.#held, this.#heldLength, begin, Math.min(end, piece.length));
    this.#heldLength += copied;
    return copied;
  }
}

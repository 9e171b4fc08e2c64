/** Datagrams in a stream of bytes (RFC 4571 section 2): each has its length, 16 bits, before it. */

const HEADER_LENGTH = 2;
/** No browser sends more: an Ethernet frame's worth, and what a DTLS implementation might add to it. */
export const MAX_FRAME_LENGTH = 2048;
/** Frames out of larger pieces are copied, so that somebody who keeps one does not keep all of the piece. */
const SHARED_PIECE_LENGTH = 4096;

/** The datagram with its length before it, in memory of its own. */
export function frame(datagram: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(HEADER_LENGTH + datagram.length);
  framed.writeUInt16BE(datagram.length);
  framed.set(datagram, HEADER_LENGTH);
  return framed;
}

/** Takes a stream apart, however it was cut into pieces. Holds at most one incomplete frame. */
export class FrameReader {
  readonly #maxLength: number;
  readonly #onFrame: (frame: Buffer) => boolean;
  /** Length and beginning of a frame whose end has not come; there once that has happened. */
  #held: Buffer | null = null;
  #heldLength = 0;

  /** `onFrame` owns what it gets, and says whether to go on. */
  constructor(onFrame: (frame: Buffer) => boolean, maxLength: number = MAX_FRAME_LENGTH) {
    this.#onFrame = onFrame;
    this.#maxLength = maxLength;
  }

  /** False if there is a frame that is too long: the stream makes no sense from there on, and must not be read any further. */
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
      // Frames without content are there to be ignored.
      if (end === begin) continue;
      const content = piece.subarray(begin, end);
      if (!this.#onFrame(shared ? content : Buffer.from(content))) return true;
    }
    if (at < piece.length) this.#hold(piece, at, piece.length);
    return true;
  }

  /** How much of the piece belonged to the frame that was held; -1 if that is too long. */
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

  /** Keeps a part of the piece; returns how much that was. */
  #hold(piece: Buffer, begin: number, end: number): number {
    this.#held ??= Buffer.allocUnsafeSlow(HEADER_LENGTH + this.#maxLength);
    const copied = piece.copy(this.#held, this.#heldLength, begin, Math.min(end, piece.length));
    this.#heldLength += copied;
    return copied;
  }
}

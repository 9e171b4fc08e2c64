const FIRST_LENGTH = 64 * 1024;

/** Bytes of records that are collected until they are posted together. Its memory is reused. */
export class ByteBlock {
  bytes = new Uint8Array(FIRST_LENGTH);
  view = new DataView(this.bytes.buffer);
  readonly #maxLength: number;
  #length = 0;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Where a record of this length may be written, in `bytes` and `view`; -1 if there is no room. */
  reserve(length: number): number {
    const at = this.#length;
    const end = at + length;
    if (end > this.#maxLength) return -1;
    if (end > this.bytes.length) this.#grow(end);
    this.#length = end;
    return at;
  }

  /** The records since the last call, in memory of their own; null if there are none. */
  take(): Uint8Array | null {
    if (this.#length === 0) return null;
    const taken = this.bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  #grow(needed: number): void {
    const bytes = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    bytes.set(this.bytes.subarray(0, this.#length));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}

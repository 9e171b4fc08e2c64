/** Serial number arithmetic (RFC 1982): converts wrapping 16-bit or 32-bit counters to plain integers. */

/** The signed distance from `b` to `a` on a circle of 2^16. */
export function distance16(a: number, b: number): number {
  return ((a - b) << 16) >> 16;
}

/** The signed distance from `b` to `a` on a circle of 2^32. */
export function distance32(a: number, b: number): number {
  return (a - b) | 0;
}

/** Follows a wrapping counter: each value becomes the integer nearest to the highest one seen so far. */
export class Unwrapper {
  #last: number | undefined;
  readonly #distance: (a: number, b: number) => number;

  constructor(bits: 16 | 32) {
    this.#distance = bits === 16 ? distance16 : distance32;
  }

  /** Returns the unwrapped value. The reference only moves forwards. */
  unwrap(value: number): number {
    if (this.#last === undefined) {
      this.#last = value;
      return value;
    }
    const unwrapped = this.#last + this.#distance(value, this.#last);
    if (unwrapped > this.#last) this.#last = unwrapped;
    return unwrapped;
  }

  reset(): void {
    this.#last = undefined;
  }
}

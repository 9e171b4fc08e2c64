/** Fourier transform of real blocks of one size, a power of two (radix 2, in place). */
export class Fft {
  readonly #size: number;
  readonly #re: Float64Array;
  readonly #im: Float64Array;
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;
  readonly #reversed: Uint32Array;

  constructor(size: number) {
    const bits = Math.log2(size);
    if (!Number.isInteger(bits)) throw new RangeError(`${size} is not a power of two`);
    this.#size = size;
    this.#re = new Float64Array(size);
    this.#im = new Float64Array(size);
    this.#cos = Float64Array.from({ length: size / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / size));
    this.#sin = Float64Array.from({ length: size / 2 }, (_, k) => -Math.sin((2 * Math.PI * k) / size));
    this.#reversed = new Uint32Array(size);
    for (let i = 1; i < size; i++) this.#reversed[i] = (this.#reversed[i >> 1]! >> 1) | ((i & 1) << (bits - 1));
  }

  /** Writes `|X[k]|²` for k from 0 to size/2 into `powers`. A block shorter than the size is padded with zeros. */
  powers(block: Float64Array, powers: Float64Array): void {
    const size = this.#size;
    const re = this.#re;
    const im = this.#im;
    for (let i = 0; i < size; i++) re[this.#reversed[i]!] = block[i] ?? 0;
    im.fill(0);
    for (let half = 1; half < size; half *= 2) {
      const stride = size / (2 * half);
      for (let start = 0; start < size; start += 2 * half) {
        for (let k = 0; k < half; k++) {
          const cos = this.#cos[k * stride]!;
          const sin = this.#sin[k * stride]!;
          const a = start + k;
          const b = a + half;
          const turnedRe = re[b]! * cos - im[b]! * sin;
          const turnedIm = re[b]! * sin + im[b]! * cos;
          re[b] = re[a]! - turnedRe;
          im[b] = im[a]! - turnedIm;
          re[a]! += turnedRe;
          im[a]! += turnedIm;
        }
      }
    }
    for (let k = 0; k <= size / 2; k++) powers[k] = re[k]! * re[k]! + im[k]! * im[k]!;
  }
}

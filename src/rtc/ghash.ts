/**
 * GHASH (NIST SP 800-38D section 6.4): the authentication half of AES-GCM, without tables, so that neither time nor cache tells the key.
 * The carry-less 32-bit product is built from ordinary multiplications with holes between the bits, and its upper half from the product of the
 * bit-reversed operands: the method of BearSSL's ghash_ctmul32.
 */
export class Ghash {
  // The hash key H in little-endian word order with the sums Karatsuba needs, then the same bit-reversed.
  readonly #key = new Int32Array(18);
  readonly #y = new Int32Array(4);
  /** The result of the last `digest`: four big-endian words. */
  readonly words = new Int32Array(4);

  /** `hashKey` is the block of zeros, encrypted. */
  constructor(hashKey: Uint8Array) {
    operands(this.#key, word(hashKey, 12), word(hashKey, 8), word(hashKey, 4), word(hashKey, 0));
  }

  /** Hashes `aadLength` bytes of `aad` and the bytes from `start` to `end` of `data`, then both lengths, into `words`. */
  digest(aad: Uint8Array, aadLength: number, data: Uint8Array, start: number, end: number): void {
    const y = this.#y;
    y.fill(0);
    this.#absorb(aad, 0, aadLength);
    this.#absorb(data, start, end);
    y[2]! ^= aadLength * 8;
    y[0]! ^= (end - start) * 8;
    multiply(y, this.#key);
    this.words[0] = y[3]!;
    this.words[1] = y[2]!;
    this.words[2] = y[1]!;
    this.words[3] = y[0]!;
  }

  #absorb(bytes: Uint8Array, start: number, end: number): void {
    const y = this.#y;
    let at = start;
    for (; at + 16 <= end; at += 16) {
      y[3]! ^= word(bytes, at);
      y[2]! ^= word(bytes, at + 4);
      y[1]! ^= word(bytes, at + 8);
      y[0]! ^= word(bytes, at + 12);
      multiply(y, this.#key);
    }
    if (at === end) return;
    for (let i = 0; at + i < end; i++) y[3 - (i >> 2)]! ^= bytes[at + i]! << (24 - 8 * (i & 3));
    multiply(y, this.#key);
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function reverse(value: number): number {
  let x = value;
  x = ((x & 0x55555555) << 1) | ((x >>> 1) & 0x55555555);
  x = ((x & 0x33333333) << 2) | ((x >>> 2) & 0x33333333);
  x = ((x & 0x0f0f0f0f) << 4) | ((x >>> 4) & 0x0f0f0f0f);
  x = ((x & 0x00ff00ff) << 8) | ((x >>> 8) & 0x00ff00ff);
  return (x << 16) | (x >>> 16);
}

/** The nine factors of a three-level Karatsuba product, plain and bit-reversed. */
function operands(into: Int32Array, w0: number, w1: number, w2: number, w3: number): void {
  factors(into, 0, w0, w1, w2, w3);
  factors(into, 9, reverse(w0), reverse(w1), reverse(w2), reverse(w3));
}

function factors(into: Int32Array, at: number, w0: number, w1: number, w2: number, w3: number): void {
  into[at] = w0;
  into[at + 1] = w1;
  into[at + 2] = w2;
  into[at + 3] = w3;
  into[at + 4] = w0 ^ w1;
  into[at + 5] = w2 ^ w3;
  into[at + 6] = w0 ^ w2;
  into[at + 7] = w1 ^ w3;
  into[at + 8] = w0 ^ w2 ^ w1 ^ w3;
}

/** The lower 32 bits of the carry-less product: with three zero bits between the bits that count, carries never reach the next of them. */
function carryless(x: number, y: number): number {
  const x0 = x & 0x11111111;
  const x1 = x & 0x22222222;
  const x2 = x & 0x44444444;
  const x3 = x & 0x88888888;
  const y0 = y & 0x11111111;
  const y1 = y & 0x22222222;
  const y2 = y & 0x44444444;
  const y3 = y & 0x88888888;
  const m = Math.imul;
  return (
    ((m(x0, y0) ^ m(x1, y3) ^ m(x2, y2) ^ m(x3, y1)) & 0x11111111) |
    ((m(x0, y1) ^ m(x1, y0) ^ m(x2, y3) ^ m(x3, y2)) & 0x22222222) |
    ((m(x0, y2) ^ m(x1, y1) ^ m(x2, y0) ^ m(x3, y3)) & 0x44444444) |
    ((m(x0, y3) ^ m(x1, y2) ^ m(x2, y1) ^ m(x3, y0)) & 0x88888888)
  );
}

const a = new Int32Array(18);
const c = new Int32Array(18);
const z = new Int32Array(8);

/** y := y * H in GF(2^128) */
function multiply(y: Int32Array, key: Int32Array): void {
  operands(a, y[0]!, y[1]!, y[2]!, y[3]!);
  for (let i = 0; i < 18; i++) c[i] = carryless(a[i]!, key[i]!);
  c[4]! ^= c[0]! ^ c[1]!;
  c[5]! ^= c[2]! ^ c[3]!;
  c[8]! ^= c[6]! ^ c[7]!;
  c[13]! ^= c[9]! ^ c[10]!;
  c[14]! ^= c[11]! ^ c[12]!;
  c[17]! ^= c[15]! ^ c[16]!;
  z[0] = c[0]!;
  z[1] = c[4]! ^ (reverse(c[9]!) >>> 1);
  z[2] = c[1]! ^ c[0]! ^ c[2]! ^ c[6]! ^ (reverse(c[13]!) >>> 1);
  z[3] = c[4]! ^ c[5]! ^ c[8]! ^ (reverse(c[10]! ^ c[9]! ^ c[11]! ^ c[15]!) >>> 1);
  z[4] = c[2]! ^ c[1]! ^ c[3]! ^ c[7]! ^ (reverse(c[13]! ^ c[14]! ^ c[17]!) >>> 1);
  z[5] = c[5]! ^ (reverse(c[11]! ^ c[10]! ^ c[12]! ^ c[16]!) >>> 1);
  z[6] = c[3]! ^ (reverse(c[14]!) >>> 1);
  z[7] = reverse(c[12]!) >>> 1;
  // GCM numbers the bits of a block backwards: the product is off by one position.
  for (let i = 7; i > 0; i--) z[i] = (z[i]! << 1) | (z[i - 1]! >>> 31);
  z[0]! <<= 1;
  // Modulo x^128 + x^7 + x^2 + x + 1.
  for (let i = 0; i < 4; i++) {
    const low = z[i]!;
    z[i + 4]! ^= low ^ (low >>> 1) ^ (low >>> 2) ^ (low >>> 7);
    z[i + 3]! ^= (low << 31) ^ (low << 30) ^ (low << 25);
  }
  y[0] = z[4]!;
  y[1] = z[5]!;
  y[2] = z[6]!;
  y[3] = z[7]!;
}

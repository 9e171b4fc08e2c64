/**
 * HMAC-SHA1 (RFC 2104, FIPS 180-4) for short messages under a key that stays. `node:crypto` makes a native object for each HMAC; for a
 * packet of 130 bytes that is three times the work of the hash itself, and garbage besides. SHA-1 has no secret-dependent branch or table.
 */

const BLOCK = 64;
const INITIAL = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
const schedule = new Int32Array(80);
const tail = new Uint8Array(2 * BLOCK);

export class HmacSha1 {
  readonly #inner = Int32Array.from(INITIAL);
  readonly #outer = Int32Array.from(INITIAL);
  readonly #state = new Int32Array(5);

  /** `key` is at most 64 bytes; SRTP uses 20. */
  constructor(key: Uint8Array) {
    if (key.length > BLOCK) throw new RangeError('HMAC-SHA1 key longer than a block');
    const block = new Uint8Array(BLOCK).fill(0x36);
    for (let i = 0; i < key.length; i++) block[i]! ^= key[i]!;
    compress(this.#inner, block, 0);
    for (let i = 0; i < BLOCK; i++) block[i]! ^= 0x36 ^ 0x5c;
    compress(this.#outer, block, 0);
  }

  /** The HMAC of the first `length` bytes as five big-endian words. The array is reused by the next call. */
  digest(bytes: Uint8Array, length: number): Int32Array {
    const state = this.#state;
    copyState(state, this.#inner);
    let at = 0;
    for (; at + BLOCK <= length; at += BLOCK) compress(state, bytes, at);
    const rest = length - at;
    tail.fill(0);
    for (let i = 0; i < rest; i++) tail[i] = bytes[at + i]!;
    tail[rest] = 0x80;
    const end = rest < 56 ? BLOCK : 2 * BLOCK;
    writeWord(end - 4, (BLOCK + length) * 8);
    compress(state, tail, 0);
    if (end > BLOCK) compress(state, tail, BLOCK);

    tail.fill(0, 20, BLOCK);
    for (let i = 0; i < 5; i++) writeWord(i * 4, state[i]!);
    tail[20] = 0x80;
    writeWord(60, (BLOCK + 20) * 8);
    copyState(state, this.#outer);
    compress(state, tail, 0);
    return state;
  }
}

/** `set` of a typed array is a call out of compiled code, which costs more than five stores. */
function copyState(into: Int32Array, from: Int32Array): void {
  into[0] = from[0]!;
  into[1] = from[1]!;
  into[2] = from[2]!;
  into[3] = from[3]!;
  into[4] = from[4]!;
}

function writeWord(at: number, value: number): void {
  tail[at] = value >>> 24;
  tail[at + 1] = value >>> 16;
  tail[at + 2] = value >>> 8;
  tail[at + 3] = value;
}

/** The SHA-1 compression function: one block of 64 bytes into the state. */
function compress(state: Int32Array, bytes: Uint8Array, start: number): void {
  const w = schedule;
  for (let i = 0, at = start; i < 16; i++, at += 4) {
    w[i] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }
  for (let i = 16; i < 80; i++) {
    const x = w[i - 3]! ^ w[i - 8]! ^ w[i - 14]! ^ w[i - 16]!;
    w[i] = (x << 1) | (x >>> 31);
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  let t = 0;
  let i = 0;
  for (; i < 20; i++) {
    t = (((a << 5) | (a >>> 27)) + ((b & c) | (~b & d)) + e + 0x5a827999 + w[i]!) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = t;
  }
  for (; i < 40; i++) {
    t = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + 0x6ed9eba1 + w[i]!) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = t;
  }
  for (; i < 60; i++) {
    t = (((a << 5) | (a >>> 27)) + ((b & c) | (b & d) | (c & d)) + e + 0x8f1bbcdc + w[i]!) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = t;
  }
  for (; i < 80; i++) {
    t = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + 0xca62c1d6 + w[i]!) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = t;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
}

/**
 * HMAC-SHA1 (RFC 2104, FIPS 180-4) for short messages under a long-lived key. `node:crypto` creates a native object for
 * each HMAC, which for a packet of 130 bytes costs three times as much as the hash itself and produces garbage. SHA-1
 * has no secret-dependent branches or tables.
 */
import { createHash } from 'node:crypto';

const BLOCK = 64;
const DIGEST_WORDS = 5;
/** Padding after the message: a set bit, and the length in bits at the end of the block. */
const END_BIT = 0x8000_0000 | 0;
const LENGTH_AT = 15;
const INITIAL = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
/** Shared by all HMACs, because a digest is never interrupted. */
const state = new Int32Array(DIGEST_WORDS);
/** The next block to compress, in its first 16 words, followed by its expansion. */
const schedule = new Int32Array(80);

export class HmacSha1 {
  /**
   * The states after the inner and the outer key block, side by side, because they leave the cache between two packets
   * of a listener.
   */
  readonly #keyed = new Int32Array(2 * DIGEST_WORDS);

  constructor(key: Uint8Array) {
    const block = new Uint8Array(BLOCK);
    block.set(key.length > BLOCK ? createHash('sha1').update(key).digest() : key);
    for (let i = 0; i < BLOCK; i++) block[i]! ^= 0x36;
    load(block, 0);
    compress(INITIAL, 0, this.#keyed, 0);
    for (let i = 0; i < BLOCK; i++) block[i]! ^= 0x36 ^ 0x5c;
    load(block, 0);
    compress(INITIAL, 0, this.#keyed, DIGEST_WORDS);
  }

  /** The HMAC of the first `length` bytes as five big-endian words. The returned array is shared by all HMACs. */
  digest(bytes: Uint8Array, length: number): Int32Array {
    let before = this.#keyed;
    let at = 0;
    for (; at + BLOCK <= length; at += BLOCK) {
      load(bytes, at);
      compress(before, 0, state, 0);
      before = state;
    }
    const words = loadRest(bytes, at, length);
    if (words >= LENGTH_AT) {
      compress(before, 0, state, 0);
      before = state;
      schedule.fill(0, 0, LENGTH_AT);
    }
    schedule[LENGTH_AT] = (BLOCK + length) * 8;
    compress(before, 0, state, 0);

    for (let i = 0; i < DIGEST_WORDS; i++) schedule[i] = state[i]!;
    schedule[DIGEST_WORDS] = END_BIT;
    for (let i = DIGEST_WORDS + 1; i < LENGTH_AT; i++) schedule[i] = 0;
    schedule[LENGTH_AT] = (BLOCK + DIGEST_WORDS * 4) * 8;
    compress(this.#keyed, DIGEST_WORDS, state, 0);
    return state;
  }
}

/** Loads 64 bytes from `at`. */
function load(bytes: Uint8Array, at: number): void {
  for (let i = 0; i < 16; i++, at += 4) schedule[i] = readWord(bytes, at);
}

/**
 * Loads the bytes from `at` to `end` (fewer than 64) and the bit after them. Returns the number of words used; the
 * others are 0.
 */
function loadRest(bytes: Uint8Array, at: number, end: number): number {
  let words = 0;
  for (; at + 4 <= end; at += 4) schedule[words++] = readWord(bytes, at);
  let last = END_BIT;
  for (let i = end - 1; i >= at; i--) last = (last >>> 8) | (bytes[i]! << 24);
  schedule[words++] = last;
  for (let i = words; i < 16; i++) schedule[i] = 0;
  return words;
}

function readWord(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/**
 * The SHA-1 compression function. Takes the state at `from` in `before` and the block in `schedule`, and writes the new
 * state at `to` in `after`, which may be the same place. Each iteration does five rounds, so that the five words swap
 * roles by name instead of being moved.
 */
function compress(before: Int32Array, from: number, after: Int32Array, to: number): void {
  const w = schedule;
  for (let i = 16; i < 80; i++) {
    const x = w[i - 3]! ^ w[i - 8]! ^ w[i - 14]! ^ w[i - 16]!;
    w[i] = (x << 1) | (x >>> 31);
  }
  let a = before[from]!;
  let b = before[from + 1]!;
  let c = before[from + 2]!;
  let d = before[from + 3]!;
  let e = before[from + 4]!;
  let i = 0;
  for (; i < 20; i += 5) {
    e = (e + ((a << 5) | (a >>> 27)) + (d ^ (b & (c ^ d))) + 0x5a827999 + w[i]!) | 0;
    b = (b << 30) | (b >>> 2);
    d = (d + ((e << 5) | (e >>> 27)) + (c ^ (a & (b ^ c))) + 0x5a827999 + w[i + 1]!) | 0;
    a = (a << 30) | (a >>> 2);
    c = (c + ((d << 5) | (d >>> 27)) + (b ^ (e & (a ^ b))) + 0x5a827999 + w[i + 2]!) | 0;
    e = (e << 30) | (e >>> 2);
    b = (b + ((c << 5) | (c >>> 27)) + (a ^ (d & (e ^ a))) + 0x5a827999 + w[i + 3]!) | 0;
    d = (d << 30) | (d >>> 2);
    a = (a + ((b << 5) | (b >>> 27)) + (e ^ (c & (d ^ e))) + 0x5a827999 + w[i + 4]!) | 0;
    c = (c << 30) | (c >>> 2);
  }
  for (; i < 40; i += 5) {
    e = (e + ((a << 5) | (a >>> 27)) + (b ^ c ^ d) + 0x6ed9eba1 + w[i]!) | 0;
    b = (b << 30) | (b >>> 2);
    d = (d + ((e << 5) | (e >>> 27)) + (a ^ b ^ c) + 0x6ed9eba1 + w[i + 1]!) | 0;
    a = (a << 30) | (a >>> 2);
    c = (c + ((d << 5) | (d >>> 27)) + (e ^ a ^ b) + 0x6ed9eba1 + w[i + 2]!) | 0;
    e = (e << 30) | (e >>> 2);
    b = (b + ((c << 5) | (c >>> 27)) + (d ^ e ^ a) + 0x6ed9eba1 + w[i + 3]!) | 0;
    d = (d << 30) | (d >>> 2);
    a = (a + ((b << 5) | (b >>> 27)) + (c ^ d ^ e) + 0x6ed9eba1 + w[i + 4]!) | 0;
    c = (c << 30) | (c >>> 2);
  }
  for (; i < 60; i += 5) {
    e = (e + ((a << 5) | (a >>> 27)) + ((b & c) | (d & (b | c))) + 0x8f1bbcdc + w[i]!) | 0;
    b = (b << 30) | (b >>> 2);
    d = (d + ((e << 5) | (e >>> 27)) + ((a & b) | (c & (a | b))) + 0x8f1bbcdc + w[i + 1]!) | 0;
    a = (a << 30) | (a >>> 2);
    c = (c + ((d << 5) | (d >>> 27)) + ((e & a) | (b & (e | a))) + 0x8f1bbcdc + w[i + 2]!) | 0;
    e = (e << 30) | (e >>> 2);
    b = (b + ((c << 5) | (c >>> 27)) + ((d & e) | (a & (d | e))) + 0x8f1bbcdc + w[i + 3]!) | 0;
    d = (d << 30) | (d >>> 2);
    a = (a + ((b << 5) | (b >>> 27)) + ((c & d) | (e & (c | d))) + 0x8f1bbcdc + w[i + 4]!) | 0;
    c = (c << 30) | (c >>> 2);
  }
  for (; i < 80; i += 5) {
    e = (e + ((a << 5) | (a >>> 27)) + (b ^ c ^ d) + 0xca62c1d6 + w[i]!) | 0;
    b = (b << 30) | (b >>> 2);
    d = (d + ((e << 5) | (e >>> 27)) + (a ^ b ^ c) + 0xca62c1d6 + w[i + 1]!) | 0;
    a = (a << 30) | (a >>> 2);
    c = (c + ((d << 5) | (d >>> 27)) + (e ^ a ^ b) + 0xca62c1d6 + w[i + 2]!) | 0;
    e = (e << 30) | (e >>> 2);
    b = (b + ((c << 5) | (c >>> 27)) + (d ^ e ^ a) + 0xca62c1d6 + w[i + 3]!) | 0;
    d = (d << 30) | (d >>> 2);
    a = (a + ((b << 5) | (b >>> 27)) + (c ^ d ^ e) + 0xca62c1d6 + w[i + 4]!) | 0;
    c = (c << 30) | (c >>> 2);
  }
  after[to] = before[from]! + a;
  after[to + 1] = before[from + 1]! + b;
  after[to + 2] = before[from + 2]! + c;
  after[to + 3] = before[from + 3]! + d;
  after[to + 4] = before[from + 4]! + e;
}

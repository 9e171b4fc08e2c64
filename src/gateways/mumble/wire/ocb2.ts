/**
 * OCB2 with AES-128 (Rogaway; draft-krovetz-ocb-00), with the counter-measures against the attack of eprint 2019/311
 * that Mumble has. A call of OpenSSL costs more than a microsecond, whatever its length, so blocks go in few calls.
 */
import { type Cipher, createCipheriv, createDecipheriv, type Decipher } from 'node:crypto';

export const BLOCK = 16;
/** Whole blocks of the longest text, and its last one. */
const MAX_BLOCKS = 65;
export const MAX_TEXT_BYTES = (MAX_BLOCKS - 1) * BLOCK;

/** Space for the blocks of one packet, which no packet needs for longer than a call. */
const blocks = Buffer.alloc(MAX_BLOCKS * BLOCK);
const blocksView = new DataView(blocks.buffer, blocks.byteOffset);
const deltas = new Uint8Array(MAX_BLOCKS * BLOCK);
const deltasView = new DataView(deltas.buffer);
const checksum = new Uint8Array(BLOCK);
const checksumView = new DataView(checksum.buffer);
/** The text behind its last whole block, padded. */
const last = new Uint8Array(BLOCK);
const finish = Buffer.alloc(2 * BLOCK);
const finishView = new DataView(finish.buffer, finish.byteOffset);

export class Ocb2 {
  readonly #cipher: Cipher;
  readonly #decipher: Decipher;

  /** `key` has 16 bytes. */
  constructor(key: Uint8Array) {
    // ECB keeps no state between blocks, so one object does for the life of the key.
    this.#cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
    this.#decipher = createDecipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  }

  /** What `seal` and `open` begin with for a nonce of 16 bytes. */
  start(nonce: Uint8Array): Uint8Array {
    return this.#cipher.update(nonce);
  }

  /**
   * Encrypts `text`, of at most `MAX_TEXT_BYTES`, to `into` from `at` on.
   * @param start of this nonce
   * @param nextNonce so that its start needs no call of its own
   * @returns the tag (16 bytes) and behind it the start of `nextNonce`
   */
  seal(text: Uint8Array, into: Uint8Array, at: number, start: Uint8Array, nextNonce: Uint8Array): Uint8Array {
    const whole = wholeBlocks(text.length);
    const lastAt = whole * BLOCK;
    putDeltas(start, whole + 1);
    blocks.set(text.subarray(0, lastAt));
    checksum.fill(0);
    addToChecksum(lastAt);
    if (whole > 0 && isNearlyZero(lastAt - BLOCK)) {
      blocks[lastAt - BLOCK]! ^= 1;
      checksum[0]! ^= 1;
    }
    xorDeltas(lastAt);
    putLength(lastAt, text.length - lastAt);
    const sealed = this.#cipher.update(blocks.subarray(0, lastAt + BLOCK));
    blocks.set(sealed);
    xorDeltas(lastAt);
    into.set(blocks.subarray(0, lastAt), at);
    // The last block is masked; what of the mask is left over belongs to the checksum.
    for (let i = 0; i < BLOCK; i++) {
      const isText = lastAt + i < text.length;
      const pad = sealed[lastAt + i]!;
      if (isText) into[at + lastAt + i] = text[lastAt + i]! ^ pad;
      checksum[i]! ^= isText ? text[lastAt + i]! : pad;
    }
    return this.#finish(lastAt, nextNonce);
  }

  /**
   * Decrypts `sealed`, of at most `MAX_TEXT_BYTES`, to `into`. The caller compares the tag.
   * @param start of this nonce
   * @param nextNonce so that its start needs no call of its own
   * @returns the tag (16 bytes) and behind it the start of `nextNonce`; null if the packet may come from the attack
   */
  open(sealed: Uint8Array, into: Uint8Array, start: Uint8Array, nextNonce: Uint8Array): Uint8Array | null {
    const whole = wholeBlocks(sealed.length);
    const lastAt = whole * BLOCK;
    putDeltas(start, whole + 1);
    checksum.fill(0);
    if (whole > 0) {
      blocks.set(sealed.subarray(0, lastAt));
      xorDeltas(lastAt);
      blocks.set(this.#decipher.update(blocks.subarray(0, lastAt)));
      xorDeltas(lastAt);
      addToChecksum(lastAt);
      into.set(blocks.subarray(0, lastAt));
    }
    putLength(lastAt, sealed.length - lastAt);
    const pad = this.#cipher.update(blocks.subarray(lastAt, lastAt + BLOCK));
    let differs = 0;
    for (let i = 0; i < BLOCK; i++) {
      const byte = (lastAt + i < sealed.length ? sealed[lastAt + i]! : 0) ^ pad[i]!;
      last[i] = byte;
      checksum[i]! ^= byte;
      if (i < BLOCK - 1) differs |= byte ^ deltas[lastAt + i]!;
    }
    if (differs === 0) return null;
    into.set(last.subarray(0, sealed.length - lastAt), lastAt);
    return this.#finish(lastAt, nextNonce);
  }

  /** The tag is E(3 delta + checksum), of the last delta. */
  #finish(lastAt: number, nextNonce: Uint8Array): Uint8Array {
    let carry = deltas[lastAt]! >> 7 === 1 ? 0x87 : 0;
    for (let word = BLOCK - 4; word >= 0; word -= 4) {
      const delta = deltasView.getInt32(lastAt + word);
      const twice = word === BLOCK - 4 ? (delta << 1) ^ carry : (delta << 1) | carry;
      carry = delta >>> 31;
      finishView.setInt32(word, delta ^ twice ^ checksumView.getInt32(word));
    }
    finish.set(nextNonce, BLOCK);
    return this.#cipher.update(finish);
  }
}

/** All blocks but the last, which has 1 to 16 bytes, or none if there is no text. */
function wholeBlocks(length: number): number {
  return length === 0 ? 0 : Math.ceil(length / BLOCK) - 1;
}

/** Each delta is twice the one before in GF(2^128), big-endian. */
function putDeltas(start: Uint8Array, count: number): void {
  const view = new DataView(start.buffer, start.byteOffset);
  let a = view.getInt32(0);
  let b = view.getInt32(4);
  let c = view.getInt32(8);
  let d = view.getInt32(12);
  for (let at = 0; at < count * BLOCK; at += BLOCK) {
    const carry = a < 0 ? 0x87 : 0;
    a = (a << 1) | (b >>> 31);
    b = (b << 1) | (c >>> 31);
    c = (c << 1) | (d >>> 31);
    d = (d << 1) ^ carry;
    deltasView.setInt32(at, a);
    deltasView.setInt32(at + 4, b);
    deltasView.setInt32(at + 8, c);
    deltasView.setInt32(at + 12, d);
  }
}

function xorDeltas(length: number): void {
  for (let at = 0; at < length; at += 4) blocksView.setInt32(at, blocksView.getInt32(at) ^ deltasView.getInt32(at));
}

function addToChecksum(length: number): void {
  for (let at = 0; at < length; at += 4) {
    const word = at & (BLOCK - 1);
    checksumView.setInt32(word, checksumView.getInt32(word) ^ blocksView.getInt32(at));
  }
}

/** All but its last byte, from which the attack would make the length of a text. */
function isNearlyZero(at: number): boolean {
  let sum = 0;
  for (let i = 0; i < BLOCK - 1; i++) sum |= blocks[at + i]!;
  return sum === 0;
}

/** The number of bits in the last block, as a block, masked with its delta. */
function putLength(at: number, length: number): void {
  blocks.set(deltas.subarray(at, at + BLOCK), at);
  const bits = 8 * length;
  blocks[at + BLOCK - 2]! ^= bits >> 8;
  blocks[at + BLOCK - 1]! ^= bits & 0xff;
}

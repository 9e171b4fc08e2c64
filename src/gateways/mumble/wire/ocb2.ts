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
const beginnings: Uint8Array[] = [];
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
    const lastAt = wholeBlocks(text.length) * BLOCK;
    putDeltas(start, lastAt + BLOCK);
    maskText(text, lastAt);
    putLength(lastAt, text.length - lastAt);
    const sealed = this.#cipher.update(blocksUpTo(lastAt + BLOCK));
    for (let i = 0; i < lastAt; i++) into[at + i] = sealed[i]! ^ deltas[i]!;
    // The last block is masked; what of the mask is left over belongs to the checksum.
    for (let i = lastAt; i < text.length; i++) {
      into[at + i] = text[i]! ^ sealed[i]!;
      checksum[i - lastAt]! ^= text[i]!;
    }
    for (let i = text.length; i < lastAt + BLOCK; i++) checksum[i - lastAt]! ^= sealed[i]!;
    return this.#finish(lastAt, nextNonce);
  }

  /**
   * Decrypts `sealed`, of at most `MAX_TEXT_BYTES`, to `into`. The caller compares the tag.
   * @param start of this nonce
   * @param nextNonce so that its start needs no call of its own
   * @returns the tag (16 bytes) and behind it the start of `nextNonce`; null if the packet may come from the attack
   */
  open(sealed: Uint8Array, into: Uint8Array, start: Uint8Array, nextNonce: Uint8Array): Uint8Array | null {
    const lastAt = wholeBlocks(sealed.length) * BLOCK;
    putDeltas(start, lastAt + BLOCK);
    for (let i = 0; i < BLOCK; i++) checksum[i] = 0;
    if (lastAt > 0) {
      for (let i = 0; i < lastAt; i++) blocks[i] = sealed[i]! ^ deltas[i]!;
      const opened = this.#decipher.update(blocksUpTo(lastAt));
      for (let i = 0; i < lastAt; i++) {
        const byte = opened[i]! ^ deltas[i]!;
        into[i] = byte;
        checksum[i & (BLOCK - 1)]! ^= byte;
      }
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
    for (let i = lastAt; i < sealed.length; i++) into[i] = last[i - lastAt]!;
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
    for (let i = 0; i < BLOCK; i++) finish[BLOCK + i] = nextNonce[i]!;
    return this.#cipher.update(finish);
  }
}

/** All blocks but the last, which has 1 to 16 bytes, or none if there is no text. */
function wholeBlocks(length: number): number {
  return length === 0 ? 0 : Math.ceil(length / BLOCK) - 1;
}

/** Each delta is twice the one before in GF(2^128), big-endian. */
function putDeltas(start: Uint8Array, bytes: number): void {
  let a = wordAt(start, 0);
  let b = wordAt(start, 4);
  let c = wordAt(start, 8);
  let d = wordAt(start, 12);
  for (let at = 0; at < bytes; at += BLOCK) {
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

/** Puts the whole blocks of a text where they are encrypted, masked with their deltas, and their sum into the checksum. */
function maskText(text: Uint8Array, bytes: number): void {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let at = 0; at < bytes; at += BLOCK) {
    let first = wordAt(text, at);
    const second = wordAt(text, at + 4);
    const third = wordAt(text, at + 8);
    const fourth = wordAt(text, at + 12);
    // All but the last byte are 0: the attack would make the length of a text from that. The blocks before may be so.
    if (at + BLOCK === bytes && (first | second | third | (fourth >>> 8)) === 0) first = 1 << 24;
    a ^= first;
    b ^= second;
    c ^= third;
    d ^= fourth;
    blocksView.setInt32(at, first ^ deltasView.getInt32(at));
    blocksView.setInt32(at + 4, second ^ deltasView.getInt32(at + 4));
    blocksView.setInt32(at + 8, third ^ deltasView.getInt32(at + 8));
    blocksView.setInt32(at + 12, fourth ^ deltasView.getInt32(at + 12));
  }
  checksumView.setInt32(0, a);
  checksumView.setInt32(4, b);
  checksumView.setInt32(8, c);
  checksumView.setInt32(12, d);
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** The beginning of the blocks, as a view that is made once for each length. */
function blocksUpTo(bytes: number): Uint8Array {
  beginnings[bytes / BLOCK] ??= blocks.subarray(0, bytes);
  return beginnings[bytes / BLOCK]!;
}

/** The number of bits in the last block, as a block, masked with its delta. */
function putLength(at: number, length: number): void {
  for (let i = at; i < at + BLOCK; i++) blocks[i] = deltas[i]!;
  const bits = 8 * length;
  blocks[at + BLOCK - 2]! ^= bits >> 8;
  blocks[at + BLOCK - 1]! ^= bits & 0xff;
}

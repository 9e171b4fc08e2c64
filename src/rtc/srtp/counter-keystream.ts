/**
 * AES in counter mode for both profiles, from one ECB cipher that lives as long as its key. `node:crypto` needs a new
 * native object per initialisation vector. A plain block cipher has none, so the counters are written here and
 * encrypted in one call. The next packets of a sender are predictable (same SSRC, next index), so their keystream is
 * made in the same call.
 */
import { type Cipher, createCipheriv } from 'node:crypto';

export interface CounterKeystreamOptions {
  /** AES-128 session key. */
  readonly key: Uint8Array;
  /** Session salt, 12 or 14 bytes. */
  readonly salt: Uint8Array;
  readonly layout: 'cm' | 'gcm';
  /** Number of packets whose keystream is made at once; 1 if the next index is not predictable. */
  readonly packetsAhead: number;
}

const BLOCK = 16;
/** Blocks beyond what this packet needs, in case the next ones are longer. */
const SPARE_BLOCKS = 2;

let counters = Buffer.alloc(0);

export class CounterKeystream {
  readonly #cipher: Cipher;
  readonly #gcm: boolean;
  readonly #packetsAhead: number;
  readonly #salt0: number;
  readonly #salt1: number;
  readonly #salt2: number;
  readonly #salt3: number;
  #ssrc = 0;
  #firstIndex = 0;
  #packets = 0;
  #blocksEach = 0;
  /** The keystream that `at` points into. */
  bytes: Uint8Array = new Uint8Array(0);

  constructor(options: CounterKeystreamOptions) {
    this.#cipher = createCipheriv('aes-128-ecb', options.key, null).setAutoPadding(false);
    this.#gcm = options.layout === 'gcm';
    this.#packetsAhead = options.packetsAhead;
    const salt = Buffer.alloc(BLOCK);
    salt.set(options.salt);
    this.#salt0 = salt.readInt32BE(0);
    this.#salt1 = salt.readInt32BE(4);
    this.#salt2 = salt.readInt32BE(8);
    this.#salt3 = salt.readInt32BE(12);
  }

  /** Encrypts one block, for the hash key of GCM. */
  encryptBlock(block: Uint8Array): Uint8Array {
    return this.#cipher.update(block);
  }

  /**
   * Where in `bytes` the keystream of the packet (`ssrc`, 48-bit `index`) starts, at least `blocks` blocks long. Its
   * first block masks the tag with GCM (counter 1), and is the first one of the payload with AES-CM (counter 0). Valid
   * until the next call.
   */
  at(ssrc: number, index: number, blocks: number): number {
    const ahead = index - this.#firstIndex;
    if (ssrc !== this.#ssrc || ahead < 0 || ahead >= this.#packets || blocks > this.#blocksEach) {
      this.#generate(ssrc, index, blocks);
      return 0;
    }
    return ahead * this.#blocksEach * BLOCK;
  }

  #generate(ssrc: number, index: number, blocks: number): void {
    const packets = this.#packetsAhead;
    const each = packets === 1 ? blocks : blocks + SPARE_BLOCKS;
    const size = packets * each * BLOCK;
    if (counters.length < size) counters = Buffer.alloc(size);
    let at = 0;
    for (let p = 0; p < packets; p++) {
      const packetIndex = index + p;
      const high = Math.floor(packetIndex / 0x1_0000_0000);
      const low = packetIndex % 0x1_0000_0000;
      // RFC 7714 sections 8.1 and 9.1, RFC 3711 section 4.1.1. A SRTCP index fits the same places.
      const w0 = this.#gcm ? this.#salt0 ^ (ssrc >>> 16) : this.#salt0;
      const w1 = this.#gcm ? this.#salt1 ^ ((ssrc << 16) | high) : this.#salt1 ^ ssrc;
      const w2 = this.#gcm ? this.#salt2 ^ low : this.#salt2 ^ ((high << 16) | (low >>> 16));
      const w3 = this.#gcm ? 1 : this.#salt3 ^ (low << 16);
      for (let block = 0; block < each; block++) {
        writeWord(at, w0);
        writeWord(at + 4, w1);
        writeWord(at + 8, w2);
        writeWord(at + 12, w3 + block);
        at += BLOCK;
      }
    }
    this.bytes = this.#cipher.update(counters.subarray(0, size));
    this.#ssrc = ssrc;
    this.#firstIndex = index;
    this.#packets = packets;
    this.#blocksEach = each;
  }
}

function writeWord(at: number, value: number): void {
  counters[at] = value >>> 24;
  counters[at + 1] = value >>> 16;
  counters[at + 2] = value >>> 8;
  counters[at + 3] = value;
}

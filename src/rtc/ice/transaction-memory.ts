import { readUint32 } from '../../lib/bytes.ts';

/** Browsers check a quiet path every 2.5 to 5 s, so this lasts for ten minutes or more. */
const REMEMBERED = 256;
/** 96 bits in words of 32. */
const WORDS = 3;

/** The last 256 STUN transactions of one peer. */
export class TransactionMemory {
  readonly #words = new Uint32Array(REMEMBERED * WORDS);
  #count = 0;

  /** False if the transaction (12 bytes) is already known. */
  add(transactionId: Uint8Array): boolean {
    const first = readUint32(transactionId, 0);
    const second = readUint32(transactionId, 4);
    const third = readUint32(transactionId, 8);
    const words = this.#words;
    const end = Math.min(this.#count, REMEMBERED) * WORDS;
    for (let at = 0; at < end; at += WORDS) {
      if (words[at] === first && words[at + 1] === second && words[at + 2] === third) return false;
    }
    const at = (this.#count % REMEMBERED) * WORDS;
    words[at] = first;
    words[at + 1] = second;
    words[at + 2] = third;
    this.#count++;
    return true;
  }
}

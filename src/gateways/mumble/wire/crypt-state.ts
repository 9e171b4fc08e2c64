/**
 * The encryption of one client's UDP packets. A packet begins with the lowest byte of a counter and three bytes of the
 * tag. With a tag of 24 bits one forgery in 16.7 million is taken, so nothing is believed but sound and pings.
 */
import { BLOCK, MAX_TEXT_BYTES, Ocb2 } from './ocb2.ts';

export interface CryptKeys {
  /** All three have 16 bytes. */
  readonly key: Uint8Array;
  /** The counter of what we send. */
  readonly sendIv: Uint8Array;
  /** The counter of what the peer sends. */
  readonly receiveIv: Uint8Array;
}

/** What came of the peer's packets. `lost` includes those that are late. */
export interface CryptCounts {
  readonly good: number;
  readonly late: number;
  readonly lost: number;
  readonly resyncs: number;
}

/** Bytes before the encrypted text. */
export const CRYPT_OVERHEAD = 4;
/** Packets may be this late. */
const MAX_LATE = 29;
/** Further ahead a packet counts as late, because the counter's lowest byte does not tell which it is. */
const MAX_AHEAD = 128;
const NEVER = -1;

export class CryptState {
  readonly key: Uint8Array;
  readonly #ocb: Ocb2;
  /** Of the last packet. */
  readonly #sendIv: Uint8Array;
  readonly #nextSendIv: Uint8Array;
  readonly #sendStart: Uint8Array;
  readonly #receiveIv: Uint8Array;
  /** What `Ocb2.start` gives for the counter after `#receiveIv`. */
  #receiveStart: Uint8Array;
  /** Of the packet that is being decrypted, and after it. */
  readonly #iv = new Uint8Array(BLOCK);
  readonly #ivAfter = new Uint8Array(BLOCK);
  /** The second byte of the counter by its lowest, of packets that came. */
  readonly #seen = new Int16Array(256).fill(NEVER);
  readonly #text = new Uint8Array(MAX_TEXT_BYTES);
  #good = 0;
  #late = 0;
  #lost = 0;
  #resyncs = 0;

  constructor({ key, sendIv, receiveIv }: CryptKeys) {
    this.key = key;
    this.#ocb = new Ocb2(key);
    this.#sendIv = Uint8Array.from(sendIv);
    this.#nextSendIv = Uint8Array.from(sendIv);
    increase(this.#nextSendIv);
    this.#sendStart = Uint8Array.from(this.#ocb.start(this.#nextSendIv));
    this.#receiveIv = Uint8Array.from(receiveIv);
    this.#receiveStart = this.#startAfter(this.#receiveIv);
  }

  get counts(): CryptCounts {
    return { good: this.#good, late: this.#late, lost: this.#lost, resyncs: this.#resyncs };
  }

  /** Packets of the peer that were decrypted. */
  get good(): number {
    return this.#good;
  }

  /** What the peer takes as its counter of our packets when it cannot decrypt them. */
  get sendIv(): Uint8Array {
    return this.#sendIv;
  }

  /** The counter of what we receive. */
  get receiveIv(): Uint8Array {
    return this.#receiveIv;
  }

  /** The peer says where its counter is. False if that has not 16 bytes. */
  resync(receiveIv: Uint8Array): boolean {
    if (receiveIv.length !== BLOCK) return false;
    this.#receiveIv.set(receiveIv);
    this.#receiveStart = this.#startAfter(this.#receiveIv);
    this.#resyncs++;
    return true;
  }

  /**
   * Writes the packet for a text of at most `MAX_TEXT_BYTES` to the beginning of `into`.
   * @returns its length
   */
  encryptTo(into: Uint8Array, text: Uint8Array): number {
    const iv = this.#sendIv;
    const next = this.#nextSendIv;
    const start = this.#sendStart;
    for (let i = 0; i < BLOCK; i++) iv[i] = next[i]!;
    increase(next);
    const finished = this.#ocb.seal(text, into, CRYPT_OVERHEAD, start, next);
    for (let i = 0; i < BLOCK; i++) start[i] = finished[BLOCK + i]!;
    into[0] = iv[0]!;
    for (let i = 1; i < CRYPT_OVERHEAD; i++) into[i] = finished[i - 1]!;
    return CRYPT_OVERHEAD + text.length;
  }

  /** The same as an array of its own, which the socket may keep. */
  encrypt(text: Uint8Array): Uint8Array {
    const packet = Buffer.allocUnsafe(CRYPT_OVERHEAD + text.length);
    this.encryptTo(packet, text);
    return packet;
  }

  /**
   * The text of a packet, as a view that the next call reuses; null if the packet is forged, repeated, older than
   * `MAX_LATE` packets, or if so many are missing that the counter is unknown.
   */
  decrypt(packet: Uint8Array): Uint8Array | null {
    if (packet.length < CRYPT_OVERHEAD || packet.length > CRYPT_OVERHEAD + MAX_TEXT_BYTES) return null;
    const iv = this.#iv;
    iv.set(this.#receiveIv);
    const step = (packet[0]! - iv[0]!) & 0xff;
    const isAhead = step > 0 && step <= MAX_AHEAD;
    if (!isAhead && step < 256 - MAX_LATE) return null;
    const isLower = packet[0]! < iv[0]!;
    iv[0] = packet[0]!;
    if (isAhead && isLower) increase(iv, 1);
    else if (!isAhead && !isLower) decrease(iv, 1);
    if (step !== 1 && this.#seen[iv[0]!] === iv[1]) return null;
    const text = this.#open(packet, step === 1 ? this.#receiveStart : this.#ocb.start(iv), isAhead);
    if (text === null) return null;
    this.#seen[iv[0]!] = iv[1]!;
    this.#good++;
    if (isAhead) {
      this.#lost += step - 1;
    } else {
      this.#late++;
      this.#lost = Math.max(0, this.#lost - 1);
    }
    return text;
  }

  #open(packet: Uint8Array, start: Uint8Array, isAhead: boolean): Uint8Array | null {
    this.#ivAfter.set(this.#iv);
    increase(this.#ivAfter);
    const finished = this.#ocb.open(packet.subarray(CRYPT_OVERHEAD), this.#text, start, this.#ivAfter);
    if (finished === null) return null;
    const differs = (finished[0]! ^ packet[1]!) | (finished[1]! ^ packet[2]!) | (finished[2]! ^ packet[3]!);
    if (differs !== 0) return null;
    if (isAhead) {
      this.#receiveIv.set(this.#iv);
      this.#receiveStart = finished.subarray(BLOCK);
    }
    return this.#text.subarray(0, packet.length - CRYPT_OVERHEAD);
  }

  #startAfter(iv: Uint8Array): Uint8Array {
    this.#ivAfter.set(iv);
    increase(this.#ivAfter);
    return this.#ocb.start(this.#ivAfter);
  }
}

/** Little-endian, from the byte `first` on. */
function increase(iv: Uint8Array, first = 0): void {
  for (let i = first; i < BLOCK; i++) {
    iv[i] = iv[i]! + 1;
    if (iv[i] !== 0) return;
  }
}

function decrease(iv: Uint8Array, first: number): void {
  for (let i = first; i < BLOCK; i++) {
    iv[i] = iv[i]! - 1;
    if (iv[i] !== 0xff) return;
  }
}

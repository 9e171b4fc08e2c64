import { distance16 } from '../../src/lib/serial.ts';

/** What one participant received since the last reset. */
export interface ReceiveReport {
  readonly packets: number;
  readonly bytes: number;
  /** Sequence numbers that never came. */
  readonly lost: number;
  /** Came after a higher number, or twice. */
  readonly outOfOrder: number;
  /** Longest time from one packet to the next, apart from the pauses that the server makes in silence. */
  readonly largestGapMs: number;
}

/** RTP header, three bytes of Opus and the tag of AES-GCM: a packet no longer than this says that silence follows. */
const SILENCE_BYTES = 12 + 3 + 16;

/** Counts RTP by its clear header: nothing is decrypted. */
export class ReceiveCounters {
  #packets = 0;
  #bytes = 0;
  #lost = 0;
  #outOfOrder = 0;
  #largestGapMs = 0;
  #lastAtMs: number | undefined;
  #lastSequenceNumber: number | undefined;

  count(packet: Uint8Array, nowMs: number): void {
    this.#packets++;
    this.#bytes += packet.length;
    if (this.#lastAtMs !== undefined && nowMs - this.#lastAtMs > this.#largestGapMs) {
      this.#largestGapMs = nowMs - this.#lastAtMs;
    }
    this.#lastAtMs = packet.length > SILENCE_BYTES ? nowMs : undefined;
    const sequenceNumber = (packet[2]! << 8) | packet[3]!;
    const step = this.#lastSequenceNumber === undefined ? 1 : distance16(sequenceNumber, this.#lastSequenceNumber);
    if (step <= 0) {
      this.#outOfOrder++;
      if (step < 0) this.#lost--;
      return;
    }
    this.#lost += step - 1;
    this.#lastSequenceNumber = sequenceNumber;
  }

  report(): ReceiveReport {
    return {
      packets: this.#packets,
      bytes: this.#bytes,
      lost: Math.max(0, this.#lost),
      outOfOrder: this.#outOfOrder,
      largestGapMs: this.#largestGapMs,
    };
  }

  /** Starts again; the last packet stays known, so that a gap across the reset counts. */
  reset(): void {
    this.#packets = 0;
    this.#bytes = 0;
    this.#lost = 0;
    this.#outOfOrder = 0;
    this.#largestGapMs = 0;
  }
}

import { distance16 } from '../../src/lib/serial.ts';

/** What one participant received since the last reset. */
export interface ReceiveReport {
  readonly packets: number;
  readonly bytes: number;
  /** Sequence numbers that never arrived. */
  readonly lost: number;
  /** Packets that arrived after a higher number, or twice. */
  readonly outOfOrder: number;
  /**
   * The longest time from one packet to the next. The pauses that the server makes in silence are left out, and so is
   * the time during which this process may have left the second packet unread.
   */
  readonly largestGapMs: number;
  /** By how much those pauses exceeded 20 ms, in total. */
  readonly pausedMs: number;
}

const PTIME_MS = 20;

/** RTP header, three bytes of Opus and the tag of AES-GCM. A packet that is no longer than this announces silence. */
const SILENCE_BYTES = 12 + 3 + 16;

/** Counts RTP packets by their clear headers. Nothing is decrypted. */
export class ReceiveCounters {
  #packets = 0;
  #bytes = 0;
  #lost = 0;
  #outOfOrder = 0;
  #largestGapMs = 0;
  #pausedMs = 0;
  #lastAtMs: number | undefined;
  #silent = false;
  #lastSequenceNumber: number | undefined;
  #firstSoundAtMs: number | undefined;

  /** When the first packet with sound in it arrived. A reset does not clear this. */
  get firstSoundAtMs(): number | undefined {
    return this.#firstSoundAtMs;
  }

  /** @param waitMs how long the packet may have waited before it was read, at most */
  count(packet: Uint8Array, nowMs: number, waitMs = 0): void {
    this.#packets++;
    this.#bytes += packet.length;
    const gapMs = nowMs - waitMs - (this.#lastAtMs ?? nowMs);
    if (this.#silent) this.#pausedMs += this.#pauseMs(nowMs);
    else if (gapMs > this.#largestGapMs) this.#largestGapMs = gapMs;
    this.#lastAtMs = nowMs;
    this.#silent = packet.length <= SILENCE_BYTES;
    if (!this.#silent) this.#firstSoundAtMs ??= nowMs;
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

  report(nowMs: number): ReceiveReport {
    return {
      packets: this.#packets,
      bytes: this.#bytes,
      lost: Math.max(0, this.#lost),
      outOfOrder: this.#outOfOrder,
      largestGapMs: this.#largestGapMs,
      pausedMs: this.#pausedMs + this.#pauseMs(nowMs),
    };
  }

  /**
   * Starts over. The last packet is remembered, so that a gap across the reset counts. Of a pause, only the part after
   * the reset counts.
   */
  reset(nowMs: number): void {
    if (this.#silent) this.#lastAtMs = nowMs;
    this.#packets = 0;
    this.#bytes = 0;
    this.#lost = 0;
    this.#outOfOrder = 0;
    this.#largestGapMs = 0;
    this.#pausedMs = 0;
  }
  /** How much longer than usual the server has been silent. */
  #pauseMs(nowMs: number): number {
    return this.#silent ? Math.max(0, nowMs - (this.#lastAtMs ?? nowMs) - PTIME_MS) : 0;
  }
}

/**
 * What a receiver reports about a source: RFC 3550 appendix A.1 (sequence numbers), A.3 (loss) and A.8 (jitter).
 * Packets have passed SRTP, so there is no probation of new sources, and no packet comes twice.
 */
import { distance16 } from '../../lib/serial.ts';

export class ReceiveStatistics {
  /** Packets received. */
  received = 0;
  readonly #clockRateKhz: number;
  #base = 0;
  #highest = -1;
  #lastTransit = 0;
  #jitter = 0;
  #reportedExpected = 0;
  #reportedReceived = 0;

  constructor(clockRateHz: number) {
    this.#clockRateKhz = clockRateHz / 1000;
  }

  /** One packet, at its arrival. */
  receive(sequenceNumber: number, timestamp: number, nowMs: number): void {
    this.received++;
    // Transit times wrap with the timestamp; only their difference is used.
    const transit = (Math.round(nowMs * this.#clockRateKhz) - timestamp) | 0;
    if (this.#highest < 0) {
      // One cycle up, so that a packet older than the first has a sequence number above zero too.
      this.#base = sequenceNumber + 0x1_0000;
      this.#highest = this.#base;
    } else {
      const extended = this.#highest + distance16(sequenceNumber, this.#highest);
      if (extended > this.#highest) this.#highest = extended;
      else if (extended < this.#base) this.#base = extended;
      this.#jitter += (Math.abs((transit - this.#lastTransit) | 0) - this.#jitter) / 16;
    }
    this.#lastTransit = transit;
  }

  /** Packets that should have arrived. */
  get expected(): number {
    return this.#highest < 0 ? 0 : this.#highest - this.#base + 1;
  }

  get lost(): number {
    return this.expected - this.received;
  }

  /** Interarrival jitter in timestamp units. */
  get jitter(): number {
    return Math.floor(this.#jitter);
  }

  /** The highest sequence number with its cycles, 32 bits. */
  get highestSequenceNumber(): number {
    return this.#highest < 0 ? 0 : (this.#highest - 0x1_0000) >>> 0;
  }

  /** Packets that should have arrived since the last `takeFractionLost`. */
  get expectedSinceReport(): number {
    return this.expected - this.#reportedExpected;
  }

  /** The part lost since the last call, in 1/256; starts the next interval. */
  takeFractionLost(): number {
    const expected = this.expectedSinceReport;
    const lost = expected - (this.received - this.#reportedReceived);
    this.#reportedExpected = this.expected;
    this.#reportedReceived = this.received;
    return expected <= 0 || lost <= 0 ? 0 : Math.min(255, Math.floor((lost * 256) / expected));
  }
}

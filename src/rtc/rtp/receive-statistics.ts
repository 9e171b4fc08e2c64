/**
 * What a receiver reports about a source: RFC 3550 appendix A.1 (sequence numbers), A.3 (loss) and A.8 (jitter).
 * Packets have passed SRTP, so new sources need no probation and no packet arrives twice. A sequence number that jumps
 * further than the elapsed time explains starts a new sequence, as any large jump does in A.1, and does not count as
 * loss.
 */
import { PlausibleLoss } from '../../formats/plausible-loss.ts';
import { distance16 } from '../../lib/serial.ts';

/** The usual duration of a packet; timestamps reveal shorter ones. */
const USUAL_PACKET_MS = 20;
/** For Opus (RFC 6716 section 2.1.4). */
const SHORTEST_PACKET_MS = 2.5;
/** How far behind a packet may be because the network reorders packets (RFC 3550 appendix A.1). */
const MAX_MISORDER = 100;

export class ReceiveStatistics {
  /** Packets received. */
  received = 0;
  readonly #clockRateKhz: number;
  readonly #plausible: PlausibleLoss;
  #packetSamples: number;
  /** Two consecutive packets have arrived, so their timestamps show the duration. */
  #knowsDuration = false;
  #base = 0;
  /** The earliest start of the current sequence; older packets were expected earlier, or never. */
  #leastBase = 0;
  #highest = -1;
  /** The timestamp of the packet with the highest sequence number. */
  #timestamp = 0;
  #lastTransit = 0;
  #jitter = 0;
  #reportedExpected = 0;
  #reportedReceived = 0;

  constructor(clockRateHz: number) {
    this.#clockRateKhz = clockRateHz / 1000;
    this.#plausible = new PlausibleLoss(this.#clockRateKhz);
    this.#packetSamples = USUAL_PACKET_MS * this.#clockRateKhz;
  }

  /** Records one packet on arrival. */
  receive(sequenceNumber: number, timestamp: number, nowMs: number): void {
    this.received++;
    // Transit times wrap with the timestamp; only their difference is used.
    const transit = (Math.round(nowMs * this.#clockRateKhz) - timestamp) | 0;
    if (this.#highest < 0) {
      // One cycle up, so that a packet older than the first has a positive sequence number, too.
      this.#base = sequenceNumber + 0x1_0000;
      this.#leastBase = this.#base - MAX_MISORDER;
      this.#highest = this.#base;
      this.#timestamp = timestamp;
    } else {
      const step = distance16(sequenceNumber, this.#highest);
      if (step > 0) this.#advance(step, timestamp, nowMs);
      else this.#base = Math.max(this.#leastBase, Math.min(this.#base, this.#highest + step));
      this.#jitter += (Math.abs((transit - this.#lastTransit) | 0) - this.#jitter) / 16;
    }
    this.#lastTransit = transit;
  }

  #advance(step: number, timestamp: number, nowMs: number): void {
    this.#learnDuration(step, (timestamp - this.#timestamp) | 0);
    this.#highest += step;
    this.#timestamp = timestamp;
    if (this.#plausible.follow(step, this.#packetSamples, nowMs)) return;
    this.#base += step - 1;
    this.#leastBase = this.#base;
  }

  /** Timestamps may skip time in which nothing was sent, so the shortest distance counts. */
  #learnDuration(step: number, samples: number): void {
    if (step === 1) this.#knowsDuration = true;
    else if (this.#knowsDuration) return;
    const packetSamples = step === 1 ? samples : Math.floor(samples / step);
    if (packetSamples >= this.#packetSamples || packetSamples < SHORTEST_PACKET_MS * this.#clockRateKhz) return;
    this.#packetSamples = packetSamples;
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

  /** The fraction lost since the last call, in 1/256; starts the next interval. */
  takeFractionLost(): number {
    const expected = this.expectedSinceReport;
    const lost = expected - (this.received - this.#reportedReceived);
    this.#reportedExpected = this.expected;
    this.#reportedReceived = this.received;
    return lost <= 0 ? 0 : Math.min(255, Math.floor((lost * 256) / expected));
  }
}

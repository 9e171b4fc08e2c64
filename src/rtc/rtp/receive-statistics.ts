/**
 * What a receiver reports about a source: RFC 3550 appendix A.1 (sequence numbers), A.3 (loss) and A.8 (jitter).
 * Packets have passed SRTP, so there is no probation of new sources, and no packet comes twice. A sequence number that jumps further
 * than the time that has passed explains is taken for the start of a new sequence, as A.1 does with any large jump: nothing is lost by it.
 */
import { PlausibleLoss } from '../../formats/plausible-loss.ts';
import { distance16 } from '../../lib/serial.ts';

/** The usual duration of a packet; streams of shorter ones show it by their timestamps. */
const USUAL_PACKET_MS = 20;
/** Of Opus (RFC 6716 section 2.1.4). */
const SHORTEST_PACKET_MS = 2.5;
/** So far behind a packet may come because the network has reordered packets (RFC 3550 appendix A.1). */
const MAX_MISORDER = 100;

export class ReceiveStatistics {
  /** Packets received. */
  received = 0;
  readonly #clockRateKhz: number;
  readonly #plausible: PlausibleLoss;
  #packetSamples: number;
  /** Two packets in a row have come, so their timestamps tell the duration. */
  #knowsDuration = false;
  #base = 0;
  /** The present sequence starts here at the earliest; what is older was expected before, or never. */
  #leastBase = 0;
  #highest = -1;
  /** Of the packet with the highest sequence number. */
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

  /** One packet, at its arrival. */
  receive(sequenceNumber: number, timestamp: number, nowMs: number): void {
    this.received++;
    // Transit times wrap with the timestamp; only their difference is used.
    const transit = (Math.round(nowMs * this.#clockRateKhz) - timestamp) | 0;
    if (this.#highest < 0) {
      // One cycle up, so that a packet older than the first has a sequence number above zero too.
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

  /** Timestamps may leave out time in which nothing was sent, so the shortest distance counts. */
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

  /** The part lost since the last call, in 1/256; starts the next interval. */
  takeFractionLost(): number {
    const expected = this.expectedSinceReport;
    const lost = expected - (this.received - this.#reportedReceived);
    this.#reportedExpected = this.expected;
    this.#reportedReceived = this.received;
    return expected <= 0 || lost <= 0 ? 0 : Math.min(255, Math.floor((lost * 256) / expected));
  }
}

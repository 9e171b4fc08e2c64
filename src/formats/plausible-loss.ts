/**
 * Decides whether packets missing from a stream can really have been lost. Sequence numbers are only a claim: if they
 * jump ahead, nothing was lost, but a receiver that trusts them counts a thousand lost packets for each jump.
 * Packets are sent in real time, so a stream cannot lose more of them than the elapsed time allows.
 */
import type { Millis } from '../lib/clock.ts';

/** How much less delay later packets may have than the first one. */
const MARGIN_MS: Millis = 1000;
/** After this long without a packet the connection is given up, so no outage is longer. */
const LONGEST_OUTAGE_MS: Millis = 30_000;
/** The sender's clock may be faster than ours, by much more than any real one is. */
const FASTEST_SENDER = 1.002;

/** Follows one stream by its packets in the order of their sequence numbers. */
export class PlausibleLoss {
  readonly #samplesPerMs: number;
  /** Samples per packet, according to the latest packets. */
  #packetSamples = 0;
  /** Consecutive packets since the time was last settled. While none is missing, counting them is enough. */
  #unsettledPackets = 0;
  #settledMs: Millis | undefined;
  /** Elapsed time that the packets received so far do not account for. */
  #unexplainedMs: Millis = MARGIN_MS;

  constructor(samplesPerMs: number) {
    this.#samplesPerMs = samplesPerMs;
  }

  /**
   * One packet that is newer than all before it, at its arrival.
   * @param step how much higher its sequence number is than that of the newest packet before it
   * @param packetSamples duration of one packet of this stream
   * @returns whether the packets in between can have been sent in the elapsed time; they are then accounted for
   */
  follow(step: number, packetSamples: number, nowMs: Millis): boolean {
    if (step === 1 && packetSamples === this.#packetSamples) {
      this.#unsettledPackets++;
      return true;
    }
    this.#settle(nowMs);
    this.#packetSamples = packetSamples;
    const packetMs = packetSamples / this.#samplesPerMs;
    const isPlausible = step <= 1 || step * packetMs <= this.#unexplainedMs;
    this.#explain(isPlausible ? step * packetMs : packetMs);
    return isPlausible;
  }

  #settle(nowMs: Millis): void {
    const passedMs = nowMs - (this.#settledMs ?? nowMs);
    this.#settledMs = nowMs;
    this.#unexplainedMs += passedMs * FASTEST_SENDER;
    this.#explain((this.#unsettledPackets * this.#packetSamples) / this.#samplesPerMs);
    this.#unsettledPackets = 0;
  }

  #explain(ms: Millis): void {
    this.#unexplainedMs = Math.min(LONGEST_OUTAGE_MS, Math.max(0, this.#unexplainedMs - ms));
  }
}

/**
 * How much longer a source's packets should wait so that the copy of a lost one in a later packet (RFC 2198) arrives
 * before its turn. Nothing while there is no loss, because then copies are not worth any delay.
 */
import { SAMPLES_PER_MS } from '../format.ts';

/** Weight of the newest packet: the loss share covers about the last two seconds. */
const WEIGHT = 0.01;
/** Rarer losses are concealed well enough. A single loss stays below this. */
const MIN_LOSS_SHARE = 0.01;
/** Copies that arrive later than this are not waited for: the delay would be worse than the loss. */
const MAX_WAIT_MS = 60;
/** A sender without copies for this long is assumed to send none. */
const IN_USE_MS = 1000;

export class RedundancyWait {
  #lossShare = 0;
  #copyTimestamp: number | undefined;
  #distanceMs = 0;
  #inUseUntilMs = Number.NEGATIVE_INFINITY;

  /** A copy has arrived; its packet follows. If there are several, the one closest to that packet comes last. */
  copy(timestamp: number): void {
    this.#copyTimestamp = timestamp;
  }

  /** A packet has arrived, after its copies. Timestamps are unwrapped, in samples. */
  packet(timestamp: number, nowMs: number): void {
    if (this.#copyTimestamp === undefined) return;
    const distanceMs = (timestamp - this.#copyTimestamp) / SAMPLES_PER_MS;
    this.#copyTimestamp = undefined;
    if (distanceMs <= 0 || distanceMs > MAX_WAIT_MS) return;
    this.#distanceMs = distanceMs;
    this.#inUseUntilMs = nowMs + IN_USE_MS;
  }

  /** A packet's turn has come: it had arrived, or it was lost, with or without a copy. */
  played(lost: boolean): void {
    this.#lossShare += ((lost ? 1 : 0) - this.#lossShare) * WEIGHT;
  }

  /** Added to the delay that jitter requires: a copy jitters as much as any packet. */
  waitMs(nowMs: number): number {
    return this.#lossShare > MIN_LOSS_SHARE && nowMs < this.#inUseUntilMs ? this.#distanceMs : 0;
  }
}

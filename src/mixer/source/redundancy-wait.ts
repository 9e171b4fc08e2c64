/**
 * How much longer a source's packets should wait so that, when one is lost, its copy in a later packet (RFC 2198) comes
 * before its turn. Nothing while nothing is lost: then the copies are not worth any delay.
 */
import { SAMPLES_PER_MS } from '../format.ts';

/** Weight of the newest packet: the share of losses is that of about the last two seconds. */
const WEIGHT = 0.01;
/** Losses rarer than this are concealed well enough. One loss alone is not more. */
const MIN_LOSS_SHARE = 0.01;
/** Copies that come later than this are not waited for: the delay would be worse than the loss. */
const MAX_WAIT_MS = 60;
/** A sender that has sent no copies for so long sends none. */
const IN_USE_MS = 1000;

export class RedundancyWait {
  #lossShare = 0;
  #copyTimestamp: number | undefined;
  #distanceMs = 0;
  #inUseUntilMs = Number.NEGATIVE_INFINITY;

  /** A copy has come; the packet that it came in follows. With several, the nearest to that packet comes last. */
  copy(timestamp: number): void {
    this.#copyTimestamp = timestamp;
  }

  /** A packet has come, after the copies in it. Timestamps are unwrapped, in samples. */
  packet(timestamp: number, nowMs: number): void {
    if (this.#copyTimestamp === undefined) return;
    const distanceMs = (timestamp - this.#copyTimestamp) / SAMPLES_PER_MS;
    this.#copyTimestamp = undefined;
    if (distanceMs <= 0 || distanceMs > MAX_WAIT_MS) return;
    this.#distanceMs = distanceMs;
    this.#inUseUntilMs = nowMs + IN_USE_MS;
  }

  /** It was the turn of a packet, which had come by itself, or else was lost: with a copy or without. */
  played(lost: boolean): void {
    this.#lossShare += ((lost ? 1 : 0) - this.#lossShare) * WEIGHT;
  }

  /** To be added to the delay that jitter asks for: a copy jitters as much as any packet. */
  waitMs(nowMs: number): number {
    return this.#lossShare > MIN_LOSS_SHARE && nowMs < this.#inUseUntilMs ? this.#distanceMs : 0;
  }
}

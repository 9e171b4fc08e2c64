import type { Millis } from '../lib/clock.ts';

/** The unused budget of this much time may be spent at once. */
export const BURST_MS: Millis = 2000;

/** On average, in bytes per second. */
export interface FanOutRates {
  readonly each: number;
  /** For all listeners of one room together. */
  readonly inAll: number;
}

/**
 * The byte budget for what a room sends to its own people. It is kept as time: after sending, the room waits, longer
 * the more people received it. A message larger than the whole burst can therefore be sent as well; the room then waits
 * afterwards.
 */
export class FanOutBudget {
  readonly #rates: FanOutRates;
  /** The time at which everything sent so far is within the average. */
  #paidMs: Millis = Number.NEGATIVE_INFINITY;

  constructor(rates: FanOutRates) {
    this.#rates = rates;
  }

  /** The time since which the unused budget has built up; in the future if too much was spent. */
  freeAtMs(nowMs: Millis): Millis {
    return Math.max(this.#paidMs, nowMs - BURST_MS);
  }

  /** Whether anything may be sent now. */
  has(nowMs: Millis): boolean {
    return this.#paidMs <= nowMs;
  }

  /** Time until something may be sent; 0 if it may be sent now. */
  waitMs(nowMs: Millis): Millis {
    return Math.max(0, this.#paidMs - nowMs);
  }

  /** Spends `bytes` for each of `listeners`. */
  spend(nowMs: Millis, bytes: number, listeners: number): void {
    const { each, inAll } = this.#rates;
    this.#paidMs = this.freeAtMs(nowMs) + 1000 * Math.max(bytes / each, (bytes * listeners) / inAll);
  }
}

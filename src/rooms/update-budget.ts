import type { Millis } from '../lib/clock.ts';

/** To one listener, on average: about twice the sound. */
export const BYTES_PER_SECOND_EACH = 16_384;
/** To all listeners of one room together, on average: about the sound of five hundred. */
export const BYTES_PER_SECOND_IN_ALL = 4_194_304;
/** What was not used in this time may go at once. */
export const BURST_MS: Millis = 2000;

/**
 * How many bytes one room may tell its people about each other. It is kept in time: what was sent has to be waited for afterwards, the longer the
 * more people it went to. So a message that is larger than the whole burst can be sent, too, and is paid for as well.
 */
export class UpdateBudget {
  /** Until then, everything that was sent is paid for. */
  #paidMs: Millis = Number.NEGATIVE_INFINITY;

  /** Since when there has been something to spend; in the future, if too much was spent. */
  freeAtMs(nowMs: Millis): Millis {
    return Math.max(this.#paidMs, nowMs - BURST_MS);
  }

  /** Whether anything may be sent now. */
  has(nowMs: Millis): boolean {
    return this.#paidMs <= nowMs;
  }

  /** So many bytes go to each of so many listeners now. */
  spend(nowMs: Millis, bytes: number, listeners: number): void {
    const seconds = Math.max(bytes / BYTES_PER_SECOND_EACH, (bytes * listeners) / BYTES_PER_SECOND_IN_ALL);
    this.#paidMs = this.freeAtMs(nowMs) + 1000 * seconds;
  }
}

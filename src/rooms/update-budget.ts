import type { Millis } from '../lib/clock.ts';

/** Per listener, on average: about twice the audio bit rate. */
export const BYTES_PER_SECOND_EACH = 16_384;
/** For all listeners of one room together, on average: about the audio bit rate of five hundred listeners. */
export const BYTES_PER_SECOND_IN_ALL = 4_194_304;
/** The unused budget of this much time may be spent at once. */
export const BURST_MS: Millis = 2000;

/**
 * The byte budget for a room's announcements to its own people. It is kept as time: after sending, the room waits,
 * longer the more people received it. A message larger than the whole burst can therefore be sent as well; the room
 * then waits afterwards.
 */
export class UpdateBudget {
  /** The time at which everything sent so far is within the average. */
  #paidMs: Millis = Number.NEGATIVE_INFINITY;

  /** The time since which the unused budget has built up; in the future if too much was spent. */
  freeAtMs(nowMs: Millis): Millis {
    return Math.max(this.#paidMs, nowMs - BURST_MS);
  }

  /** Whether anything may be sent now. */
  has(nowMs: Millis): boolean {
    return this.#paidMs <= nowMs;
  }

  /** Spends `bytes` for each of `listeners`. */
  spend(nowMs: Millis, bytes: number, listeners: number): void {
    const seconds = Math.max(bytes / BYTES_PER_SECOND_EACH, (bytes * listeners) / BYTES_PER_SECOND_IN_ALL);
    this.#paidMs = this.freeAtMs(nowMs) + 1000 * seconds;
  }
}

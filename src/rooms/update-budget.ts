import type { Millis } from '../lib/clock.ts';

/** Per listener, on average: about twice the audio bit rate. */
export const BYTES_PER_SECOND_EACH = 16_384;
/** For all listeners of one room together, on average: about the audio of five hundred. */
export const BYTES_PER_SECOND_IN_ALL = 4_194_304;
/** Unused budget of this duration may be spent at once. */
export const BURST_MS: Millis = 2000;

/**
 * The byte budget for a room's announcements to its own people. It is kept as time: after sending, the room waits,
 * longer the more people received it. A message larger than the whole burst can therefore be sent, too, and is paid for
 * afterwards.
 */
export class UpdateBudget {
  /** The time until which everything sent is paid for. */
  #paidMs: Millis = Number.NEGATIVE_INFINITY;

  /** Since when there is something to spend; in the future if too much was spent. */
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

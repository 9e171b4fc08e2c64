/**
 * Ticks that are late although the worker itself has time to spare: other programs have the processor, or other virtual
 * machines of the same host. Nothing that the worker could give up would help, so this is only said, to the operator.
 */
import type { Millis } from '../../lib/clock.ts';
import { PTIME_MS } from '../../mixer/format.ts';

/** Half a tick: packets that leave so late on average are late in the jitter buffers of those who hear them. */
const LATE_ABOVE_MS = PTIME_MS / 2;
const LATE_BELOW_MS = 3;
const SMOOTHED_OVER_MS = 1000;
/** A tick does not speak for more time than this: one long stall is soon over. */
const MAX_STEP_MS = 100;
const BEGINS_AFTER_MS = 1000;
/** Neighbours come and go; the log is to hear of it once a minute at most. */
const ENDS_AFTER_MS = 60_000;

export class StarvationWatch {
  #isStarved = false;
  #latenessMs = 0;
  #observedAtMs: Millis | undefined;
  /** Since when the state has been another than the one that was told. */
  #otherwiseSinceMs: Millis | undefined;

  get isStarved(): boolean {
    return this.#isStarved;
  }

  /** Smoothed. */
  get latenessMs(): Millis {
    return this.#latenessMs;
  }

  /**
   * One tick.
   * @param latenessMs how long after its time the tick began
   * @param isLoaded the worker itself has too much to do, which makes ticks late as well
   * @returns whether the worker is starved now and was not before, or the other way round
   */
  observe(latenessMs: Millis, isLoaded: boolean, nowMs: Millis): boolean {
    const stepMs = Math.min(nowMs - (this.#observedAtMs ?? nowMs), MAX_STEP_MS);
    this.#observedAtMs = nowMs;
    this.#latenessMs += (latenessMs - this.#latenessMs) * (1 - Math.exp(-stepMs / SMOOTHED_OVER_MS));
    const otherwise = this.#isStarved
      ? this.#latenessMs < LATE_BELOW_MS || isLoaded
      : this.#latenessMs > LATE_ABOVE_MS && !isLoaded;
    this.#otherwiseSinceMs = otherwise ? (this.#otherwiseSinceMs ?? nowMs) : undefined;
    const waitMs = this.#isStarved ? ENDS_AFTER_MS : BEGINS_AFTER_MS;
    if (this.#otherwiseSinceMs === undefined || nowMs - this.#otherwiseSinceMs < waitMs) return false;
    this.#isStarved = !this.#isStarved;
    this.#otherwiseSinceMs = undefined;
    return true;
  }
}

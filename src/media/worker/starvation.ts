/**
 * Ticks that are late although the worker has spare capacity: other programs use the CPU, or other virtual machines on
 * the same host. No measure of the worker would help, so this is only reported to the operator.
 */
import type { Millis } from '../../lib/clock.ts';
import { PTIME_MS } from '../../mixer/format.ts';

/** Half a tick: packets sent this late on average are late in their receivers' jitter buffers. */
const LATE_ABOVE_MS = PTIME_MS / 2;
const LATE_BELOW_MS = 3;
const SMOOTHED_OVER_MS = 1000;
/** A tick does not speak for more time than this: one long stall is soon over. */
const MAX_STEP_MS = 100;
const BEGINS_AFTER_MS = 1000;
/** Competing load comes and goes, so this is logged at most once a minute. */
const ENDS_AFTER_MS = 60_000;

export class StarvationWatch {
  #isStarved = false;
  #latenessMs = 0;
  #observedAtMs: Millis | undefined;
  /** Since when the state has differed from the reported one. */
  #otherwiseSinceMs: Millis | undefined;

  get isStarved(): boolean {
    return this.#isStarved;
  }

  /** Smoothed. */
  get latenessMs(): Millis {
    return this.#latenessMs;
  }

  /**
   * Observes one tick.
   * @param latenessMs how late the tick started
   * @param isLoaded the worker itself is overloaded, which makes ticks late as well
   * @returns whether starvation has started or ended
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

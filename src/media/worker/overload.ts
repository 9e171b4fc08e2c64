/**
 * What a media worker gives up, step by step, when it is overloaded, so that nothing fails abruptly: first what nobody
 * notices, last new participants. Each step is taken back when the load has fallen.
 *
 * Only the worker's own load counts. Ticks that are late because other programs use the CPU are no reason to refuse
 * anyone; see `starvation.ts`.
 */
import type { Millis } from '../../lib/clock.ts';
import type { ThreadLoad } from '../../lib/thread-load.ts';
import { MAX_OVERLOAD_LEVEL, type OverloadMeasures, overloadMeasures } from '../link/overload-measures.ts';

/** With less than 2 ms of each tick to spare, the next garbage collection or burst of packets makes ticks late. */
const LOAD_ABOVE = 0.9;
/**
 * Far enough below that what the last step saved fits again: lower complexity saves at most a third of the encoding.
 */
const LOAD_BELOW = 0.6;
/**
 * The share of a core that a worker can count on when others want it, too: one competitor of equal priority leaves this
 * much. A worker that needs more without getting it is overloaded; one that needs less is starved.
 */
const GUARANTEED_SHARE = 0.5;
/** One stall is no overload. */
const SMOOTHED_OVER_MS = 1000;
const RISE_AFTER_MS = 1000;
const FALL_AFTER_MS = 5000;
/** A step down that did not last this long was premature: the next one takes twice the time. */
const RELAPSE_MS = 15_000;
const MAX_FALL_AFTER_MS = 80_000;

export class OverloadController {
  /** Changes of the level, in either direction. */
  transitions = 0;
  #level = 0;
  #runningShare = 0;
  #waitingShare = 0;
  #observedAtMs: Millis | undefined;
  /** Since when the load has been too high, or low enough. */
  #highSinceMs: Millis | undefined;
  #lowSinceMs: Millis | undefined;
  #fallAfterMs = FALL_AFTER_MS;
  #fellAtMs = Number.NEGATIVE_INFINITY;

  /** 0 is normal. */
  get level(): number {
    return this.#level;
  }

  get measures(): OverloadMeasures {
    return overloadMeasures(this.#level);
  }

  /** Smoothed, 0 to 1. */
  get runningShare(): number {
    return this.#runningShare;
  }

  /** Smoothed, 0 to 1. */
  get waitingShare(): number {
    return this.#waitingShare;
  }

  /** The worker's use relative to what it can have: the time that others leave, but at least half a core. */
  get load(): number {
    return this.#runningShare / Math.max(1 - this.#waitingShare, GUARANTEED_SHARE);
  }

  /** The worker itself is overloaded, even if only for a moment. */
  get isHigh(): boolean {
    return this.load > LOAD_ABOVE;
  }

  /**
   * Observes one tick.
   * @returns whether the level has changed
   */
  observe({ runningShare, waitingShare }: ThreadLoad, nowMs: Millis): boolean {
    // Measured in time and not in ticks, because an overloaded worker runs fewer ticks.
    const weight = 1 - Math.exp(-(nowMs - (this.#observedAtMs ?? nowMs)) / SMOOTHED_OVER_MS);
    this.#observedAtMs = nowMs;
    this.#runningShare += (runningShare - this.#runningShare) * weight;
    this.#waitingShare += (waitingShare - this.#waitingShare) * weight;
    this.#highSinceMs = this.isHigh ? (this.#highSinceMs ?? nowMs) : undefined;
    this.#lowSinceMs = this.load < LOAD_BELOW ? (this.#lowSinceMs ?? nowMs) : undefined;
    if (this.#highSinceMs !== undefined && nowMs - this.#highSinceMs >= RISE_AFTER_MS) return this.#rise(nowMs);
    if (this.#lowSinceMs !== undefined && nowMs - this.#lowSinceMs >= this.#fallAfterMs) return this.#fall(nowMs);
    return false;
  }

  #rise(nowMs: Millis): boolean {
    if (this.#level === MAX_OVERLOAD_LEVEL) return false;
    const relapsed = nowMs - this.#fellAtMs < RELAPSE_MS;
    if (relapsed) this.#fallAfterMs = Math.min(2 * this.#fallAfterMs, MAX_FALL_AFTER_MS);
    // A premature step down counts against the next one only once.
    this.#fellAtMs = Number.NEGATIVE_INFINITY;
    this.#highSinceMs = nowMs;
    return this.#change(1);
  }

  #fall(nowMs: Millis): boolean {
    if (this.#level === 0) {
      this.#fallAfterMs = FALL_AFTER_MS;
      return false;
    }
    this.#fellAtMs = nowMs;
    this.#lowSinceMs = nowMs;
    return this.#change(-1);
  }

  #change(by: 1 | -1): boolean {
    this.#level += by;
    this.transitions++;
    return true;
  }
}

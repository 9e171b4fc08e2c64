/**
 * What a media worker gives up, step by step, when it has more to do than it has time for, so that nothing breaks
 * abruptly: first what nobody notices, last new participants. Each step is taken back when the load has fallen.
 */
import type { Millis } from '../../lib/clock.ts';
import { PTIME_MS } from '../../mixer/format.ts';
import { MAX_OVERLOAD_LEVEL, type OverloadMeasures, overloadMeasures } from '../link/overload-measures.ts';

/** With less than 2 ms of each tick to spare, the next garbage collection or burst of packets makes ticks late. */
const BUSY_ABOVE = 0.9;
/** Half a tick: packets that leave so late on average are late in the jitter buffers of those who hear them. */
const LATE_ABOVE_MS = PTIME_MS / 2;
/** So far below that what the last step saved fits in again: lower complexity saves a third of the encoding at most. */
const BUSY_BELOW = 0.6;
const LATE_BELOW_MS = 3;
/** Both are smoothed over a second of ticks: one stall is no overload. */
const SMOOTHING = 1 - Math.exp(-PTIME_MS / 1000);
const RISE_AFTER_MS = 1000;
const FALL_AFTER_MS = 5000;
/** A fall that did not last so long came too early: the next one takes twice the time. */
const RELAPSE_MS = 15_000;
const MAX_FALL_AFTER_MS = 80_000;

export class OverloadController {
  /** Changes of the level, in either direction. */
  transitions = 0;
  #level = 0;
  #busy = 0;
  #latenessMs = 0;
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
  get busyShare(): number {
    return this.#busy;
  }

  /** Smoothed. */
  get latenessMs(): Millis {
    return this.#latenessMs;
  }

  /**
   * One tick.
   * @param busyShare of the time since the last tick, 0 to 1
   * @param latenessMs how long after its time the tick began
   * @returns whether the level is another now
   */
  observe(busyShare: number, latenessMs: Millis, nowMs: Millis): boolean {
    this.#busy += (busyShare - this.#busy) * SMOOTHING;
    this.#latenessMs += (latenessMs - this.#latenessMs) * SMOOTHING;
    const high = this.#busy > BUSY_ABOVE || this.#latenessMs > LATE_ABOVE_MS;
    const low = this.#busy < BUSY_BELOW && this.#latenessMs < LATE_BELOW_MS;
    this.#highSinceMs = high ? (this.#highSinceMs ?? nowMs) : undefined;
    this.#lowSinceMs = low ? (this.#lowSinceMs ?? nowMs) : undefined;
    if (this.#highSinceMs !== undefined && nowMs - this.#highSinceMs >= RISE_AFTER_MS) return this.#rise(nowMs);
    if (this.#lowSinceMs !== undefined && nowMs - this.#lowSinceMs >= this.#fallAfterMs) return this.#fall(nowMs);
    return false;
  }

  #rise(nowMs: Millis): boolean {
    if (this.#level === MAX_OVERLOAD_LEVEL) return false;
    const relapsed = nowMs - this.#fellAtMs < RELAPSE_MS;
    if (relapsed) this.#fallAfterMs = Math.min(2 * this.#fallAfterMs, MAX_FALL_AFTER_MS);
    // One fall is only held against the next once.
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

/** Decides whether a receiver reports enough loss to justify redundancy. */
import type { Millis } from '../../lib/clock.ts';

/** Below this, concealment is good enough: one frame in a second. */
const ON_ABOVE = 0.02;
/**
 * Two of three, because one report of five seconds of near-silence says little: a single packet may be a tenth of it.
 */
const REPORTS = 3;
const REPORTS_ABOVE = 2;
/** Redundancy does not change what a network loses, and a network that lost packets recently will soon lose more. */
const OFF_BELOW = 0.005;
const OFF_AFTER_MS = 30_000;

export class LossTrigger {
  readonly #recent: number[] = [];
  #on = false;
  /** Since when all reports have been good. */
  #calmSinceMs: Millis | undefined;

  /** On after two of three reports above 2 %, off after 30 s of reports below 0.5 %. */
  get on(): boolean {
    return this.#on;
  }

  /** A receiver report (RFC 3550 section 6.4.1); `fractionLost` from 0 to 1. */
  report(fractionLost: number, nowMs: Millis): void {
    this.#recent.push(fractionLost);
    if (this.#recent.length > REPORTS) this.#recent.shift();
    if (fractionLost < OFF_BELOW) this.#calmSinceMs ??= nowMs;
    else this.#calmSinceMs = undefined;
    if (this.#on) this.#on = this.#calmSinceMs === undefined || nowMs - this.#calmSinceMs < OFF_AFTER_MS;
    else this.#on = this.#recent.filter((fraction) => fraction > ON_ABOVE).length >= REPORTS_ABOVE;
  }
}

import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import type { HistogramSnapshot } from '../../lib/histogram.ts';
import { Histogram } from '../../lib/histogram.ts';

const CHECK_INTERVAL_MS: Millis = 250;
/** Browsers and their pings bear less than this without anybody noticing. */
const STALL_MS: Millis = 1000;
/** A stall is told of for so long after it, because nobody can ask while it lasts. */
const REMEMBERED_MS: Millis = 10_000;
const DELAY_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/**
 * Watches over the event loop of the main thread: how late it is, and how often that was too much. Four looks a second, because
 * each wakes the thread, and on an idle server that is most of what it does.
 */
export class EventLoopWatch {
  /** Stalls of a second or more since the start. */
  stalls = 0;
  readonly #clock: Clock;
  readonly #delays = new Histogram(DELAY_BOUNDS);
  #dueMs: Millis = 0;
  #lastStall: { readonly lengthMs: Millis; readonly endMs: Millis } | undefined;
  #cancel: Cancel;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#cancel = this.#schedule();
  }

  /** By how much the looks were late. */
  get delaySeconds(): HistogramSnapshot {
    return this.#delays.snapshot();
  }

  /** Of the stall that lasts, or of the last one if that was within ten seconds; 0 without. */
  get stalledMs(): Millis {
    const nowMs = this.#clock.now();
    // The question may be read before the timer fires.
    const latenessMs = nowMs - this.#dueMs;
    if (latenessMs >= STALL_MS) return latenessMs;
    const last = this.#lastStall;
    return last !== undefined && nowMs - last.endMs < REMEMBERED_MS ? last.lengthMs : 0;
  }

  close(): void {
    this.#cancel();
  }

  #schedule(): Cancel {
    this.#dueMs = this.#clock.now() + CHECK_INTERVAL_MS;
    return this.#clock.setTimer(this.#dueMs, () => this.#check());
  }

  #check(): void {
    const endMs = this.#clock.now();
    const lengthMs = endMs - this.#dueMs;
    this.#delays.observe(lengthMs / 1000);
    if (lengthMs >= STALL_MS) {
      this.stalls++;
      this.#lastStall = { lengthMs, endMs };
    }
    this.#cancel = this.#schedule();
  }
}

import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import type { HistogramSnapshot } from '../../lib/histogram.ts';
import { Histogram } from '../../lib/histogram.ts';

const CHECK_INTERVAL_MS: Millis = 250;
/** While nobody is connected. */
const IDLE_INTERVAL_MS: Millis = 2000;
/** Browsers and their pings tolerate less than this without anyone noticing. */
const STALL_MS: Millis = 1000;
/** How long a stall is reported after it, because nobody can ask during it. */
const REMEMBERED_MS: Millis = 10_000;
const DELAY_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/**
 * Measures how late the main thread's event loop is, and counts long stalls. It samples only four times a second,
 * because each sample wakes the thread, and less often while nobody is connected.
 */
export class EventLoopWatch {
  /** Stalls of one second or longer since the start. */
  stalls = 0;
  readonly #clock: Clock;
  readonly #isIdle: () => boolean;
  readonly #delays = new Histogram(DELAY_BOUNDS);
  #dueMs: Millis = 0;
  #lastStall: { readonly lengthMs: Millis; readonly endMs: Millis } | undefined;
  #cancel: Cancel;

  /** @param isIdle whether nobody is connected who would notice a delay */
  constructor(clock: Clock, isIdle: () => boolean = () => false) {
    this.#clock = clock;
    this.#isIdle = isIdle;
    this.#cancel = this.#schedule();
  }

  /** Lateness of the samples. */
  get delaySeconds(): HistogramSnapshot {
    return this.#delays.snapshot();
  }

  /** Duration of the current stall, or of the last one if it ended within ten seconds; otherwise 0. */
  get stalledMs(): Millis {
    const nowMs = this.#clock.now();
    // The request may be read before the timer fires.
    const latenessMs = nowMs - this.#dueMs;
    if (latenessMs >= STALL_MS) return latenessMs;
    const last = this.#lastStall;
    return last !== undefined && nowMs - last.endMs < REMEMBERED_MS ? last.lengthMs : 0;
  }

  close(): void {
    this.#cancel();
  }

  #schedule(): Cancel {
    this.#dueMs = this.#clock.now() + (this.#isIdle() ? IDLE_INTERVAL_MS : CHECK_INTERVAL_MS);
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

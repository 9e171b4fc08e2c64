/**
 * The beat of a media worker: one tick every 20 ms at absolute times, so that lateness never adds up.
 *
 * After a stall it catches up by at most a few ticks in a row and skips the rest: a burst would tell every receiver that
 * the network jitters. A skipped tick is skipped in RTP time too, because its number is never used.
 */
import type { Cancel, Clock, Millis } from '../lib/clock.ts';

const MAX_TICKS_IN_A_ROW = 3;

export interface TickLoopOptions {
  readonly clock: Clock;
  readonly intervalMs: Millis;
  /**
   * @param tick counts every interval since the start, skipped ones included
   * @param latenessMs how long after its time this tick begins
   */
  readonly onTick: (tick: number, nowMs: Millis, latenessMs: Millis) => void;
}

export class TickLoop {
  readonly #clock: Clock;
  readonly #intervalMs: Millis;
  readonly #onTick: TickLoopOptions['onTick'];
  readonly #startedAt: Millis;
  #nextTick = 0;
  #lastTickAt: Millis;
  #skipped = 0;
  #cancel: Cancel | undefined;

  constructor({ clock, intervalMs, onTick }: TickLoopOptions) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#onTick = onTick;
    this.#startedAt = clock.now();
    this.#lastTickAt = this.#startedAt;
    this.#schedule();
  }

  get ticksSkipped(): number {
    return this.#skipped;
  }

  /** Since the last tick was finished. */
  tickAgeMs(): Millis {
    return this.#clock.now() - this.#lastTickAt;
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #deadline(tick: number): Millis {
    return this.#startedAt + tick * this.#intervalMs;
  }

  #schedule(): void {
    this.#cancel = this.#clock.setTimer(this.#deadline(this.#nextTick), () => this.#run());
  }

  #run(): void {
    for (let n = 0; n < MAX_TICKS_IN_A_ROW; n++) {
      const now = this.#clock.now();
      const latenessMs = now - this.#deadline(this.#nextTick);
      if (latenessMs < 0) break;
      this.#onTick(this.#nextTick, now, latenessMs);
      this.#nextTick++;
      this.#lastTickAt = this.#clock.now();
    }
    const due = Math.floor((this.#clock.now() - this.#startedAt) / this.#intervalMs);
    if (due > this.#nextTick) {
      this.#skipped += due - this.#nextTick;
      this.#nextTick = due;
    }
    if (this.#cancel !== undefined) this.#schedule();
  }
}

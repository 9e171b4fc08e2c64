/**
 * The beat of a media worker: one tick every 20 ms at absolute times, so that lateness never adds up. All workers of a
 * machine tick at the same times and count the same ticks, because parts of one room may be mixed in several of them.
 *
 * After a stall it makes up for a few ticks and skips the rest: a burst would tell every receiver that the network jitters.
 * A skipped tick is skipped in RTP time too, because its number is never used. Before each tick that it makes up for it
 * lets the event loop run on, or frames would be concealed whose packets wait in the sockets.
 */
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';

/** Ticks that are run after a stall, the one that is due included. */
const MAX_TICKS_DUE = 3;
/** A tick that is late by this share of the interval waits until the sockets have been read. */
const YIELD_LATENESS = 0.5;

export interface TickLoopOptions {
  readonly clock: Clock;
  readonly intervalMs: Millis;
  /**
   * @param tick counts every interval since the clock's zero, skipped ones included
   * @param latenessMs how long after its time this tick begins
   */
  readonly onTick: (tick: number, nowMs: Millis, latenessMs: Millis) => void;
}

export class TickLoop {
  readonly #clock: Clock;
  readonly #intervalMs: Millis;
  readonly #onTick: TickLoopOptions['onTick'];
  #nextTick: number;
  #lastTickAt: Millis;
  #skipped = 0;
  #yielded = false;
  #cancel: Cancel | undefined;

  constructor({ clock, intervalMs, onTick }: TickLoopOptions) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#onTick = onTick;
    this.#lastTickAt = clock.now();
    this.#nextTick = Math.ceil(this.#lastTickAt / intervalMs);
    this.#schedule(this.#deadline(this.#nextTick));
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
    return tick * this.#intervalMs;
  }

  #schedule(at: Millis): void {
    this.#cancel = this.#clock.setTimer(at, () => this.#run());
  }

  #run(): void {
    const now = this.#clock.now();
    if (!this.#yielded && now - this.#deadline(this.#nextTick) > YIELD_LATENESS * this.#intervalMs) {
      this.#yielded = true;
      this.#schedule(now);
      return;
    }
    this.#yielded = false;
    const oldest = Math.floor(now / this.#intervalMs) - MAX_TICKS_DUE + 1;
    if (oldest > this.#nextTick) {
      this.#skipped += oldest - this.#nextTick;
      this.#nextTick = oldest;
    }
    const latenessMs = now - this.#deadline(this.#nextTick);
    if (latenessMs >= 0) {
      this.#onTick(this.#nextTick, now, latenessMs);
      this.#nextTick++;
      this.#lastTickAt = this.#clock.now();
    }
    if (this.#cancel !== undefined) this.#schedule(this.#deadline(this.#nextTick));
  }
}

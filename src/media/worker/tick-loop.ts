/**
 * The tick of a media worker: every 20 ms at absolute times, so that lateness never accumulates. All workers of a
 * machine tick at the same times and number the ticks alike, because parts of one room may be mixed in several of them.
 *
 * After a stall it catches up on a few ticks and skips the rest, because a burst would look like network jitter to
 * every receiver. A skipped tick is skipped in RTP time, too, because its number is never used. Before each tick that
 * it catches up on, the event loop runs, because otherwise frames would be concealed whose packets are waiting in the
 * sockets.
 *
 * While there is nothing to do, it rests: then it leaves out ticks, until it is woken.
 */
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';

/** Ticks run after a stall, including the current one. */
const MAX_TICKS_DUE = 3;
/** A tick later than this fraction of the interval waits until the sockets have been read. */
const YIELD_LATENESS = 0.5;

export interface TickLoopOptions {
  readonly clock: Clock;
  readonly intervalMs: Millis;
  /**
   * @param tick counts every interval since the clock's zero, including skipped ones
   * @param latenessMs how late this tick starts
   */
  readonly onTick: (tick: number, nowMs: Millis, latenessMs: Millis) => void;
  /**
   * For how many ticks it may rest after this one: the next is a multiple of that number. 0 is no rest, as always if
   * omitted.
   */
  readonly restTicks?: () => number;
}

export class TickLoop {
  readonly #clock: Clock;
  readonly #intervalMs: Millis;
  readonly #onTick: TickLoopOptions['onTick'];
  readonly #restTicks: () => number;
  #nextTick: number;
  #lastTickAt: Millis;
  #skipped = 0;
  #yielded = false;
  #rests = false;
  #restsUntil: Millis = 0;
  #cancel: Cancel | undefined;

  constructor({ clock, intervalMs, onTick, restTicks = () => 0 }: TickLoopOptions) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#onTick = onTick;
    this.#restTicks = restTicks;
    this.#lastTickAt = clock.now();
    this.#nextTick = Math.ceil(this.#lastTickAt / intervalMs);
    this.#schedule(this.#deadline(this.#nextTick));
  }

  get ticksSkipped(): number {
    return this.#skipped;
  }

  /** Time since the last completed tick. While it rests: beyond the time at which the next is due. */
  tickAgeMs(): Millis {
    const now = this.#clock.now();
    return this.#rests ? Math.max(0, now - this.#restsUntil) : now - this.#lastTickAt;
  }

  /** The next tick is more than an interval away. */
  get rests(): boolean {
    return this.#rests;
  }

  /** There is something to do: ticks as usual from now on. */
  wake(): void {
    if (!this.#rests || this.#cancel === undefined) return;
    this.#rests = false;
    this.#nextTick = Math.max(this.#nextTick, Math.ceil(this.#clock.now() / this.#intervalMs));
    this.#cancel();
    this.#schedule(this.#deadline(this.#nextTick));
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
    // Nobody waits for the ticks in between, so they are not late.
    if (this.#rests) this.#nextTick = Math.max(this.#nextTick, Math.floor(now / this.#intervalMs));
    if (!this.#rests && !this.#yielded && now - this.#deadline(this.#nextTick) > YIELD_LATENESS * this.#intervalMs) {
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
    let dueTick = this.#nextTick;
    if (latenessMs >= 0) {
      const rested = this.#rests;
      // It is awake during the tick: what wakes it then must not set a second timer.
      this.#rests = false;
      this.#onTick(this.#nextTick, now, rested ? 0 : latenessMs);
      this.#nextTick++;
      this.#lastTickAt = this.#clock.now();
      // Only after a tick, which tells others that this loop rests. A timer may fire a little before its time.
      const ticks = this.#restTicks();
      this.#rests = ticks > 0;
      dueTick = this.#rests ? Math.ceil(this.#nextTick / ticks) * ticks : this.#nextTick;
      if (this.#rests) this.#restsUntil = this.#deadline(dueTick);
    }
    if (this.#cancel === undefined) return;
    this.#schedule(this.#deadline(dueTick));
  }
}

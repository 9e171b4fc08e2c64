import type { Cancel, Clock, Millis } from '../../src/lib/clock.ts';

interface Timer {
  readonly at: Millis;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  /** Wall time at the clock's zero, in milliseconds since 1970. */
  epochMs: number;
  #now: Millis;
  readonly #timers = new Set<Timer>();

  constructor({ startMs = 0, epochMs = Date.UTC(2026, 0, 1) } = {}) {
    this.#now = startMs;
    this.epochMs = epochMs;
  }

  now(): Millis {
    return this.#now;
  }

  wallNow(): Millis {
    return this.epochMs + this.#now;
  }

  setTimer(at: Millis, callback: () => void): Cancel {
    const timer = { at, callback };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** How many timers are pending: 0 after everything that a test made is closed. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /**
   * Advances time by `ms` and fires the timers that are due on the way, in order of time, then of setting. That
   * includes timers set in the meantime.
   */
  advance(ms: Millis): void {
    const end = this.#now + ms;
    for (let timer = this.#nextDue(end); timer !== undefined; timer = this.#nextDue(end)) {
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, timer.at);
      timer.callback();
    }
    this.#now = end;
  }

  /**
   * Sets the wall clock forward (or back, if negative), as NTP does, while monotonic time and timers stand still. A
   * machine that slept looks the same on Linux, where the monotonic clock does not count sleep.
   */
  stepWall(ms: Millis): void {
    this.epochMs += ms;
  }

  #nextDue(end: Millis): Timer | undefined {
    let next: Timer | undefined;
    // A set keeps the order of insertion, so among equal timers the first one is the one set first.
    for (const timer of this.#timers) {
      if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
    }
    return next;
  }
}

import { performance } from 'node:perf_hooks';

/** A point in time or a duration in milliseconds. Points in time are monotonic with an arbitrary origin. */
export type Millis = number;

/** Stops a timer that has not fired yet; does nothing afterwards. */
export type Cancel = () => void;

/**
 * The only source of time in the server. Everything that depends on time takes a clock, so that tests can control it.
 */
export interface Clock {
  /** Monotonic time, the same in all threads of the process. */
  now(): Millis;
  /**
   * Milliseconds since 1970 (UTC) according to the machine's clock, for comparison with the outside. It jumps when the
   * clock is set or the machine has slept, so use `now` to measure durations.
   */
  wallNow(): Millis;
  /** Calls back once, at `at` (monotonic) or as soon as possible after it. For a wall-clock time see `setWallTimer`. */
  setTimer(at: Millis, callback: () => void): Cancel;
}

/** Converts a time of `wallNow` for libraries that need a `Date`. */
export function dateOf(wallMs: Millis): Date {
  return new Date(wallMs);
}

/** Formats a time of `wallNow` as ISO 8601 in UTC. */
export function isoTime(wallMs: Millis): string {
  return dateOf(wallMs).toISOString();
}

/** The clock may be set and the machine may sleep while a timer runs, so wall time is checked at this interval. */
const WALL_STEP_MS: Millis = 60_000;

/**
 * Calls back once when the wall clock reaches `wallMs`, at most a minute late after the clock was set or the machine
 * slept. Never calls back synchronously.
 */
export function setWallTimer(clock: Clock, wallMs: Millis, callback: () => void): Cancel {
  let cancel: Cancel;
  const wait = (): void => {
    const leftMs = Math.max(0, wallMs - clock.wallNow());
    cancel = clock.setTimer(clock.now() + Math.min(leftMs, WALL_STEP_MS), () => {
      if (clock.wallNow() >= wallMs) callback();
      else wait();
    });
  };
  wait();
  return () => cancel();
}

/** Resolves like `promise`, or with `undefined` after the time limit. Later rejections are ignored. */
export function within<T>(clock: Clock, limitMs: Millis, promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = clock.setTimer(clock.now() + limitMs, () => resolve(undefined));
    promise.finally(cancel).then(resolve, reject);
  });
}

/** `performance.now()` starts at 0 in each thread; this offset converts it to the machine's monotonic clock. */
const threadStartMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** `setTimeout` treats a longer delay as zero. */
const MAX_DELAY_MS: Millis = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => threadStartMs + performance.now(),
  // Not `performance.timeOrigin`, which is read once and does not follow later changes of the clock.
  wallNow: () => Date.now(),
  setTimer: (at, callback) => {
    let timer: NodeJS.Timeout;
    const wait = (): void => {
      const leftMs = Math.max(0, at - threadStartMs - performance.now());
      // Node rounds delays up to whole milliseconds and never fires early.
      timer = leftMs > MAX_DELAY_MS ? setTimeout(wait, MAX_DELAY_MS) : setTimeout(callback, leftMs);
    };
    wait();
    return () => clearTimeout(timer);
  },
};

import { performance } from 'node:perf_hooks';

/** A point in time or a duration in milliseconds. Points in time are monotonic and start anywhere. */
export type Millis = number;

/** Stops a timer that has not fired yet; harmless afterwards. */
export type Cancel = () => void;

/** The only source of time in the server. Everything that depends on time takes a clock, so that tests can be the clock. */
export interface Clock {
  /** Monotonic time, the same in all threads of the process. */
  now(): Millis;
  /**
   * Milliseconds since 1970 (UTC), as the clock of the machine shows it now: for what is compared with the outside. It jumps when that clock
   * is set or the machine has slept, so durations are measured with `now`.
   */
  wallNow(): Millis;
  /** Calls back once, at `at` (monotonic) or as soon after it as the process can. For a point in wall time see `setWallTimer`. */
  setTimer(at: Millis, callback: () => void): Cancel;
}

/** A point in time of `wallNow`, for libraries that want it as a `Date`. */
export function dateOf(wallMs: Millis): Date {
  return new Date(wallMs);
}

/** A point in time of `wallNow` as ISO 8601 in UTC. */
export function isoTime(wallMs: Millis): string {
  return dateOf(wallMs).toISOString();
}

/** The machine's clock may be set and the machine may sleep while a timer runs, so wall time is looked at this often. */
const WALL_STEP_MS: Millis = 60_000;

/**
 * Calls back once when the wall clock shows `wallMs` or later; at most a minute late after the clock was set or the machine has slept.
 * Never within this call.
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

/** `performance.now()` starts with its thread; this moves it to the monotonic clock of the machine. */
const threadStartMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** `setTimeout` takes a longer delay for none at all. */
const MAX_DELAY_MS: Millis = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => threadStartMs + performance.now(),
  // Not `performance.timeOrigin`, which is read once and knows nothing of a clock that was set since.
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

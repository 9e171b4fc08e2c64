import { performance } from 'node:perf_hooks';

/** A point in time or a duration in milliseconds. Points in time are monotonic and start anywhere. */
export type Millis = number;

/** Stops a timer that has not fired yet; harmless afterwards. */
export type Cancel = () => void;

/** The only source of time in the server. Everything that depends on time takes a clock, so that tests can be the clock. */
export interface Clock {
  /** Monotonic time, the same in all threads of the process. */
  now(): Millis;
  /** Milliseconds since 1970 (UTC), for what leaves the process: RTCP sender reports, logs. */
  wallNow(): Millis;
  /** Calls back once, at `at` (monotonic) or as soon after it as the process can. */
  setTimer(at: Millis, callback: () => void): Cancel;
}

/** A point in time of `wallNow`, for libraries that want it as a `Date`. */
export function dateOf(wallMs: Millis): Date {
  return new Date(wallMs);
}

/** `performance.now()` starts with its thread; this moves it to the clock of the machine. */
const threadStartMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export const systemClock: Clock = {
  now: () => threadStartMs + performance.now(),
  wallNow: () => performance.timeOrigin + performance.now(),
  setTimer: (at, callback) => {
    // Node rounds delays up to whole milliseconds and never fires early.
    const timer = setTimeout(callback, Math.max(0, at - threadStartMs - performance.now()));
    return () => clearTimeout(timer);
  },
};

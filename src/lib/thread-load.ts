/** How much of a processor one thread uses, and how long it has to wait for one. */
import { closeSync, openSync, readSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type { Millis } from './clock.ts';

/** Shares of the elapsed time, 0 to 1. */
export interface ThreadLoad {
  /** The thread ran on a processor. */
  readonly runningShare: number;
  /** The thread was ready to run, but something else had the processor: another program, or a limit on this one. */
  readonly waitingShare: number;
}

/** Running totals of one thread. */
export interface ThreadTimes {
  readonly runningMs: Millis;
  readonly waitingMs: Millis;
}

/** Reads the totals of the thread that created it. Always returns the same object. */
export interface ThreadTimesReader {
  read(): ThreadTimes;
  close(): void;
}

/** Reading `/proc` costs about five microseconds. */
const MEASURE_INTERVAL_MS: Millis = 100;
const SCHEDULER_STATISTICS = '/proc/thread-self/schedstat';
/** Three decimal numbers of at most twenty digits. */
const MAX_STATISTICS_BYTES = 64;
const NANOSECONDS_PER_MS = 1e6;
const DIGIT_ZERO = 0x30;

/** Measures the load of the thread that created it, every 100 ms. */
export class ThreadLoadMeter {
  readonly #times: ThreadTimesReader;
  readonly #load = { runningShare: 0, waitingShare: 0 };
  readonly #before = { runningMs: 0, waitingMs: 0 };
  #measuredAtMs: Millis;

  constructor(nowMs: Millis, times: ThreadTimesReader = openThreadTimes()) {
    this.#times = times;
    this.#measuredAtMs = nowMs;
    this.#remember(times.read());
  }

  /** The last measured load. Always returns the same object. */
  measure(nowMs: Millis): ThreadLoad {
    const elapsedMs = nowMs - this.#measuredAtMs;
    if (elapsedMs < MEASURE_INTERVAL_MS) return this.#load;
    const times = this.#times.read();
    this.#load.runningShare = share(times.runningMs - this.#before.runningMs, elapsedMs);
    this.#load.waitingShare = share(times.waitingMs - this.#before.waitingMs, elapsedMs);
    this.#remember(times);
    this.#measuredAtMs = nowMs;
    return this.#load;
  }

  close(): void {
    this.#times.close();
  }

  #remember({ runningMs, waitingMs }: ThreadTimes): void {
    this.#before.runningMs = runningMs;
    this.#before.waitingMs = waitingMs;
  }
}

/** Uses Linux's scheduler statistics; elsewhere the event loop's, which count other programs' time as its own. */
export function openThreadTimes(path: string = SCHEDULER_STATISTICS): ThreadTimesReader {
  try {
    return new SchedulerTimes(openSync(path, 'r'));
  } catch {
    return eventLoopTimes();
  }
}

/** The kernel's figures for the thread that opened the file: nanoseconds run, nanoseconds waited, number of runs. */
class SchedulerTimes implements ThreadTimesReader {
  readonly #fd: number;
  readonly #text = new Uint8Array(MAX_STATISTICS_BYTES);
  readonly #times = { runningMs: 0, waitingMs: 0 };
  #closed = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  read(): ThreadTimes {
    if (this.#closed) return this.#times;
    const length = readSync(this.#fd, this.#text, 0, MAX_STATISTICS_BYTES, 0);
    const numbers = [0, 0];
    for (let at = 0, which = 0; at < length && which < numbers.length; at++) {
      const digit = this.#text[at]! - DIGIT_ZERO;
      if (digit < 0) which++;
      else numbers[which] = 10 * numbers[which]! + digit;
    }
    this.#times.runningMs = numbers[0]! / NANOSECONDS_PER_MS;
    this.#times.waitingMs = numbers[1]! / NANOSECONDS_PER_MS;
    return this.#times;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }
}

function eventLoopTimes(): ThreadTimesReader {
  return {
    read: () => ({ runningMs: performance.eventLoopUtilization().active, waitingMs: 0 }),
    close: () => {},
  };
}

/** The kernel adds up whole time slices, so a thread can briefly seem to have run longer than the elapsed time. */
function share(partMs: Millis, wholeMs: Millis): number {
  return Math.min(1, Math.max(0, partMs / wholeMs));
}

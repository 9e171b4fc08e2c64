import { readFileSync } from 'node:fs';

const INTERVAL_MS = 20;
/** Timers are late by a few milliseconds on any machine. */
const LEAST_MS = 20;

/**
 * How long this machine has stood still, because it shares its hardware with others. The kernel does not count such a
 * time as waiting: this process was asleep and was woken late. A time in which this process computes, or waits for
 * a CPU, does not count.
 */
class Standstill {
  #totalMs = 0;
  #latest = this.#look();

  constructor() {
    setInterval(() => this.#sample(), INTERVAL_MS).unref();
  }

  get totalMs(): number {
    this.#sample();
    return this.#totalMs;
  }

  #sample(): void {
    const { atMs, busyMs } = this.#look();
    const missingMs = atMs - this.#latest.atMs - (busyMs - this.#latest.busyMs) - INTERVAL_MS;
    if (missingMs > LEAST_MS) this.#totalMs += missingMs;
    this.#latest = { atMs, busyMs };
  }

  #look() {
    const { user, system } = process.cpuUsage();
    return { atMs: performance.now(), busyMs: (user + system) / 1000 + waitedMs() };
  }
}

/** The main thread; 0 if the kernel does not count. */
function waitedMs(): number {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[1] ?? 0) / 1e6;
  } catch {
    return 0;
  }
}

let standstill: Standstill | undefined;

/** Since the first call, which begins to count. */
export function stoodStillMs(): number {
  standstill ??= new Standstill();
  return standstill.totalMs;
}

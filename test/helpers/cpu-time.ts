import { readdirSync, readFileSync } from 'node:fs';
import { stoodStillMs } from './standstill.ts';

/**
 * CPU time that all threads of this process have used so far. Use it to compare work, because it leaves out other
 * processes.
 */
export function cpuUsedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * How long the threads of some processes were ready to run while others had the CPUs, as the kernel counts it, and for
 * how long the machine stood still. On a busy machine every time that a test measures includes this, and nobody is at
 * fault. Time in which a thread computes or sleeps does not count.
 */
export class CpuWait {
  readonly #pids: readonly number[];
  #before: ReadonlyMap<string, number>;
  #stoodStillMs = stoodStillMs();

  /** Starts counting. */
  constructor(pids: readonly number[] = [process.pid]) {
    this.#pids = pids;
    this.#before = waitedNs(pids);
  }

  /** Starts again at zero. */
  reset(): void {
    this.#before = waitedNs(this.#pids);
    this.#stoodStillMs = stoodStillMs();
  }

  /**
   * Sum over all threads: work that these threads do one after the other was not delayed for longer. What the kernel
   * does not count is left out.
   */
  get ms(): number {
    return this.#waitsMs().reduce((sum, ms) => sum + ms, this.#standstillMs);
  }

  /** The wait of the thread that waited for the longest time. */
  get longestMs(): number {
    return Math.max(0, ...this.#waitsMs()) + this.#standstillMs;
  }

  get #standstillMs(): number {
    return stoodStillMs() - this.#stoodStillMs;
  }

  #waitsMs(): number[] {
    return [...waitedNs(this.#pids)].map(([thread, ns]) => (ns - (this.#before.get(thread) ?? 0)) / 1e6);
  }
}

/** A process and all that it has started, directly or not, and that still run. */
export function withDescendants(pid: number): number[] {
  const children = threadsOf(pid).flatMap((thread) => read(`${thread}/children`).trim().split(' '));
  return [pid, ...children.filter((text) => text !== '').flatMap((text) => withDescendants(Number(text)))];
}

/**
 * Measures elapsed time, with and without the time for which the threads of some processes wait for a CPU. The
 * processes must still exist.
 */
export class Stopwatch {
  readonly #startMs = performance.now();
  readonly #cpuWait: CpuWait;

  /** Starts running. */
  constructor(pids?: readonly number[]) {
    this.#cpuWait = new CpuWait(pids);
  }

  get ms(): number {
    return performance.now() - this.#startMs;
  }

  get waitMs(): number {
    return this.#cpuWait.ms;
  }

  /** What these processes would have taken on an otherwise idle machine, or less. */
  get ownMs(): number {
    return Math.max(0, this.ms - this.waitMs);
  }
}

/** By the path of each thread: the second figure of its schedstat (Linux, Documentation/scheduler/sched-stats). */
function waitedNs(pids: readonly number[]): Map<string, number> {
  const waited = new Map<string, number>();
  for (const pid of pids) {
    for (const thread of threadsOf(pid)) {
      const [, waitNs] = read(`${thread}/schedstat`).split(' ');
      waited.set(thread, Number(waitNs ?? 0));
    }
  }
  return waited;
}

/** The folders of a process's threads, whose names are their ids; none if it has ended. */
export function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}`);
  } catch {
    return [];
  }
}

/** Returns an empty text if the thread has ended in the meantime. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

import { readdirSync, readFileSync } from 'node:fs';

/** What all threads of this process have computed so far: work is compared by it, because others do not count. */
export function cpuUsedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * How long the threads of some processes were ready to run while others had the CPUs, by the kernel's own count. On a busy
 * machine this is in every time that a test measures and is nobody's fault; time that a thread computes or sleeps is not in it.
 */
export class CpuWait {
  readonly #pids: readonly number[];
  #before: ReadonlyMap<string, number>;

  /** Counts from now on. */
  constructor(pids: readonly number[] = [process.pid]) {
    this.#pids = pids;
    this.#before = waitedNs(pids);
  }

  /** Starts again at zero. */
  reset(): void {
    this.#before = waitedNs(this.#pids);
  }

  /** Of all threads together: what these threads do one after the other was not held up for longer. 0 where the kernel does not count. */
  get ms(): number {
    let sumNs = 0;
    for (const [thread, ns] of waitedNs(this.#pids)) sumNs += ns - (this.#before.get(thread) ?? 0);
    return sumNs / 1e6;
  }
}

/** Time that passes, with and without that for which the threads of some processes wait for a CPU. The processes have to be there still. */
export class Stopwatch {
  readonly #startMs = performance.now();
  readonly #cpuWait: CpuWait;

  /** Runs from now on. */
  constructor(pids?: readonly number[]) {
    this.#cpuWait = new CpuWait(pids);
  }

  get ms(): number {
    return performance.now() - this.#startMs;
  }

  get waitMs(): number {
    return this.#cpuWait.ms;
  }

  /** What these processes would have taken on a machine with nothing else to do, or less. */
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

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}`);
  } catch {
    return [];
  }
}

/** A thread may end meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

import type { Worker } from 'node:worker_threads';

/** To be started in place of the media worker. */
export const FAULTY_WORKER = new URL('./faulty-worker.mjs', import.meta.url);

/** A loop without end, a thread that waits for ever, an error that nobody catches, and an end without a reason. */
export const WORKER_FAULTS = ['hang', 'block', 'throw', 'exit'] as const;
export type WorkerFault = (typeof WORKER_FAULTS)[number];

/** The worker threads that this process starts from now on, in the order of their start. */
export function watchWorkers(): readonly Worker[] {
  const workers: Worker[] = [];
  process.on('worker', (worker) => workers.push(worker));
  return workers;
}

export function plant(worker: Worker, fault: WorkerFault): void {
  worker.postMessage({ type: 'test_fault', fault });
}

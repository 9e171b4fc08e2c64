import type { Worker } from 'node:worker_threads';

/**
 * Ends a media worker by an error in its code, and waits until it has ended. `terminate()` would abort this whole process
 * if the thread was just inside the codec.
 */
export async function crashWorker(worker: Worker): Promise<void> {
  // `once` of node:events would reject because of the error.
  const exited = new Promise((resolve) => worker.once('exit', resolve));
  worker.postMessage(null);
  await exited;
}

// Loaded by a test before the built server (`node --import`), in its main thread and in its workers: brings about faults
// when the test says so over the IPC channel. The server that users start has no such door.
import { isMainThread, parentPort } from 'node:worker_threads';

const FAULTS = {
  /** A loop without end. */
  hang: () => {
    for (;;);
  },
  /** A thread that waits for ever. */
  block: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  throw: () => {
    throw new Error('planted');
  },
  reject: () => void Promise.reject(new Error('planted')),
  exit: () => process.exit(7),
  /** Longer than is borne. */
  stall: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500),
};

if (isMainThread) {
  const workers = [];
  process.on('worker', (worker) => {
    // One that replaces another takes its place.
    const place = workers.indexOf(null);
    const index = place < 0 ? workers.length : place;
    workers[index] = worker;
    worker.once('exit', () => {
      workers[index] = null;
    });
  });
  process.on('message', ({ worker, fault }) => {
    if (worker === null) setImmediate(FAULTS[fault]);
    else workers[worker].postMessage({ type: 'test_fault', fault });
  });
  process.channel.unref();
} else {
  parentPort.on('message', ({ type, fault }) => {
    if (type === 'test_fault') FAULTS[fault]();
  });
}

// A test loads this before the built server (`node --import`), in its main thread and in its workers. It causes faults
// when the test says so over the IPC channel. The server that users start has no such entry point.
import { isMainThread, parentPort } from 'node:worker_threads';

const FAULTS = {
  /** An endless loop. */
  hang: () => {
    for (;;);
  },
  /** The thread waits forever. */
  block: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  throw: () => {
    throw new Error('planted');
  },
  reject: () => void Promise.reject(new Error('planted')),
  exit: () => process.exit(7),
  /** Longer than the server tolerates. */
  stall: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500),
};

if (isMainThread) {
  const workers = [];
  process.on('worker', (worker) => {
    // A worker that replaces another takes its place.
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

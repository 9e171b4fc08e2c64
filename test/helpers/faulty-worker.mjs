// The media worker as built, with faults that a test brings about by a message. Tests give it as the file of the worker;
// the server as it is started by its users has no such door.
import { parentPort } from 'node:worker_threads';

const FAULTS = {
  hang: () => {
    for (;;);
  },
  block: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  throw: () => {
    throw new Error('planted');
  },
  exit: () => process.exit(7),
};

parentPort.on('message', ({ type, fault }) => {
  if (type === 'test_fault') FAULTS[fault]();
});

await import('../../dist/worker.js');

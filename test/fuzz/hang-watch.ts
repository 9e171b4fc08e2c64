import { Worker } from 'node:worker_threads';

const HANG_SECONDS = 20;
const MAX_INPUT = 65_536;

/** Runs in its own thread, because the other one hangs when this is needed. */
const WATCH = `
const { workerData: { shared, folder } } = require('node:worker_threads');
const { mkdirSync, writeFileSync } = require('node:fs');
const words = new Int32Array(shared, 0, 4);
const bytes = new Uint8Array(shared, 16);
let before = -1;
let seconds = 0;
setInterval(() => {
  const count = Atomics.load(words, 0);
  seconds = count === before && count !== 0 ? seconds + 1 : 0;
  before = count;
  if (seconds < ${HANG_SECONDS}) return;
  const length = words[1], nameLength = words[2];
  const name = Buffer.from(bytes.slice(0, nameLength)).toString();
  mkdirSync(folder, { recursive: true });
  writeFileSync(folder + '/' + name + '-hang.bin', bytes.slice(64, 64 + length));
  console.error(name + ': an input takes longer than ${HANG_SECONDS} s; it is in ' + folder + '/' + name + '-hang.bin');
  process.kill(process.pid, 'SIGKILL');
}, 1000);
`;

/** Ends the process when one input takes forever, and keeps that input. */
export function startHangWatch(folder: string) {
  const shared = new SharedArrayBuffer(16 + 64 + MAX_INPUT);
  const words = new Int32Array(shared, 0, 4);
  const bytes = new Uint8Array(shared, 16);
  const worker = new Worker(WATCH, { eval: true, workerData: { shared, folder } });
  worker.unref();
  let count = 0;
  let target = '';
  return {
    /** Marks this input as running now. */
    note(name: string, input: Uint8Array): void {
      if (name !== target) {
        target = name;
        const encoded = Buffer.from(name).subarray(0, 64);
        bytes.set(encoded);
        words[2] = encoded.length;
      }
      words[1] = Math.min(input.length, MAX_INPUT);
      bytes.set(input.length > MAX_INPUT ? input.subarray(0, MAX_INPUT) : input, 64);
      count = (count % 0x3fff_ffff) + 1;
      Atomics.store(words, 0, count);
    },
    /** Marks that nothing is running that could hang. */
    rest(): void {
      Atomics.store(words, 0, 0);
    },
  };
}

/**
 * Terminates threads that do nothing but decode, ROUNDS of them, one after the other, and first one that is kept out of
 * the codec: node codec-threads.js ROUNDS
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { systemClock } from '../../src/lib/clock.ts';
import { CodecGate, closeGate, createGateMemory } from '../../src/media/link/codec-gate.ts';
import { gatedCodec } from '../../src/media/worker/gated-codec.ts';
import { opusCodec } from '../../src/mixer/codec/opus.ts';

const WAIT_MS = 50;

function decodeForever(gate: SharedArrayBuffer): never {
  parentPort?.postMessage('starting');
  const codec = gatedCodec(opusCodec, new CodecGate(gate));
  const packet = codec.createEncoder().encode(new Int16Array(960).map((_, index) => 9000 * Math.sin(index / 9)));
  const decoder = codec.createDecoder();
  parentPort?.postMessage('decoding');
  for (;;) decoder.decode(packet);
}

function start(gate: SharedArrayBuffer): Worker {
  return new Worker(process.argv[1] ?? fileURLToPath(import.meta.url), { workerData: gate });
}

async function terminateWaiting(): Promise<void> {
  const gate = createGateMemory();
  closeGate(gate, systemClock, () => {});
  const worker = start(gate);
  const messages: unknown[] = [];
  worker.on('message', (message) => messages.push(message));
  await once(worker, 'message');
  await sleep(WAIT_MS);
  await worker.terminate();
  console.log(`kept out after ${messages}`);
}

async function terminateDecoding(): Promise<void> {
  const gate = createGateMemory();
  const worker = start(gate);
  while ((await once(worker, 'message'))[0] !== 'decoding');
  const exited = once(worker, 'exit');
  closeGate(gate, systemClock, () => void worker.terminate());
  await exited;
}

async function main(rounds: number): Promise<void> {
  await terminateWaiting();
  for (let round = 0; round < rounds; round++) await terminateDecoding();
  console.log(`${rounds} ended`);
}

if (isMainThread) await main(Number(process.argv[2]));
else decodeForever(workerData as SharedArrayBuffer);

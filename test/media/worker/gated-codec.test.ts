import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { compiledPath } from '../../../scripts/test/compile.mjs';
import { CodecGate, createGateMemory } from '../../../src/media/link/codec-gate.ts';
import { gatedCodec } from '../../../src/media/worker/gated-codec.ts';
import type { Codec } from '../../../src/mixer/codec/codec.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const THREADS = compiledPath(ROOT, join(ROOT, '.tap/compiled'), 'test/helpers/codec-threads.ts');
const ROUNDS = 12;

test('a closed gate keeps a thread out, and one that is terminated within the codec does not end the process', async (t) => {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [THREADS, String(ROUNDS)], {
    encoding: 'utf8',
  });
  t.equal(stdout, `kept out after starting\n${ROUNDS} ended\n`, stderr);
  t.same({ status, signal }, { status: 0, signal: null });
});

test('every call of the codec is inside the gate, with its arguments and its result', async (t) => {
  const memory = createGateMemory();
  const fields = new Int32Array(memory);
  const calls: unknown[] = [];
  const record =
    <Result>(name: string, result: Result) =>
    (...args: unknown[]) => {
      calls.push([name, Atomics.load(fields, 0), ...args]);
      return result;
    };
  const packet = Uint8Array.of(1, 2);
  const samples = Int16Array.of(3);
  const frame = Int16Array.of(4);
  const encoder = {
    configure: record('configure', undefined),
    reset: record('reset', undefined),
    encode: record('encode', packet),
  };
  const decoder = {
    decode: record('decode', samples),
    conceal: record('conceal', samples),
    reset: record('reset', undefined),
  };
  const codec: Codec = { createEncoder: record('encoder', encoder), createDecoder: record('decoder', decoder) };
  const gated = gatedCodec(codec, new CodecGate(memory));
  const one = gated.createEncoder(2);
  one.configure({ bitrate: 40_000, complexity: 5 });
  one.reset();
  t.equal(one.encode(frame), packet);
  const other = gated.createDecoder(1);
  t.equal(other.decode(packet), samples);
  t.equal(other.conceal(), samples);
  other.reset();
  t.same(calls, [
    ['encoder', 1, 2],
    ['configure', 1, { bitrate: 40_000, complexity: 5 }],
    ['reset', 1],
    ['encode', 1, frame],
    ['decoder', 1, 1],
    ['decode', 1, packet],
    ['conceal', 1],
    ['reset', 1],
  ]);
  t.equal(Atomics.load(fields, 0), 0);
});

import { CodecPool } from '../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../../src/mixer/format.ts';
import type { Frame } from '../../src/mixer/kernels/frame.ts';
import { Kernels } from '../../src/mixer/kernels/kernels.ts';
import { loadSimd } from '../../src/mixer/kernels/simd.ts';
import { Limiter } from '../../src/mixer/mix/limiter.ts';
import { Mixer } from '../../src/mixer/mix/mixer.ts';
import { createPrng, gaussian } from '../../test/helpers/prng.ts';
import type { MicroCase, MicroRow } from './micro.ts';
import type { Column } from './table.ts';

/** RMS of a levelled voice, on the scale of 16-bit integers. */
const VOICE = 3277;
const TALKERS = 3;
const LISTENERS = 47;
/** After this many calls, V8 has compiled the code that both versions share, before the first of them is timed. */
const WARM_UP = 5000;
/** CELT, 20 ms. */
const PAYLOAD = new Uint8Array(80).fill(0xf8);

/**
 * One thing that both SIMD and TypeScript do, with the same result. Holds the fastest batch of each: what a quiet
 * machine would measure.
 */
export interface KernelRow {
  readonly name: string;
  readonly simdUs: number;
  readonly typescriptUs: number;
}

export const KERNEL_COLUMNS: readonly Column<KernelRow>[] = [
  { title: 'what', value: ({ name }) => name },
  { title: 'SIMD\nfastest µs', value: ({ simdUs }) => simdUs.toFixed(2) },
  { title: 'TypeScript\nfastest µs', value: ({ typescriptUs }) => typescriptUs.toFixed(2) },
  { title: 'times', value: ({ simdUs, typescriptUs }) => (typescriptUs / simdUs).toFixed(1) },
];

/** Each kernel in both versions, one after the other, and the tick of a whole room with each. */
export function kernelCases(): MicroCase[] {
  const [simd, typescript] = [casesOf(new Kernels(loadSimd())), casesOf(new Kernels(undefined))];
  for (const { run } of [...simd, ...typescript]) run(WARM_UP);
  return simd.flatMap(({ name, run }, n) => [
    { name: `${name}, SIMD`, run },
    { name: `${name}, TypeScript`, run: typescript[n]!.run },
  ]);
}

/** @param rows the measurements of `kernelCases`, in the same order */
export function kernelRows(rows: readonly MicroRow[]): KernelRow[] {
  const found: KernelRow[] = [];
  for (let n = 0; n < rows.length; n += 2) {
    const { name, fastestUs } = rows[n]!;
    found.push({ name: name.replace(/, SIMD$/, ''), simdUs: fastestUs, typescriptUs: rows[n + 1]!.fastestUs });
  }
  return found;
}

function casesOf(kernels: Kernels): MicroCase[] {
  const [sum, right, voice, muffled, loud] = [VOICE, VOICE, VOICE, VOICE, 5 * VOICE].map((rms, n) => {
    const frame = kernels.frames.take();
    fillWithNoise(frame, rms, n);
    return frame;
  }) as [Frame, Frame, Frame, Frame, Frame];
  // The sums stay the same, however often this runs.
  const silence = kernels.frames.take();
  silence.samples.fill(0);
  const still = Float32Array.of(0.5, 0.25, 0.6, 0.2, 0.4, 0.1, 0.5, 0.2);
  const limiter = new Limiter(kernels);
  const pcm = new Int16Array(2 * FRAME_SAMPLES);
  const mono = pcm.subarray(0, FRAME_SAMPLES);
  return [
    micro('a talker added to the sum', () => kernels.add(sum, silence)),
    micro('a talker taken out of it', () => kernels.subtract(right, sum, voice)),
    micro('a gain ramp (levelling, headroom, fades)', () => kernels.ramp(silence, 1.2, 1.3)),
    micro('a voice with a gain ramp added', () => kernels.addRamped(silence, silence, 0.5, 0.6)),
    micro('a low pass (the muffled copy of a voice)', () => kernels.lowPass(muffled, voice, 0.85, 0)),
    micro('a voice with low and high gains, one ear', () => kernels.addShelved(silence, silence, silence, still)),
    micro('a voice with low and high gains, two ears', () => kernels.pan(silence, silence, silence, silence, still)),
    micro('limiter and 16 bits, nothing to limit', () => limiter.process(sum, mono)),
    micro('limiter and 16 bits, at work', () => limiter.process(loud, mono)),
    micro('stereo limiter and 16 bits, at work', () => limiter.processStereo(loud, sum, pcm)),
    tickCase(kernels),
  ];
}

function micro(name: string, what: () => void): MicroCase {
  return {
    name,
    run: (times) => {
      for (let i = 0; i < times; i++) what();
    },
  };
}

function fillWithNoise({ samples }: Frame, rms: number, seed: number): void {
  const prng = createPrng(seed);
  for (let i = 0; i < FRAME_SAMPLES; i++) samples[i] = gaussian(prng, 0, rms);
}

/** Everything that a room does in a tick except the codec: jitter buffers, levelling, sum, mix-minus, limiters. */
function tickCase(kernels: Kernels): MicroCase {
  const noise = kernels.frames.take();
  fillWithNoise(noise, VOICE, 1);
  const decoded = Int16Array.from(noise.samples);
  const pool = new CodecPool(
    {
      createEncoder: () => ({ configure: () => {}, reset: () => {}, encode: () => PAYLOAD }),
      createDecoder: () => ({ reset: () => {}, decode: () => decoded, conceal: () => decoded }),
    },
    () => 0,
    kernels,
  );
  const mixer = new Mixer(pool, { maxTalkers: 0, levelling: true });
  const sink = { write: () => {} };
  const talkers = Array.from({ length: TALKERS }, () => mixer.add({ sink, muted: false, deafened: false }));
  for (let i = 0; i < LISTENERS; i++) mixer.add({ sink, muted: true, deafened: false });
  let tick = 0;
  const timestampBits = 2 ** 32;
  return micro(`tick of a room of ${TALKERS + LISTENERS}, ${TALKERS} talking, without codec`, () => {
    tick++;
    const packet = {
      sequenceNumber: tick & 0xffff,
      timestamp: (tick * FRAME_SAMPLES) % timestampBits,
      payload: PAYLOAD,
      levelDbov: -20,
      redundant: false,
    };
    for (const talker of talkers) mixer.push(talker, packet, tick * PTIME_MS);
    mixer.tick(tick, tick * PTIME_MS + 1);
  });
}

import fc from 'fast-check';
import { type Test, test } from 'tap';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { Frame } from '../../../src/mixer/kernels/frame.ts';
import { EAR_GAINS, Kernels } from '../../../src/mixer/kernels/kernels.ts';
import { loadSimd } from '../../../src/mixer/kernels/simd.ts';
import { Limiter } from '../../../src/mixer/mix/limiter.ts';
import { cases } from '../../helpers/cases.ts';
import { createPrng } from '../../helpers/prng.ts';

const SEED = Number(process.env['SEED'] ?? 1207);
const RUNS = 150;

const simd = new Kernels(loadSimd());
const plain = new Kernels(undefined);

/** Zeros of both signs, the smallest numbers there are, halves, the ends of 16 bits, and values far beyond. */
const ODD_SAMPLES = [
  ...[0, -0, 1e-45, -1e-45, 1.1754943e-38, 0.5, -0.5, 0.49999997, -0.49999997, 1.5, -1.5],
  ...[32_766.5, 32_766.498, 32_767, 32_767.5, -32_767.5, -32_768, -32_768.5, -32_769, 29_204, 29_204.002],
  ...[2 ** 31, -(2 ** 31), 2 ** 32, 1e9, -1e9, 1e30, -1e30],
];

const samples = fc
  .tuple(fc.nat(), fc.constantFrom(1, 1000, 30_000, 32_800, 200_000, 1e30, 1e-38), fc.constantFrom(0, 0.02, 0.5))
  .map(([seed, peak, oddShare]) => {
    const prng = createPrng(seed);
    return Float32Array.from({ length: FRAME_SAMPLES }, () =>
      prng() < oddShare ? ODD_SAMPLES[Math.floor(prng() * ODD_SAMPLES.length)]! : peak * (2 * prng() - 1),
    );
  });
const gain = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, 0.5, 2, 1 + 2 ** -23, 1e-40, 1e-320),
  fc.double({ min: -8, max: 8, noNaN: true }),
);
const rampSamples = fc.oneof(fc.constantFrom(0, 1, 240, 840, FRAME_SAMPLES, 2000), fc.nat(FRAME_SAMPLES));
const earGains = fc.array(gain, { minLength: EAR_GAINS, maxLength: EAR_GAINS });

/** @param outside bit n is set if frame n lies outside the kernels' memory */
function place(kernels: Kernels, frames: readonly Float32Array[], outside = 0): Frame[] {
  return frames.map((one, n) => {
    const frame = outside & (1 << n) ? new Frame(new Float32Array(FRAME_SAMPLES), 0) : kernels.frames.take();
    frame.samples.set(one);
    return frame;
  });
}

/** A kernel's frames afterwards and its return value, as bytes, because -0 is not 0. */
function bytesOf(
  kernels: Kernels,
  inputs: readonly Float32Array[],
  run: (kernels: Kernels, ...frames: Frame[]) => unknown,
  outside = 0,
): Buffer {
  const frames = place(kernels, inputs, outside);
  const returned = run(kernels, ...frames);
  const bytes = frames.map((frame) => Buffer.from(frame.samples.slice().buffer));
  if (typeof returned === 'number') bytes.push(Buffer.from(Float64Array.of(returned).buffer));
  if (ArrayBuffer.isView(returned)) {
    bytes.push(Buffer.from(Buffer.from(returned.buffer, returned.byteOffset, returned.byteLength)));
  }
  for (const frame of frames) if (frame.address > 0) kernels.frames.release(frame);
  return Buffer.concat(bytes);
}

/** A kernel and its arguments besides frames. Some of the frames may lie outside the memory. */
function sameForAny<T>(
  t: Test,
  frames: number,
  rest: fc.Arbitrary<T>,
  run: (rest: T, kernels: Kernels, ...frames: Frame[]) => unknown,
): void {
  t.comment(`SEED=${SEED}`);
  t.ok(simd.hasSimd && !plain.hasSimd);
  const inputs = fc.array(samples, { minLength: frames, maxLength: frames });
  fc.assert(
    fc.property(inputs, rest, fc.nat(2 ** frames - 1), (frame, value, outside) => {
      const each = (kernels: Kernels, ...placed: Frame[]): unknown => run(value, kernels, ...placed);
      const wanted = bytesOf(plain, frame, each);
      return bytesOf(simd, frame, each).equals(wanted) && bytesOf(simd, frame, each, outside).equals(wanted);
    }),
    { seed: SEED, numRuns: RUNS },
  );
  t.equal(simd.frames.taken, 0);
}

test('SIMD and TypeScript give the same sum to the last bit', async (t) => {
  sameForAny(t, 2, fc.constant(0), (_, kernels, sum, frame) => kernels.add(sum!, frame!));
});

test('... and the same mix-minus', async (t) => {
  sameForAny(t, 3, fc.constant(0), (_, kernels, out, total, own) => kernels.subtract(out!, total!, own!));
});

test('... and the same ramp, of any length', async (t) => {
  sameForAny(t, 1, fc.tuple(gain, gain, rampSamples), ([from, to, length], kernels, frame) =>
    kernels.ramp(frame!, from, to, length),
  );
});

test('... and the same sum with a voice whose gain moves from one value to another', async (t) => {
  sameForAny(t, 2, fc.tuple(gain, gain), ([from, to], kernels, sum, frame) =>
    kernels.addRamped(sum!, frame!, from, to),
  );
});

test('... and the same voice with a low and a high gain', async (t) => {
  sameForAny(t, 3, earGains, (gains, kernels, sum, raw, muffled) =>
    kernels.addShelved(sum!, raw!, muffled!, Float32Array.from(gains)),
  );
});

test('... and the same voice in two ears', async (t) => {
  sameForAny(t, 4, fc.tuple(earGains, earGains), (gains, kernels, left, right, raw, muffled) =>
    kernels.pan(left!, right!, raw!, muffled!, Float32Array.from([9, ...gains.flat()]), 1),
  );
});

test('... and the same muffled copy, including in place', async (t) => {
  const pole = fc.double({ min: 0.01, max: 0.999, noNaN: true });
  sameForAny(t, 2, fc.tuple(pole, gain), ([one, last], kernels, out, frame) =>
    kernels.lowPass(out!, frame!, one, kernels.lowPass(frame!, frame!, one, last)),
  );
});

test('... and the same peaks', async (t) => {
  sameForAny(t, 1, fc.constant(0), (_, kernels, frame) => kernels.peaks(frame!));
});

test('... and the same 16-bit integers, mono and stereo', async (t) => {
  sameForAny(t, 2, fc.constant(0), (_, kernels, left, right) => {
    const out = new Int16Array(3 * FRAME_SAMPLES);
    kernels.toInt16(left!, out.subarray(0, FRAME_SAMPLES));
    kernels.toInt16Stereo(left!, right!, out.subarray(FRAME_SAMPLES));
    return out;
  });
});

test('... and the same limited mix, mono and stereo, over several frames', async (t) => {
  sameForAny(t, 3, fc.constant(0), (_, kernels, first, second, third) => {
    const out = new Int16Array(9 * FRAME_SAMPLES);
    const limiter = new Limiter(kernels);
    const stereo = new Limiter(kernels);
    const pairs = [[first!, second!] as const, [second!, third!] as const, [third!, first!] as const];
    for (const [n, [left, right]] of pairs.entries()) {
      const start = 3 * n * FRAME_SAMPLES;
      limiter.process(left, out.subarray(start, start + FRAME_SAMPLES));
      stereo.processStereo(left, right, out.subarray(start + FRAME_SAMPLES, start + 3 * FRAME_SAMPLES));
    }
    return out;
  });
});

test('16-bit integers are the nearest to the samples, within their range, and limited ones to the samples with their gain', async (t) => {
  t.comment(`SEED=${SEED}`);
  const factor = fc.constantFrom(1, 0.75, 0.01);
  fc.assert(
    fc.property(samples, samples, factor, fc.constantFrom(simd, plain), (left, right, gain, kernels) => {
      const [first, second] = place(kernels, [left, right]) as [Frame, Frame];
      const isNearest = (out: Int16Array, from: Float32Array, by: number, step = 1, start = 0) =>
        from.every((sample, i) => {
          const wanted = Math.max(-32_768, Math.min(32_767, sample * by));
          return Math.abs(out[start + i * step]! - wanted) <= 0.5 + Math.abs(wanted) * 1e-6;
        });
      const mono = () => new Int16Array(FRAME_SAMPLES);
      const stereo = () => new Int16Array(2 * FRAME_SAMPLES);
      const [whole, both, limited, bothLimited] = [mono(), stereo(), mono(), stereo()];
      kernels.toInt16(first, whole);
      kernels.toInt16Stereo(first, second, both);
      kernels.gains.fill(gain);
      kernels.limit(first, limited);
      kernels.limitStereo(first, second, bothLimited);
      for (const frame of [first, second]) kernels.frames.release(frame);
      return (
        isNearest(whole, left, 1) &&
        isNearest(both, left, 1, 2) &&
        isNearest(both, right, 1, 2, 1) &&
        isNearest(limited, left, gain) &&
        isNearest(bothLimited, left, gain, 2) &&
        isNearest(bothLimited, right, gain, 2, 1)
      );
    }),
    { seed: SEED, numRuns: cases(RUNS) },
  );
});

test("frames inside and outside the kernels' memory may be mixed", async (t) => {
  const scarce = new Kernels(loadSimd(1));
  const [inside, outside] = [scarce.frames.take(), scarce.frames.take()];
  t.ok(inside.address > 0);
  t.equal(outside.address, 0, 'there is room for one');
  inside.samples.fill(2);
  outside.samples.fill(3);
  scarce.add(inside, outside);
  t.ok(inside.samples.every((sample) => sample === 5));
  scarce.subtract(outside, outside, inside);
  t.ok(outside.samples.every((sample) => sample === -2));
  const [left, right] = [new Int16Array(2 * FRAME_SAMPLES), new Int16Array(2 * FRAME_SAMPLES)];
  scarce.toInt16Stereo(inside, outside, left);
  scarce.toInt16Stereo(outside, inside, right);
  t.same(left.subarray(0, 4), [5, -2, 5, -2]);
  t.same(right.subarray(0, 4), [-2, 5, -2, 5]);
  scarce.frames.release(outside);
  t.equal(scarce.frames.take(), outside, 'it is reused');
  scarce.frames.release(inside);
  t.equal(scarce.frames.take(), inside);
});

test('a ramp ends at its gain, and a gain of 0 leaves the sum unchanged, bit for bit', async (t) => {
  for (const kernels of [simd, plain]) {
    const [sum, voice] = place(kernels, [
      new Float32Array(FRAME_SAMPLES).fill(0.1),
      new Float32Array(FRAME_SAMPLES).fill(20_000),
    ]);
    kernels.addRamped(sum!, voice!, 0, 0);
    t.ok(sum!.samples.every((sample) => sample === Math.fround(0.1)));
    kernels.addRamped(sum!, voice!, 1, 0);
    t.equal(sum!.samples.at(-1), Math.fround(0.1));
    kernels.addRamped(sum!, voice!, 0, 1);
    t.equal(sum!.samples.at(-1), Math.fround(20_000.1));
    for (const frame of [sum!, voice!]) kernels.frames.release(frame);
  }
});

test('a muffled copy is 3 dB quieter at the corner, and an ear hears the low gain below and nearly the high one far above', async (t) => {
  const CORNER_HZ = 1200;
  const pole = Math.exp((-2 * Math.PI * CORNER_HZ) / 48_000);
  const [low, high] = [0.5, 0.125];
  const gains = Float32Array.of(low, high, low, high);
  const measure = (frequencyHz: number): { muffledDb: number; earGain: number } => {
    const [raw, muffled, ear] = place(
      simd,
      [0, 0, 0].map(() => new Float32Array(FRAME_SAMPLES)),
    );
    let last = 0;
    let energy = [0, 0, 0];
    for (let n = 0; n < 10; n++) {
      for (let i = 0; i < FRAME_SAMPLES; i++) {
        raw!.samples[i] = 10_000 * Math.sin((2 * Math.PI * frequencyHz * (n * FRAME_SAMPLES + i)) / 48_000);
      }
      last = simd.lowPass(muffled!, raw!, pole, last);
      ear!.samples.fill(0);
      simd.addShelved(ear!, raw!, muffled!, gains);
      if (n < 5) continue;
      energy = [raw!, muffled!, ear!].map(({ samples }, k) => energy[k]! + samples.reduce((sum, x) => sum + x * x, 0));
    }
    for (const frame of [raw!, muffled!, ear!]) simd.frames.release(frame);
    return { muffledDb: 10 * Math.log10(energy[1]! / energy[0]!), earGain: Math.sqrt(energy[2]! / energy[0]!) };
  };
  t.ok(Math.abs(measure(CORNER_HZ).muffledDb + 3) < 0.2, `${measure(CORNER_HZ).muffledDb.toFixed(2)} dB`);
  t.ok(Math.abs(measure(50).earGain - low) < 0.01, `${measure(50).earGain.toFixed(3)} at 50 Hz`);
  t.ok(Math.abs(measure(16_000).earGain - high) < 0.04, `${measure(16_000).earGain.toFixed(3)} at 16 kHz`);
});

test('a filter without input comes to rest', async (t) => {
  for (const kernels of [simd, plain]) {
    const [frame] = place(kernels, [new Float32Array(FRAME_SAMPLES).fill(1000)]);
    let last = kernels.lowPass(frame!, frame!, 0.85, 0);
    frame!.samples.fill(0);
    last = kernels.lowPass(frame!, frame!, 0.85, last);
    t.equal(last, 0);
    kernels.frames.release(frame!);
  }
});

test('a scratch frame is the same for the same purpose, and another one for another', async (t) => {
  const kernels = new Kernels(loadSimd(2));
  const [sum, copy, third] = [kernels.scratch('sum'), kernels.scratch('copy'), kernels.scratch('third')];
  t.equal(new Set([sum, copy, third]).size, 3);
  t.same([kernels.scratch('sum'), kernels.scratch('copy')], [sum, copy]);
  t.equal(kernels.frames.taken, 3);
  t.equal(third.address, 0, 'outside the memory when it is full');
});

import fc from 'fast-check';
import { type Test, test } from 'tap';
import { FRAME_SAMPLES, PTIME_MS, SAMPLES_PER_MS } from '../../../src/mixer/format.ts';
import * as pcm from '../../../src/mixer/kernels/pcm.ts';
import { createPrng } from '../../helpers/prng.ts';

const SEED = Number(process.env['SEED'] ?? 1208);
/** The error that single precision may add in sums and products of samples below 32,768. */
const ROUNDING = 0.02;

const noise = (salt: number, peak = 30_000, length = FRAME_SAMPLES) => {
  const prng = createPrng(salt);
  return Float32Array.from({ length }, () => peak * (2 * prng() - 1));
};
/** Integers add up without rounding. */
const integers = fc.nat().map((salt) => noise(salt).map(Math.round));
const frames = fc.nat().map((salt) => noise(salt));
const gains = fc.double({ min: 0, max: 3, noNaN: true });

function holds<T extends [unknown, ...unknown[]]>(
  t: Test,
  arbitraries: { [K in keyof T]: fc.Arbitrary<T[K]> },
  predicate: (...values: T) => boolean,
  numRuns = 60,
): void {
  t.comment(`SEED=${SEED}`);
  fc.assert(fc.property(...arbitraries, predicate), { seed: SEED, numRuns });
}

const each = (samples: ArrayLike<number>, isRight: (sample: number, i: number) => boolean) =>
  Array.prototype.every.call(samples, isRight);
const near = (a: number, b: number, tolerance = ROUNDING) => Math.abs(a - b) <= tolerance;

test('subtracting a voice from a sum leaves the others, to the last bit', async (t) => {
  holds(t, [integers, integers, integers], (a, b, c) => {
    const total = a.slice();
    pcm.add(total, b);
    pcm.add(total, c);
    const minus = new Float32Array(FRAME_SAMPLES);
    pcm.subtract(minus, total, c);
    return each(total, (sum, i) => sum === a[i]! + b[i]! + c[i]!) && each(minus, (sum, i) => sum === a[i]! + b[i]!);
  });
});

test('a ramp goes to its gain in equal steps and stays there, and one longer than the frame ends with it', async (t) => {
  const length = fc.oneof(fc.constantFrom(1, 2, 240, FRAME_SAMPLES, 5000), fc.integer({ min: 1, max: 1200 }));
  holds(t, [frames, gains, gains, length], (frame, from, to, rampSamples) => {
    const before = frame.slice();
    pcm.applyRamp(frame, from, to, rampSamples);
    const end = Math.min(rampSamples, FRAME_SAMPLES);
    const gainAt = (i: number) => (i >= end ? to : from + ((to - from) * (i + 1)) / end);
    return each(frame, (sample, i) => near(sample, before[i]! * gainAt(i)));
  });
});

test('a ramp changes nothing outside the array it is given', async (t) => {
  const samples = new Float32Array(10).fill(100);
  pcm.applyRamp(samples.subarray(2, 6), 1, 0.5, 2);
  t.same(Array.from(samples), [100, 100, 75, 50, 50, 50, 100, 100, 100, 100]);
});

test('a cross-fade of a sound with itself changes nothing, and two opposite fades add up to both sounds', async (t) => {
  holds(t, [frames, frames, fc.integer({ min: 1, max: FRAME_SAMPLES })], (a, b, fade) => {
    const [same, aToB, bToA] = [a.slice(), b.slice(), a.slice()];
    pcm.crossFade(same, a, fade);
    pcm.crossFade(aToB, a, fade);
    pcm.crossFade(bToA, b, fade);
    return (
      each(same, (sample, i) => near(sample, a[i]!)) &&
      each(aToB, (sample, i) => (i < fade ? near(sample + bToA[i]!, a[i]! + b[i]!) : sample === b[i]!))
    );
  });
});

test('a cross-fade moves in equal steps, the first just past the old sound and the last just short of the new one', async (t) => {
  for (const fade of [1, 3, 240]) {
    const frame = new Float32Array(300).fill(1);
    pcm.crossFade(frame, new Float32Array(300), fade);
    const step = 1 / (fade + 1);
    t.ok(
      each(frame, (sample, i) => near(sample, Math.min(1, (i + 1) * step), 1e-6)),
      `${fade} samples`,
    );
  }
});

test('levels follow RFC 6464: 0 for the square wave at full scale, -127 for silence', async (t) => {
  const level = (samples: readonly number[]) => pcm.levelDbov(Float32Array.from(samples));
  t.equal(level([32_768, -32_768, 32_768, -32_768]), 0);
  t.ok(near(level([16_384, -16_384]), -6.02, 0.01));
  t.ok(near(pcm.levelDbov(Float32Array.from({ length: 960 }, (_, i) => 32_768 * Math.sin(i / 5))), -3.01, 0.05));
  t.ok(near(level([32_768, 0, 0, 0]), -6.02, 0.01), 'the mean counts');
  t.equal(level([0, 0]), -127);
  t.equal(level([1e-9, 0]), -127, 'nothing is quieter than silence');
  t.ok(near(level([0.1, -0.1]), -110.31, 0.01), 'a signal below one 16-bit step has a level');
});

test('levels rise by 20 dB with ten times the amplitude, whatever the signs and the order', async (t) => {
  holds(t, [fc.nat(), fc.integer({ min: 1, max: 2000 })], (salt, length) => {
    const sound = noise(salt, 3000, length);
    const level = pcm.levelDbov(sound);
    return (
      near(pcm.levelDbov(sound.map((sample) => -10 * sample)), level + 20, 1e-3) &&
      near(pcm.levelDbov(sound.slice().reverse()), level, 1e-6)
    );
  });
});

test('a voice is added with a gain that moves linearly over the frame and ends exactly', async (t) => {
  holds(t, [frames, frames, gains, gains], (before, voice, from, to) => {
    const sum = before.slice();
    pcm.addRamped(sum, voice, from, to);
    const gainAt = (i: number) => from + ((to - from) * (i + 1)) / FRAME_SAMPLES;
    return (
      each(sum, (sample, i) => near(sample, before[i]! + voice[i]! * gainAt(i), 4 * ROUNDING)) &&
      sum.at(-1)! === Math.fround(before.at(-1)! + Math.fround(voice.at(-1)! * Math.fround(to)))
    );
  });
});

test('a shelved voice has the low gain in the low-pass band and the high gain above it', async (t) => {
  const ear = fc.array(gains, { minLength: 4, maxLength: 4 });
  holds(t, [frames, frames, ear, fc.constantFrom(0, 1, 4)], (before, voice, ends, at) => {
    const [lowFrom, highFrom, lowTo, highTo] = ends as [number, number, number, number];
    const table = Float32Array.from([...Array(at).fill(9), ...ends]);
    const withGains = (muffled: Float32Array, from: number, to: number) => {
      const sum = before.slice();
      pcm.addShelved(sum, voice, muffled, table, at);
      const gainAt = (i: number) => from + ((to - from) * (i + 1)) / FRAME_SAMPLES;
      return each(sum, (sample, i) => near(sample, before[i]! + voice[i]! * gainAt(i), 8 * ROUNDING));
    };
    return withGains(voice, lowFrom, lowTo) && withGains(new Float32Array(FRAME_SAMPLES), highFrom, highTo);
  });
});

test('the low pass is its stated recurrence, without a seam between frames, including in place', async (t) => {
  const pole = fc.double({ min: 0.01, max: 0.99, noNaN: true });
  holds(t, [fc.nat(), pole], (salt, one) => {
    const input = noise(salt, 30_000, 3 * FRAME_SAMPLES);
    let y = 0;
    const wanted = input.map((sample) => {
      y = (1 - one) * sample + one * y;
      return y;
    });
    let last = 0;
    const out = new Float32Array(FRAME_SAMPLES);
    for (let n = 0; n < 3; n++) {
      const frame = input.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES);
      const target = n === 1 ? frame : out;
      last = pcm.lowPass(target, frame, one, last);
      if (last !== target.at(-1)) return false;
      if (!each(target, (sample, i) => near(sample, wanted[n * FRAME_SAMPLES + i]!, 0.1))) return false;
    }
    return true;
  });
});

test('a peak shows in its own millisecond, with either sign, and in no other', async (t) => {
  holds(t, [fc.nat(FRAME_SAMPLES - 1), fc.boolean()], (at, negative) => {
    const frame = noise(at, 1000);
    frame[at] = negative ? -5000 : 5000;
    const out = new Float32Array(PTIME_MS).fill(-1);
    pcm.peaks(frame, out);
    return each(out, (peak, ms) => (ms === Math.floor(at / SAMPLES_PER_MS) ? peak === 5000 : peak > 0 && peak <= 1000));
  });
  const out = new Float32Array(PTIME_MS).fill(7);
  pcm.peaks(new Float32Array(FRAME_SAMPLES), out);
  t.ok(out.every((peak) => peak === 0));
});

test('samples become the nearest 16-bit integers, and values beyond the range are clipped', async (t) => {
  const sample = fc.oneof(
    fc.double({ min: -40_000, max: 40_000, noNaN: true }),
    fc.integer({ min: -33_000, max: 33_000 }).map((n) => n / 2),
    fc.constantFrom(32_766.4, 32_766.6, 32_767, 32_768, -32_767.4, -32_767.6, -32_768, -32_769, 1e30, -1e30, -0.4),
  );
  holds(t, [sample], (one) => pcm.integer(one) === Math.max(-32_768, Math.min(32_767, Math.round(one))) + 0, 2000);
  holds(t, [frames], (frame) => {
    const out = new Int16Array(FRAME_SAMPLES);
    pcm.toInt16(frame, out);
    return each(out, (one, i) => one === Math.max(-32_768, Math.min(32_767, Math.round(frame[i]!))));
  });
});

test('gains at the millisecond borders hold there and move linearly in between', async (t) => {
  const border = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 21, maxLength: 21 });
  holds(t, [frames, border], (frame, at) => {
    const out = new Int16Array(FRAME_SAMPLES);
    pcm.limit(frame, Float64Array.from(at), out);
    return each(out, (sample, i) => {
      const [ms, share] = [Math.floor(i / SAMPLES_PER_MS), ((i % SAMPLES_PER_MS) + 1) / SAMPLES_PER_MS];
      return near(sample, frame[i]! * (at[ms]! * (1 - share) + at[ms + 1]! * share), 0.51);
    });
  });
});

test('two channels are interleaved sample by sample, the left one first', async (t) => {
  const left = Int16Array.from({ length: FRAME_SAMPLES }, (_, i) => i);
  const out = new Int16Array(2 * FRAME_SAMPLES);
  pcm.interleave(
    left,
    left.map((sample) => -1 - sample),
    out,
  );
  t.ok(each(out, (sample, i) => sample === (i % 2 === 0 ? i / 2 : -1 - (i - 1) / 2)));
});

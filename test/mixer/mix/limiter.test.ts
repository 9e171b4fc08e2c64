import fc from 'fast-check';
import { test } from 'tap';
import { FRAME_SAMPLES, FULL_SCALE } from '../../../src/mixer/format.ts';
import { threadKernels } from '../../../src/mixer/kernels/kernels.ts';
import { Limiter } from '../../../src/mixer/mix/limiter.ts';
import { cases } from '../../helpers/cases.ts';
import { inFrame } from '../../helpers/in-frame.ts';
import { clickRatio, concatInt16, tone } from '../../helpers/signal.ts';
import { speech, VOICES } from '../../helpers/speech.ts';

const SEED = Number(process.env['SEED'] ?? 4103);
const CEILING = 29_204;

/** Frames of a 300 Hz tone with the given amplitudes, on the scale of 16-bit integers. */
function tones(amplitudes: readonly number[], frequencyHz = 300): Float32Array[] {
  return amplitudes.map((amplitude, n) =>
    tone({ frequencyHz, samples: FRAME_SAMPLES, amplitude, startSample: n * FRAME_SAMPLES }),
  );
}

function limit(limiter: Limiter, mixes: readonly Float32Array[]): Int16Array[] {
  return mixes.map((mix) => {
    const out = new Int16Array(FRAME_SAMPLES);
    limiter.process(inFrame(mix), out);
    return out;
  });
}

test('a signal below the ceiling passes unchanged', async (t) => {
  const limiter = new Limiter(threadKernels());
  const mixes = tones([100, 20_000, CEILING - 1, 5]);
  const outs = limit(limiter, mixes);
  for (const [n, out] of outs.entries())
    t.ok(
      out.every((sample, i) => sample === Math.round(mixes[n]![i]!)),
      `frame ${n}`,
    );
  t.equal(limiter.gain, 1);
});

test('for any mix: never above full scale, signs stay, and nothing becomes louder', async (t) => {
  t.comment(`SEED=${SEED}`);
  const frame = fc
    .tuple(fc.float({ min: 0, max: 400_000, noNaN: true }), fc.nat(), fc.constantFrom(1, 7, 48, 960))
    .map(([peak, salt, hold]) =>
      Float32Array.from({ length: FRAME_SAMPLES }, (_, i) => peak * Math.sin(Math.floor(i / hold) * 12.9898 + salt)),
    );
  fc.assert(
    fc.property(fc.array(frame, { minLength: 1, maxLength: 8 }), (mixes) => {
      const outs = limit(new Limiter(threadKernels()), mixes);
      return outs.every((out, n) =>
        out.every((sample, i) => {
          const input = mixes[n]![i]!;
          return sample * input >= 0 && Math.abs(sample) <= Math.min(Math.abs(input) + 0.5, 32_768);
        }),
      );
    }),
    { seed: SEED, numRuns: cases(200) },
  );
});

test('sustained loudness is turned down to the ceiling, not clipped', async (t) => {
  for (const amplitude of [40_000, 90_000, 300_000]) {
    const outs = limit(new Limiter(threadKernels()), tones(Array(20).fill(amplitude)));
    const settled = concatInt16(outs.slice(2));
    t.ok(
      settled.every((sample) => Math.abs(sample) <= CEILING + 1),
      `${amplitude}: below the ceiling`,
    );
    t.ok(Math.max(...settled) > CEILING * 0.95, `${amplitude}: close to the ceiling`);
    const reference = Int16Array.from(
      tone({ frequencyHz: 300, samples: settled.length, amplitude: CEILING, startSample: 2 * FRAME_SAMPLES }),
    );
    t.ok(clickRatio(settled, 2, settled.length, reference) < 1.3, `${amplitude}: still a tone`);
  }
});

test('the gain looks ahead: a peak in the middle of a frame is below the ceiling from its first sample', async (t) => {
  const mix = new Float32Array(FRAME_SAMPLES).fill(10_000);
  mix.fill(100_000, 400, 500);
  const [out] = limit(new Limiter(threadKernels()), [mix]);
  t.ok(out!.every((sample) => sample <= CEILING + 1));
  t.ok(
    out!.subarray(0, 300).every((sample) => sample === 10_000),
    'not before it must',
  );
});

test('the gain is continuous, including across frames', async (t) => {
  const limiter = new Limiter(threadKernels());
  const mixes = tones([20_000, 20_000, 60_000, 120_000, 60_000, ...Array(20).fill(20_000)]);
  const outs = limit(limiter, mixes);
  let last = 1;
  let steepest = 0;
  for (const [n, out] of outs.entries()) {
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      const input = mixes[n]![i]!;
      if (Math.abs(input) < 5000) continue;
      const gain = out[i]! / input;
      // The attack in the first millisecond of a frame that begins too loud is meant to be steep.
      if (i >= 48) steepest = Math.max(steepest, Math.abs(gain - last));
      last = gain;
    }
  }
  // Samples near zero are left out, so the steps between the remaining ones span a little more time.
  t.ok(steepest < 0.2, `largest step ${steepest.toFixed(3)}`);
});

test('the gain recovers within half a second and ends at exactly one', async (t) => {
  const limiter = new Limiter(threadKernels());
  limit(limiter, tones([100_000]));
  const start = limiter.gain;
  t.ok(start < 0.31);
  limit(limiter, tones(Array(5).fill(10_000)));
  const after100Ms = (limiter.gain - start) / (1 - start);
  t.ok(after100Ms > 0.55 && after100Ms < 0.7, `${after100Ms.toFixed(2)} of the way after 100 ms`);
  limit(limiter, tones(Array(60).fill(10_000)));
  t.equal(limiter.gain, 1);
});

test('a frame that begins too loud is below the ceiling by the end of its first millisecond, from any starting gain', async (t) => {
  for (const before of [0, 40_000]) {
    const limiter = new Limiter(threadKernels());
    limit(limiter, [new Float32Array(FRAME_SAMPLES).fill(before)]);
    const mix = new Float32Array(FRAME_SAMPLES).fill(100_000, 0, 48);
    const [out] = limit(limiter, [mix]);
    t.ok(Math.abs(out![47]! - CEILING) <= 1, `${out![47]} at the end`);
    t.ok(
      out!.subarray(8, 48).every((sample, i) => sample <= out![7 + i]!),
      'the gain only falls',
    );
    t.ok(out![16]! < CEILING * 1.1, 'nearly all of it at the beginning');
    t.ok(out!.subarray(48).every((sample) => sample === 0));
  }
});

test('a peak in any later millisecond is below the ceiling from its first sample', async (t) => {
  for (let ms = 1; ms < 20; ms++) {
    const mix = new Float32Array(FRAME_SAMPLES).fill(10_000);
    mix.fill(100_000, 48 * ms, 48 * (ms + 1));
    const [out] = limit(new Limiter(threadKernels()), [mix]);
    t.ok(
      out!.every((sample) => sample <= CEILING + 1),
      `millisecond ${ms}`,
    );
    t.ok(
      out!.subarray(0, 48 * (ms - 1)).every((sample) => sample === 10_000),
      'and nothing is turned down more than a millisecond earlier',
    );
  }
});

test('half of a steep attack is over after four samples', async (t) => {
  const loud = 32_000;
  const [out] = limit(new Limiter(threadKernels()), [new Float32Array(FRAME_SAMPLES).fill(loud)]);
  const left = (out![4]! - CEILING) / (loud - CEILING);
  t.ok(Math.abs(left - 0.5) < 0.02, `${left}`);
});

test('a loud start after loudness meets the gain that was already reduced', async (t) => {
  const limiter = new Limiter(threadKernels());
  const outs = limit(limiter, Array(4).fill(new Float32Array(FRAME_SAMPLES).fill(60_000)));
  for (const out of outs.slice(1)) t.ok(out.every((sample) => Math.abs(sample - CEILING) <= 1));
});

test('the gain recovers a hundredth of the missing part in each millisecond', async (t) => {
  const limiter = new Limiter(threadKernels());
  limit(limiter, [new Float32Array(FRAME_SAMPLES).fill(2 * CEILING)]);
  const [out] = limit(limiter, [new Float32Array(FRAME_SAMPLES).fill(10_000)]);
  for (let ms = 1; ms <= 20; ms++) {
    const missing = 1 - out![48 * ms - 1]! / 10_000;
    t.ok(Math.abs(missing - 0.5 * Math.exp(-ms / 100)) < 2e-4, `${missing} after ${ms} ms`);
  }
});

/** Both channels of a stereo frame. */
function limitStereo(limiter: Limiter, left: Float32Array, right: Float32Array): [Int16Array, Int16Array] {
  const kernels = threadKernels();
  const [a, b] = [kernels.scratch('left side of a test'), kernels.scratch('right side of a test')];
  a.samples.set(left);
  b.samples.set(right);
  const out = new Int16Array(2 * FRAME_SAMPLES);
  limiter.processStereo(a, b, out);
  return [out.filter((_, i) => i % 2 === 0), out.filter((_, i) => i % 2 === 1)];
}

test('in stereo both channels get the gain of the louder one, so that nobody moves', async (t) => {
  t.comment(`SEED=${SEED}`);
  const amplitude = fc.constantFrom(0, 100, 20_000, 29_000, 40_000, 120_000);
  fc.assert(
    fc.property(fc.array(fc.tuple(amplitude, amplitude), { minLength: 1, maxLength: 5 }), (pairs) => {
      const [stereo, mono] = [new Limiter(threadKernels()), new Limiter(threadKernels())];
      return pairs.every(([left, right], n) => {
        const tones = (peak: number) =>
          tone({ frequencyHz: 300, samples: FRAME_SAMPLES, amplitude: peak, startSample: n * FRAME_SAMPLES });
        const heard = limitStereo(stereo, tones(left), tones(right));
        const louder = Math.max(left, right);
        const [alone] = limit(mono, [tones(louder)]);
        return (
          stereo.gain === mono.gain &&
          heard.every((side, which) =>
            side.every((sample, i) => {
              const share = louder === 0 ? 0 : (which === 0 ? left : right) / louder;
              // Samples clipped in the first millisecond are equal only for the louder channel.
              return Math.abs(alone![i]!) > 32_766 || Math.abs(sample - share * alone![i]!) <= 1;
            }),
          )
        );
      });
    }),
    { seed: SEED, numRuns: cases(100) },
  );
});

test('in stereo the gain also recovers, and ends at exactly one', async (t) => {
  const limiter = new Limiter(threadKernels());
  const side = (amplitude: number) => tone({ frequencyHz: 300, samples: FRAME_SAMPLES, amplitude });
  limitStereo(limiter, side(100_000), side(100));
  t.ok(limiter.gain < 0.31);
  for (let frame = 0; frame < 65; frame++) limitStereo(limiter, side(10_000), side(100));
  t.equal(limiter.gain, 1);
  const [left] = limitStereo(limiter, side(10_000), side(100));
  t.same(left, Int16Array.from(side(10_000), Math.round));
});

test('a limiter that follows another begins its frame as the other one did', async (t) => {
  const first = new Limiter(threadKernels());
  limit(first, tones([60_000]));
  const before = first.gain;
  const mix = tones([150_000])[0]!;
  const [expected] = limit(first, [mix]);
  t.ok(first.gain < before);
  const second = new Limiter(threadKernels());
  second.follow(first);
  t.equal(second.gain, before);
  t.same(limit(second, [mix])[0], expected);
  second.reset();
  t.equal(second.gain, 1);
  limit(first, tones([100, 100]));
  limit(first, tones(Array(60).fill(100)));
  second.follow(first);
  t.equal(second.gain, 1, 'and an idle one begins at 1');
});

test('between levelled talkers, alone or many at once, the limiter has next to nothing to do, so it cannot pump', async (t) => {
  const seconds = 10;
  const voices = await Promise.all(VOICES.map((voice) => speech(voice, seconds)));
  for (const talkers of [1, 2, 3, 6]) {
    // The headroom gain of a mix stream when more than two people talk.
    const headroom = FULL_SCALE * Math.min(1, Math.sqrt(2 / talkers));
    const limiter = new Limiter(threadKernels());
    const out = new Int16Array(FRAME_SAMPLES);
    const gainsDb: number[] = [];
    for (let start = 0; start < seconds * 48_000; start += FRAME_SAMPLES) {
      const mix = Float32Array.from(out, (_, i) =>
        voices.slice(0, talkers).reduce((sum, voice) => sum + headroom * voice[start + i]!, 0),
      );
      limiter.process(inFrame(mix), out);
      gainsDb.push(20 * Math.log10(limiter.gain));
    }
    t.ok(Math.min(...gainsDb) > -3, `${talkers}: ${Math.min(...gainsDb).toFixed(1)} dB at most`);
    const turnedDown = gainsDb.filter((db) => db < -0.5).length / gainsDb.length;
    t.ok(turnedDown < 0.05, `${talkers}: by more than half a dB in ${(100 * turnedDown).toFixed(1)} % of the frames`);
  }
});

test('many loud talkers do not clip', async (t) => {
  const limiter = new Limiter(threadKernels());
  let clipped = 0;
  for (let n = 0; n < 100; n++) {
    const mix = new Float32Array(FRAME_SAMPLES);
    for (let talker = 0; talker < 12; talker++) {
      const voice = tone({
        frequencyHz: 150 + 37 * talker,
        samples: FRAME_SAMPLES,
        amplitude: 15_000,
        startSample: n * FRAME_SAMPLES,
      });
      for (let i = 0; i < FRAME_SAMPLES; i++) mix[i]! += voice[i]!;
    }
    const out = new Int16Array(FRAME_SAMPLES);
    limiter.process(inFrame(mix), out);
    for (const sample of out) if (sample >= 32_767 || sample <= -32_768) clipped++;
  }
  t.ok(clipped < 10, `${clipped} of 96000 samples clipped`);
});

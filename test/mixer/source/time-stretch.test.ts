import fc from 'fast-check';
import { test } from 'tap';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { StretchPlan } from '../../../src/mixer/source/stretch-plan.ts';
import { findLag, lengthen, MAX_LAG, MIN_LAG, shorten } from '../../../src/mixer/source/time-stretch.ts';
import { cases } from '../../helpers/cases.ts';
import { createPrng, gaussian } from '../../helpers/prng.ts';
import { clickRatio, roundToInt16, toInt16, tone } from '../../helpers/signal.ts';

const SEED = Number(process.env['SEED'] ?? 3310);

test('the lag found is a whole number of periods of the voice', async (t) => {
  for (const hz of [85, 110, 147, 200, 260, 390]) {
    const period = 48_000 / hz;
    const voice = Float32Array.from({ length: 2000 }, (_, i) => {
      const phase = (2 * Math.PI * i) / period;
      return Math.sin(phase) + 0.7 * Math.sin(2 * phase + 1) + 0.5 * Math.sin(5 * phase + 2);
    });
    const lag = findLag(voice, MAX_LAG);
    const off = Math.abs(lag / period - Math.round(lag / period)) * period;
    t.ok(lag >= MIN_LAG && lag <= MAX_LAG && off < 3, `${hz} Hz: ${lag} is ${(lag / period).toFixed(2)} periods`);
    const most = findLag(voice, 200);
    t.ok(most <= 200, 'never more than allowed');
  }
});

test('noise and silence have no lag', async (t) => {
  t.comment(`SEED=${SEED}`);
  const prng = createPrng(SEED);
  const noise = Float32Array.from({ length: 2000 }, () => gaussian(prng, 0, 3000));
  t.equal(findLag(noise, MAX_LAG), 0);
  t.equal(findLag(new Float32Array(2000), MAX_LAG), 0);
  t.equal(findLag(noise, MIN_LAG - 1), 0);
});

test('dropped and repeated pieces join without a click', async (t) => {
  const sound = tone({ frequencyHz: 211, samples: 2400 }).map((sample) => sample * 32_768);
  const lag = findLag(sound, MAX_LAG);
  const reference = toInt16(sound.map((sample) => sample / 32_768));
  const queue = new Float32Array(4000);
  queue.set(sound);
  t.equal(shorten(queue, 2400, lag), 2400 - lag);
  t.same(queue.slice(240, 2400 - lag), sound.slice(240 + lag), 'the rest is unchanged, and earlier');
  const shorter = roundToInt16(queue.subarray(0, 2400 - lag));
  t.ok(clickRatio(shorter, 2, shorter.length, reference) < 1.2);
  queue.set(sound);
  t.equal(lengthen(queue, 2400, lag), 2400 + lag);
  t.same(queue.slice(0, lag), sound.slice(0, lag), 'it begins as before');
  t.same(queue.slice(lag + 240, 2400 + lag), sound.slice(240), 'the rest is unchanged, and later');
  const longer = roundToInt16(queue.subarray(0, 2400 + lag));
  t.ok(clickRatio(longer, 2, longer.length, reference) < 1.2);
});

test('nothing is stretched for half a second, then once in 100 ms until it amounts to a frame', async (t) => {
  for (const wanted of ['shorten', 'lengthen'] as const) {
    const plan = new StretchPlan();
    const steps: number[] = [];
    let changed = 0;
    for (let tick = 0; tick < 80; tick++) {
      const stretch = plan.next(tick < 30 ? wanted : undefined);
      if (stretch === undefined) continue;
      t.equal(stretch, wanted);
      const lag = Math.min(400, plan.maxLag);
      plan.done(lag);
      changed += lag;
      steps.push(tick);
    }
    t.same(steps, [25, 30, 35]);
    t.equal(changed, wanted === 'shorten' ? FRAME_SAMPLES : 1200);
  }
  const plan = new StretchPlan();
  const wavering = Array.from({ length: 200 }, (_, tick) => plan.next(tick % 25 < 12 ? 'shorten' : 'lengthen'));
  t.ok(wavering.every((stretch) => stretch === undefined));
});

/** How similar the first 360 samples are to those so much later, from -1 to 1. */
function similarity(pcm: Float32Array, lag: number): number {
  let [product, energy, lagged] = [0, 0, 0];
  for (let i = 0; i < 960 - MAX_LAG; i++) {
    product += pcm[i]! * pcm[i + lag]!;
    energy += pcm[i]! ** 2;
    lagged += pcm[i + lag]! ** 2;
  }
  return energy > 0 && lagged > 0 ? product / Math.sqrt(energy * lagged) : 0;
}

test('for any voice and loudness, no other lag is clearly better than the one found', async (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(
      fc.nat(),
      fc.double({ min: 80, max: 380, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (salt, hz, noise) => {
        const prng = createPrng(salt);
        const phases = [0, 1, 2, 3].map(() => 2 * Math.PI * prng());
        const voice = Float32Array.from({ length: 1700 }, (_, i) => {
          const sound = phases.reduce(
            (sum, phase, k) => sum + Math.sin((2 * Math.PI * hz * (k + 1) * i) / 48_000 + phase) / (k + 1),
            0,
          );
          return 3000 * (sound + gaussian(prng, 0, noise));
        });
        const lag = findLag(voice, MAX_LAG);
        if (
          findLag(
            voice.map((sample) => sample * 0.01),
            MAX_LAG,
          ) !== lag
        )
          return false;
        let best = 0;
        for (let other = MIN_LAG; other <= MAX_LAG; other++) best = Math.max(best, similarity(voice, other));
        return lag === 0
          ? best < 0.65
          : lag >= MIN_LAG && lag <= MAX_LAG && similarity(voice, lag) > best - 0.15 && best > 0.5;
      },
    ),
    { seed: SEED, numRuns: cases(60) },
  );
});

test('a sound that is half similar to itself is stretched, and one that is less is not', async (t) => {
  const prng = createPrng(SEED);
  const periodic = tone({ frequencyHz: 200, samples: 1700 });
  const other = Float32Array.from({ length: 1700 }, () => gaussian(prng, 0, 1));
  for (const [share, isFound] of [
    [2, true],
    [1.3, true],
    [0.6, false],
    [0.3, false],
  ] as const) {
    const mixed = other.map((sample, i) => sample + share * 4 * Math.SQRT2 * periodic[i]!);
    t.equal(findLag(mixed, MAX_LAG) > 0, isFound, `${share}`);
  }
});

test('lags are those of voices from 80 to 400 Hz', async (t) => {
  t.same([48_000 / MIN_LAG, 48_000 / MAX_LAG], [400, 80]);
});

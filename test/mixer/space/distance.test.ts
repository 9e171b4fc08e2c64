import fc from 'fast-check';
import { test } from 'tap';
import { airGain, distanceGain } from '../../../src/mixer/space/distance.ts';
import type { CurveModel, DistanceCurve } from '../../../src/mixer/space/space-settings.ts';
import { decibels } from '../../helpers/signal.ts';

const SEED = Number(process.env['SEED'] ?? 3101);
const INVERSE: DistanceCurve = { model: 'inverse', reference: 2, rolloff: 1 };
const RANGE = 20;
const db = (curve: DistanceCurve, distance: number, range = RANGE) => decibels(distanceGain(curve, distance, range));

test('the inverse curve falls by 6 dB each time the distance doubles, and fades out at the end of the range', async (t) => {
  for (const [distance, expectedDb] of [
    [0, 0],
    [1, 0],
    [2, 0],
    [4, -6.02],
    [8, -12.04],
    [16, -18.06],
    // Half of the way from 0.8 of the range to its end.
    [18, decibels(2 / 18) - 6.02],
  ] as const) {
    t.ok(Math.abs(db(INVERSE, distance) - expectedDb) < 0.05, `${distance} m: ${db(INVERSE, distance)} dB`);
  }
  t.equal(distanceGain(INVERSE, RANGE, RANGE), 0);
  t.equal(distanceGain(INVERSE, 1e9, RANGE), 0);
});

test('the rolloff, and the other two curves', async (t) => {
  t.ok(Math.abs(db({ model: 'inverse', reference: 5, rolloff: 5 }, 8, 100) - -12.04) < 0.05);
  t.ok(Math.abs(db({ model: 'exponential', reference: 1, rolloff: 2 }, 4, 100) - -24.08) < 0.05);
  const linear: DistanceCurve = { model: 'linear', reference: 2, rolloff: 1 };
  t.equal(distanceGain(linear, 1.9, RANGE), 1);
  t.equal(distanceGain(linear, 11, RANGE), 0.5);
  t.ok(distanceGain(linear, 19.99, RANGE) < 0.001);
  t.equal(distanceGain(linear, 2.5, 2), 0);
  t.equal(distanceGain(linear, 1, 2), 1, 'a whisper with a range of no more than the reference');
});

test('air takes 1 dB of the high frequencies each time the distance doubles beyond 8 m', async (t) => {
  for (const [distance, expectedDb] of [
    [1, 0],
    [8, 0],
    [16, -1],
    [32, -2],
  ] as const) {
    t.ok(Math.abs(decibels(airGain(distance)) - expectedDb) < 0.01);
  }
});

test('any curve only falls, stays between 0 and 1, and has no jumps', async (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(
      fc.constantFrom<CurveModel>('inverse', 'linear', 'exponential'),
      fc.double({ min: 0.1, max: 20, noNaN: true }),
      fc.double({ min: 0.1, max: 5, noNaN: true }),
      fc.double({ min: 0.5, max: 500, noNaN: true }),
      (model, reference, rolloff, range) => {
        const curve = { model, reference, rolloff };
        let before = 1;
        for (let step = 0; step <= 1000; step++) {
          const gain = distanceGain(curve, (range * step) / 900, range);
          if (!(gain >= 0 && gain <= before)) return false;
          // Steeper than this, it would be heard as a step.
          const isSteep = rolloff * range > 100 * reference || (model === 'linear' && reference > 0.9 * range);
          if (!isSteep && before - gain > 0.15) return false;
          before = gain;
        }
        return before === 0;
      },
    ),
    { seed: SEED },
  );
});

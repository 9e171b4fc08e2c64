import fc from 'fast-check';
import { test } from 'tap';
import { type EarGains, earGains } from '../../../src/mixer/space/ear-law.ts';
import { decibels } from '../../helpers/signal.ts';

const SEED = Number(process.env['SEED'] ?? 3102);

function at(side: number, front: number, distance = 3): EarGains {
  const gains = { leftLow: 0, leftHigh: 0, rightLow: 0, rightHigh: 0 };
  earGains(side, front, distance, gains);
  return gains;
}

const atAngle = (degrees: number) => at(Math.sin((degrees * Math.PI) / 180), Math.cos((degrees * Math.PI) / 180));

test('in front both ears hear the voice as in a flat room', async (t) => {
  t.strictSame(at(0, 1), { leftLow: 1, leftHigh: 1, rightLow: 1, rightHigh: 1 });
});

test('the near ear keeps the voice, the far ear gets it 8 dB quieter below and 18 dB above at the side', async (t) => {
  const { leftLow, leftHigh, rightLow, rightHigh } = at(1, 0);
  t.strictSame([rightLow, rightHigh], [1, 1]);
  t.ok(Math.abs(decibels(leftLow) - -8) < 0.01);
  t.ok(Math.abs(decibels(leftHigh) - -18) < 0.01);
  t.ok(Math.abs(decibels(atAngle(-30).rightLow) - -4) < 0.01, 'half of it at 30 degrees');
});

test('behind, the high frequencies are 4 dB quieter in both ears', async (t) => {
  const gains = at(0, -1);
  t.strictSame([gains.leftLow, gains.rightLow], [1, 1]);
  for (const high of [gains.leftHigh, gains.rightHigh]) t.ok(Math.abs(decibels(high) - -4) < 0.01);
});

test('inside a head there is no direction', async (t) => {
  t.strictSame(at(1, 0, 0), { leftLow: 1, leftHigh: 1, rightLow: 1, rightHigh: 1 });
  t.ok(Math.abs(decibels(at(1, 0, 0.25).leftLow) - -4) < 0.01);
});

test('left and right are mirrored, no ear is ever without the voice, and none hears more than all of it', async (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(
      fc.double({ min: -180, max: 180, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (angle, tilt) => {
        const [side, front] = [Math.sin(angle) * tilt, Math.cos(angle) * tilt];
        const [one, other] = [at(side, front), at(-side, front)];
        const all = Object.values(one);
        return (
          one.leftLow === other.rightLow &&
          one.leftHigh === other.rightHigh &&
          all.every((gain) => gain <= 1 && gain > 10 ** (-22.1 / 20))
        );
      },
    ),
    { seed: SEED },
  );
});

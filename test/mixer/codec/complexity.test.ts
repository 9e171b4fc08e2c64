import fc from 'fast-check';
import { test } from 'tap';
import { complexityOn, sideOf } from '../../../src/mixer/codec/complexity.ts';

const SEED = Number(process.env['SEED'] ?? 1216);
const COMPLEXITIES = Array.from({ length: 11 }, (_, i) => i);

test('Opus applies its pitch filter from complexity 5 on', async (t) => {
  t.same(
    COMPLEXITIES.filter((complexity) => sideOf(complexity) === 'filtered'),
    [5, 6, 7, 8, 9, 10],
  );
});

test('the complexity for a side is on that side, is the nearest one, and stays if it is there already', async (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(fc.nat(10), fc.constantFrom('filtered' as const, 'plain' as const), (complexity, side) => {
      const moved = complexityOn(side, complexity);
      const distances = COMPLEXITIES.filter((one) => sideOf(one) === side).map((one) => Math.abs(one - complexity));
      return sideOf(moved) === side && Math.abs(moved - complexity) === Math.min(...distances);
    }),
    { seed: SEED },
  );
});

import * as fc from 'fast-check';
import { test } from 'tap';
import { distance16, distance32, Unwrapper } from '../../src/lib/serial.ts';

const CIRCLES = [
  [16, distance16],
  [32, distance32],
] as const;

for (const [bits, distance] of CIRCLES) {
  const size = 2 ** bits;
  test(`${bits} bits: the distance is the shorter way round`, (t) => {
    fc.assert(
      fc.property(fc.nat(size - 1), fc.integer({ min: -size / 2, max: size / 2 - 1 }), (from, way) => {
        return distance((from + way + size) % size, from) === way;
      }),
    );
    t.end();
  });

  test(`${bits} bits: a wrapping counter is unwrapped, even when values arrive late`, (t) => {
    const step = fc.integer({ min: -size / 2 + 1, max: size / 2 - 1 });
    fc.assert(
      fc.property(fc.nat(size - 1), fc.array(step), (first, steps) => {
        const unwrapper = new Unwrapper(bits);
        if (unwrapper.unwrap(first) !== first) return false;
        let highest = first;
        return steps.every((way) => {
          const value = highest + way;
          highest = Math.max(highest, value);
          return unwrapper.unwrap(((value % size) + size) % size) === value;
        });
      }),
    );
    t.end();
  });
}

test('after a reset the next value is taken as it is', (t) => {
  const unwrapper = new Unwrapper(16);
  unwrapper.unwrap(65_535);
  t.equal(unwrapper.unwrap(3), 65_539);
  unwrapper.reset();
  t.equal(unwrapper.unwrap(3), 3);
  t.end();
});

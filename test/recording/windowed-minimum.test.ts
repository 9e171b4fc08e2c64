import fc from 'fast-check';
import { test } from 'tap';
import { WindowedMinimum } from '../../src/recording/windowed-minimum.ts';

test('it is the smallest of the values in the window', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ step: fc.nat(5), value: fc.integer() }), { maxLength: 300 }),
      fc.nat(30),
      (entries, width) => {
        const minimum = new WindowedMinimum();
        const all: { at: number; value: number }[] = [];
        let now = 0;
        return entries.every(({ step, value }) => {
          now += step;
          all.push({ at: now, value });
          minimum.add(now, value);
          minimum.forgetBefore(now - width);
          return minimum.smallest === Math.min(...all.filter(({ at }) => at >= now - width).map((each) => each.value));
        });
      },
    ),
  );
  t.equal(new WindowedMinimum().smallest, undefined);
  t.end();
});

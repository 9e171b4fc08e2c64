import { test } from 'tap';
import { untilGood } from './until-good.ts';

test('it measures until a measurement is good, and not more often than it may', async (t) => {
  for (const { good, measured } of [
    { good: 1, measured: 1 },
    { good: 3, measured: 3 },
    { good: 6, measured: 5 },
  ]) {
    let count = 0;
    const last = await untilGood(
      async () => ++count,
      (value) => value === good,
      5,
    );
    t.same([count, last], [measured, measured], `good the ${good}. time`);
  }
});

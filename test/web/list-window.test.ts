import fc from 'fast-check';
import { test } from 'tap';
import { listWindow, matching } from '../../web/app/list-window.ts';

test('what is in sight is drawn, in whole rows, and all rows together keep their height', async (t) => {
  fc.assert(
    fc.property(
      fc.record({
        count: fc.integer({ min: 1, max: 2000 }),
        columns: fc.integer({ min: 1, max: 8 }),
        rowPx: fc.integer({ min: 20, max: 200 }),
        topPx: fc.integer({ min: -2000, max: 100_000 }),
        heightPx: fc.integer({ min: 0, max: 2000 }),
      }),
      ({ count, columns, rowPx, topPx, heightPx }) => {
        const { first, end, abovePx, belowPx } = listWindow({ count, columns, rowPx }, { topPx, heightPx });
        const rows = Math.ceil(count / columns);
        const drawn = Math.ceil((end - first) / columns);
        if (first % columns !== 0 || end <= first || end > count) throw new Error(`draws ${first} to ${end}`);
        if (abovePx + belowPx + drawn * rowPx !== rows * rowPx) throw new Error('the height changes');
        if (drawn > Math.ceil(heightPx / rowPx) + 10) throw new Error(`draws ${drawn} rows`);
        const bottomPx = Math.min(topPx + heightPx, rows * rowPx);
        const isInSight = topPx < rows * rowPx && topPx + heightPx > 0;
        if (isInSight && (abovePx > Math.max(0, topPx) || abovePx + drawn * rowPx < bottomPx)) throw new Error('a gap');
      },
    ),
  );
  t.same(listWindow({ count: 0, columns: 3, rowPx: 50 }, { topPx: 0, heightPx: 500 }), {
    first: 0,
    end: 0,
    abovePx: 0,
    belowPx: 0,
  });
});

test('people are found by a part of their name, whatever the case and the accents', async (t) => {
  const people = ['Zoë', 'ZOE', 'Ben', 'Åsa'].map((name) => ({ name }));
  const found = (text: string) => matching(people, text).map(({ name }) => name);
  t.same(found(' zoe '), ['Zoë', 'ZOE']);
  t.same(found('AS'), ['Åsa']);
  t.same(found(''), ['Zoë', 'ZOE', 'Ben', 'Åsa']);
  t.same(found('x'), []);
});

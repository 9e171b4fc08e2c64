import * as fc from 'fast-check';
import { test } from 'tap';
import { Newcomers } from '../../../src/lib/rates/newcomers.ts';

function setUp(max: number, maxPerOrigin: number) {
  const refused: number[] = [];
  const newcomers: Newcomers<number> = new Newcomers({ max, maxPerOrigin }, (newcomer) => {
    refused.push(newcomer);
    newcomers.remove(newcomer);
  });
  return { newcomers, refused };
}

test('one origin over its limit loses its oldest, and the total over its limit loses the oldest of all', (t) => {
  const { newcomers, refused } = setUp(4, 2);
  newcomers.add(1, 'a');
  newcomers.add(2, 'b');
  newcomers.add(3, 'b');
  newcomers.add(4, 'b');
  t.same(refused, [2]);
  newcomers.add(5, 'c');
  t.same(refused, [2]);
  newcomers.add(6, 'd');
  t.same(refused, [2, 1]);
  t.same([...newcomers], [3, 4, 5, 6], 'the oldest first');
  t.end();
});

test('those without an origin count only towards the total', (t) => {
  const { newcomers, refused } = setUp(3, 1);
  for (const newcomer of [1, 2, 3]) newcomers.add(newcomer, null);
  t.same(refused, []);
  newcomers.add(4, null);
  t.same(refused, [1]);
  t.end();
});

test('whoever comes and goes, both bounds hold, and the newest is always in', (t) => {
  const event = fc.tuple(fc.boolean(), fc.nat(20), fc.constantFrom('a', 'b', 'c', null));
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 4 }),
      fc.array(event),
      (max, maxPerOrigin, events) => {
        const { newcomers, refused } = setUp(max, maxPerOrigin);
        /** The members, oldest first. */
        let expected: { newcomer: number; origin: string | null }[] = [];
        return events.every(([comes, which, origin], time) => {
          refused.length = 0;
          if (!comes) {
            const gone = expected[which % Math.max(1, expected.length)]?.newcomer ?? -1;
            newcomers.remove(gone);
            newcomers.remove(gone);
            expected = expected.filter(({ newcomer }) => newcomer !== gone);
          } else {
            newcomers.add(time, origin);
            expected.push({ newcomer: time, origin });
            const fromOrigin = origin === null ? [] : expected.filter((one) => one.origin === origin);
            const unlucky =
              fromOrigin.length > maxPerOrigin ? fromOrigin[0] : expected.length > max ? expected[0] : undefined;
            if (refused.join() !== `${unlucky?.newcomer ?? ''}`) return false;
            expected = expected.filter((one) => one !== unlucky);
            if (!expected.some(({ newcomer }) => newcomer === time)) return false;
          }
          return (
            newcomers.count === expected.length && [...newcomers].join() === expected.map((one) => one.newcomer).join()
          );
        });
      },
    ),
  );
  t.end();
});

import { test } from 'tap';
import { findLimit } from '../../bench/lib/limit.ts';

/** Searches with a server that serves up to `limit`. Returns the result and the sizes measured. */
async function search(limit: number, { lowest = 10, highest = 1000, attempts = 1 } = {}) {
  const tried: number[] = [];
  const holds = async (size: number) => {
    tried.push(size);
    return size <= limit;
  };
  return { found: await findLimit({ lowest, highest, attempts, holds }), tried };
}

test('the largest size is found to within 5 %, with few measurements and none above twice the limit', async (t) => {
  for (let limit = 10; limit < 1000; limit += 7) {
    const { found, tried } = await search(limit);
    t.ok(found <= limit && limit - found <= Math.max(1, 0.05 * found), `${limit}: ${found}`);
    t.ok(tried.length <= 13, `${limit}: ${tried.length} measurements`);
    t.ok(Math.max(...tried) <= 2 * limit, `${limit}: ${Math.max(...tried)}`);
    t.equal(new Set(tried).size, tried.length, 'no size is measured twice');
  }
});

test('the search stays within its bounds', async (t) => {
  t.same(await search(5), { found: 0, tried: [10] });
  t.same(await search(5000, { highest: 70 }), { found: 70, tried: [10, 20, 40, 70] });
  t.same(await search(10, { highest: 10 }), { found: 10, tried: [10] });
  t.same(await search(69, { lowest: 60, highest: 70 }), { found: 67, tried: [60, 70, 65, 67] });
});

test('a size counts as too large only when every attempt fails', async (t) => {
  const tried: number[] = [];
  // Each size up to 40 is disturbed on the first attempt.
  const holds = async (size: number) => {
    tried.push(size);
    return size <= 40 && tried.filter((other) => other === size).length > 1;
  };
  t.equal(await findLimit({ lowest: 20, highest: 80, attempts: 2, holds }), 40);
  t.same(tried.slice(0, 6), [20, 20, 40, 40, 80, 80]);
});

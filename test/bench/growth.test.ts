import { test } from 'tap';
import { hasGrown, medianSlope } from '../../bench/lib/growth.ts';

test('the slope of a line is found even with single points far off it', async (t) => {
  const points = Array.from({ length: 9 }, (_, x) => [x, x === 4 ? 1000 : 3 * x + 1] as const);
  t.equal(medianSlope(points), 3);
  t.equal(medianSlope(points.slice(0, 3)), 3);
  t.ok(Number.isNaN(medianSlope(points.slice(0, 1))));
});

test('values that fluctuate have not grown, values that rise above their range have', async (t) => {
  t.notOk(hasGrown([10, 14, 11, 13, 10, 14, 12, 13, 11], 0.05));
  t.ok(hasGrown([10, 10.5, 11, 12, 13, 14, 15, 16, 17], 0.05));
  t.notOk(hasGrown([100, 100, 100, 101, 102, 102, 103, 103, 103], 0.05), 'by less than the tolerance');
  t.notOk(hasGrown([1, 2, 3, 4, 5], 0.05), 'too few to tell');
});

import fc from 'fast-check';
import { test } from 'tap';
import { Histogram } from '../../src/lib/histogram.ts';

const SEED = Number(process.env['SEED'] ?? 4201);

test('counts are cumulative, a bound belongs to its bucket, and larger values count only in the total', async (t) => {
  const histogram = new Histogram([1, 5, 20]);
  for (const value of [0, 1, 1.001, 5, 6, 20, 21, 1e9]) histogram.observe(value);
  t.same(histogram.snapshot(), { bounds: [1, 5, 20], counts: [2, 4, 6], sum: 54.001 + 1e9, count: 8 });
});

test('an empty histogram counts nothing', async (t) => {
  t.same(new Histogram([1, 2]).snapshot(), { bounds: [1, 2], counts: [0, 0], sum: 0, count: 0 });
});

test('a snapshot does not change later, and taking one resets nothing', async (t) => {
  const histogram = new Histogram([10]);
  histogram.observe(3);
  const first = histogram.snapshot();
  histogram.observe(4);
  t.same(first.counts, [1]);
  t.same(histogram.snapshot(), { bounds: [10], counts: [2], sum: 7, count: 2 });
});

test('for any values, every count is the number of values up to its bound', async (t) => {
  t.comment(`SEED=${SEED}`);
  const bounds = [0.5, 1, 2, 5, 10];
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 60 }).map((n) => n / 4)), (values) => {
      const histogram = new Histogram(bounds);
      for (const value of values) histogram.observe(value);
      const { counts, count } = histogram.snapshot();
      return count === values.length && counts.every((c, i) => c === values.filter((v) => v <= bounds[i]!).length);
    }),
    { seed: SEED },
  );
});

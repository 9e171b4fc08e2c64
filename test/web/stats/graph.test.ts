import { test } from 'tap';
import { pathOf } from '../../../web/app/stats/graph.tsx';

test('a line is drawn for each stretch of known values, the newest at the right', async (t) => {
  t.equal(pathOf([], 100), '');
  t.equal(pathOf([0, 50, null, 100, 200], 100), 'M295 39.0L296 20.0M298 1.0L299 1.0');
  t.equal(pathOf([null, null], 5), '');
});

import { test } from 'tap';
import { MAX_POINTS, QualityHistory } from '../../../web/app/stats/quality-history.ts';

test('the history keeps the last ten minutes', async (t) => {
  const history = new QualityHistory();
  for (let index = 0; index < MAX_POINTS + 5; index++) history.add({ atMs: index, quality: null });
  t.same(
    [history.points.length, history.points[0]?.atMs, history.points.at(-1)?.atMs],
    [MAX_POINTS, 5, MAX_POINTS + 4],
  );
  history.clear();
  t.same(history.points, []);
});

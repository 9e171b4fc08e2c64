import { test } from 'tap';
import { LIMITS, LimitCounts } from '../../../src/lib/rates/limit-counts.ts';

test('every limit is counted separately, from zero', (t) => {
  const counts = new LimitCounts();
  t.same([...counts.counts.keys()], [...LIMITS]);
  t.ok([...counts.counts.values()].every((count) => count === 0));
  counts.hit('rooms');
  counts.hit('rooms');
  counts.hit('connections');
  t.equal(counts.counts.get('rooms'), 2);
  t.equal(counts.counts.get('connections'), 1);
  t.equal(new LimitCounts().counts.get('rooms'), 0);
  t.end();
});

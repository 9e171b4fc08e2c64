import { test } from 'tap';
import { cutTo } from '../../src/lib/cut.ts';

test('an array keeps its first items, and never grows', (t) => {
  const items = [1, 2, 3];
  cutTo(items, 4);
  t.same(items, [1, 2, 3]);
  cutTo(items, 3);
  t.same(items, [1, 2, 3]);
  cutTo(items, 2);
  t.same(items, [1, 2]);
  cutTo(items, 0);
  t.same(items, []);
  t.end();
});

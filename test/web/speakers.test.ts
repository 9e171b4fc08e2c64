import { test } from 'tap';
import { RecentSpeakers } from '../../web/app/speakers.ts';

function levels(...ids: readonly string[]): Map<string, number> {
  return new Map(ids.map((id, index) => [id, -20 - index]));
}

test('speakers keep their place while others come and go', async (t) => {
  const speakers = new RecentSpeakers(3);
  t.same(speakers.update(levels('a', 'b'), 0), ['a', 'b']);
  t.same(speakers.update(levels('b', 'c'), 1000), ['a', 'b', 'c'], 'a has just spoken');
  t.same(speakers.update(levels('b'), 4500), [null, 'b', 'c'], 'and is gone a few seconds later');
  t.same(speakers.update(levels('b', 'd'), 4900), ['d', 'b', 'c'], 'somebody else has the empty place');
  t.same(speakers.update(new Map(), 20_000), []);
});

test('a new speaker gets the place of whoever has been silent for longest, and never that of a speaker', async (t) => {
  const speakers = new RecentSpeakers(2);
  speakers.update(levels('a'), 0);
  speakers.update(levels('b'), 1000);
  t.same(speakers.update(levels('c'), 2000), ['c', 'b']);
  t.same(speakers.update(levels('c', 'b', 'd'), 2100), ['c', 'b'], 'no place is free');
});

test('of too many, the loudest are shown', async (t) => {
  const speakers = new RecentSpeakers(2);
  const loud = new Map([
    ['a', -50],
    ['b', -10],
    ['c', -20],
  ]);
  t.same(speakers.update(loud, 0), ['b', 'c']);
});

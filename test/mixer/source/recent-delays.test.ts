import { test } from 'tap';
import { RecentDelays } from '../../../src/mixer/source/recent-delays.ts';

test('the longest of the last intervals counts, and nothing older', async (t) => {
  const recent = new RecentDelays(4);
  t.equal(recent.longestMs(), 0);
  for (const worst of [90, 50, 10, 10]) recent.add(worst, 100);
  t.equal(recent.longestMs(), 90);
  recent.add(10, 100);
  t.equal(recent.longestMs(), 50);
});

test('after a time in which all intervals were bad, a few calm ones are enough to believe that it is over', async (t) => {
  const recent = new RecentDelays(9);
  for (let i = 0; i < 20; i++) recent.add(100, 100);
  recent.add(5, 100);
  recent.add(5, 100);
  t.equal(recent.longestMs(), 100, 'two may be luck');
  recent.add(5, 100);
  recent.add(5, 100);
  t.equal(recent.longestMs(), 5, 'four are not');
  recent.add(80, 100);
  t.equal(recent.longestMs(), 100, 'it was not over');
});

test('where bad intervals are rare, calm ones prove nothing', async (t) => {
  const recent = new RecentDelays(9);
  recent.add(100, 100);
  for (let i = 0; i < 8; i++) {
    t.equal(recent.longestMs(), 100);
    recent.add(5, 100);
  }
  t.equal(recent.longestMs(), 100);
  recent.add(5, 100);
  t.equal(recent.longestMs(), 5);
});

test('delays are told against the reference as it is now', async (t) => {
  const recent = new RecentDelays(4);
  recent.add(60, 60);
  recent.add(10, 60);
  recent.shift(50);
  t.equal(recent.longestMs(), 10);
  recent.shift(50);
  t.equal(recent.longestMs(), 0, 'never less than nothing');
});

import fc from 'fast-check';
import { test } from 'tap';
import { RecentDelays } from '../../../src/mixer/source/recent-delays.ts';
import { cases } from '../../helpers/cases.ts';

const SEED = Number(process.env['SEED'] ?? 1214);

test('the longest delay of the last intervals counts, and nothing older', async (t) => {
  const recent = new RecentDelays(4);
  t.equal(recent.longestMs(), 0);
  for (const worst of [90, 50, 10, 10]) recent.add(worst, 100);
  t.equal(recent.longestMs(), 90);
  recent.add(10, 100);
  t.equal(recent.longestMs(), 50);
});

test('after a period of only bad intervals, a few calm ones are enough to believe that it is over', async (t) => {
  const recent = new RecentDelays(9);
  for (let i = 0; i < 20; i++) recent.add(100, 100);
  for (let i = 0; i < 3; i++) recent.add(5, 100);
  t.equal(recent.longestMs(), 100, 'three may be luck');
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

test('delays are given relative to the current reference', async (t) => {
  const recent = new RecentDelays(4);
  recent.add(60, 60);
  recent.add(10, 60);
  recent.shift(50);
  t.equal(recent.longestMs(), 10);
  recent.shift(50);
  t.equal(recent.longestMs(), 0, 'never less than zero');
});

test('an interval is bad if its delay is at least half of the current wait', async (t) => {
  for (const [worstMs, isBad] of [
    [49.9, false],
    [50, true],
  ] as const) {
    const recent = new RecentDelays(9);
    for (let i = 0; i < 20; i++) recent.add(100, 100);
    for (let i = 0; i < 6; i++) recent.add(worstMs, 100);
    t.equal(recent.longestMs(), isBad ? 100 : worstMs, `${worstMs} ms`);
  }
});

test('how common bad intervals are is judged by the current threshold', async (t) => {
  const recent = new RecentDelays(9);
  // Bad as long as packets wait for 40 ms, but not once they wait for 100.
  for (let i = 0; i < 9; i++) recent.add(30, 40);
  recent.add(100, 100);
  for (let i = 0; i < 5; i++) recent.add(5, 100);
  t.equal(recent.longestMs(), 100, 'one bad interval in nine says little');
});

test('for any delays: nothing forgotten counts, and nothing since the last bad interval is left out', async (t) => {
  t.comment(`SEED=${SEED}`);
  const interval = fc.record({ worstMs: fc.integer({ min: 0, max: 200 }), usualMs: fc.constantFrom(20, 60, 200) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.array(interval, { maxLength: 60 }), (size, intervals) => {
      const recent = new RecentDelays(size);
      const added: number[] = [];
      let lastBad = 0;
      return intervals.every(({ worstMs, usualMs }, i) => {
        recent.add(worstMs, usualMs);
        added.push(worstMs);
        if (worstMs >= usualMs / 2) lastBad = i;
        const all = Math.max(...added.slice(-size));
        const since = Math.max(0, ...added.slice(lastBad + 1).slice(-size));
        const longest = recent.longestMs();
        // Right after a bad interval the bad period is certainly not over.
        return lastBad === i ? longest === all : longest === all || longest === since;
      });
    }),
    { seed: SEED, numRuns: cases(300) },
  );
});

test('when a bad period is over, everything since its end counts, and nothing from it', async (t) => {
  const recent = new RecentDelays(9);
  for (let i = 0; i < 20; i++) recent.add(100, 100);
  for (const worst of [40, 5, 5, 5]) recent.add(worst, 100);
  t.equal(recent.longestMs(), 40);
});

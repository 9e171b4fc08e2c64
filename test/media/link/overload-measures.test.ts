import { test } from 'tap';
import {
  MAX_OVERLOAD_LEVEL,
  type OverloadMeasures,
  overloadMeasures,
} from '../../../src/media/link/overload-measures.ts';

const all = Array.from({ length: MAX_OVERLOAD_LEVEL + 1 }, (_, level) => overloadMeasures(level));

/** What listeners keep, from most to least. */
const kept = ({ maxComplexity, maxTalkers, space, refusesJoins }: OverloadMeasures) => [
  maxComplexity,
  maxTalkers ?? Number.POSITIVE_INFINITY,
  space.isMono ? 0 : 1,
  space.rangeFactor,
  refusesJoins ? 0 : 1,
];

test('each level takes something away, gives nothing back, and has its own words for the log', (t) => {
  for (const [level, measures] of all.entries()) {
    const before = all[level - 1];
    if (before === undefined) continue;
    const pairs = kept(measures).map((now, i) => [kept(before)[i]!, now] as const);
    t.ok(pairs.every(([then, now]) => now <= then) && pairs.some(([then, now]) => now < then), `level ${level}`);
  }
  t.equal(new Set(all.map(({ words }) => words)).size, all.length);
  t.end();
});

test('at rest nothing is taken, and at the last level nobody may join', (t) => {
  t.match(all[0], { maxComplexity: 10, maxTalkers: null, space: { isMono: false, rangeFactor: 1 } });
  t.same(
    all.map(({ refusesJoins }) => refusesJoins),
    all.map((_, level) => level === MAX_OVERLOAD_LEVEL),
  );
  t.end();
});

test('the words say what the figures say', (t) => {
  for (const { words, maxComplexity, maxTalkers, refusesJoins } of all) {
    const complexity = /complexity (\d+)/.exec(words);
    if (complexity !== null) t.equal(maxComplexity, Number(complexity[1]));
    t.equal(words.includes('four talkers'), maxTalkers === 4 && !refusesJoins);
    t.equal(words.includes('no new participants'), refusesJoins);
  }
  t.end();
});

test('what is left is still fit to be heard', (t) => {
  for (const { maxComplexity, maxTalkers, space } of all) {
    t.ok(maxComplexity >= 3, 'below 3, onsets get pre-echoes');
    t.ok(maxTalkers === null || maxTalkers === 4, 'more than four talkers are hard to tell apart');
    t.ok(space.rangeFactor === 1 || (space.isMono && space.rangeFactor === 0.7), 'mono comes first');
  }
  t.equal(all[1]!.space.rangeFactor, 1);
  t.equal(all[2]!.space.rangeFactor, 0.7);
  t.end();
});

test('a level beyond the last is the last, and one below 0 is 0', (t) => {
  t.equal(overloadMeasures(MAX_OVERLOAD_LEVEL + 1), all.at(-1));
  t.equal(overloadMeasures(-1), all[0]);
  t.equal(MAX_OVERLOAD_LEVEL, 4);
  t.end();
});

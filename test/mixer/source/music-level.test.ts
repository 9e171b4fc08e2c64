import { test } from 'tap';
import { MusicLevel } from '../../../src/mixer/source/music-level.ts';

const dbOf = (gain: number) => 20 * Math.log10(gain);

test('music that ducks goes down in 100 ms, stays down in pauses, and comes back slowly', (t) => {
  const level = new MusicLevel({ gain: 0.5, duckDb: 20 });
  const run = (ticks: number, speaks: boolean) => {
    for (let i = 0; i < ticks; i++) {
      const before = level.to;
      level.advance(speaks);
      t.equal(level.from, before, 'frames join');
    }
    return dbOf(level.to) - dbOf(0.5);
  };
  t.equal(run(3, false), 0);
  t.ok(Math.abs(run(3, true) + 12) < 0.01);
  t.ok(Math.abs(run(2, true) + 20) < 0.01);
  t.ok(Math.abs(run(20, true) + 20) < 0.01);
  t.ok(Math.abs(run(29, false) + 20) < 0.01, 'a pause of 580 ms');
  t.ok(Math.abs(run(1, false) + 19.2) < 0.01);
  t.ok(Math.abs(run(24, false)) < 0.01);
  t.ok(Math.abs(run(1, false)) < 0.01);
  t.end();
});

test('other music keeps its level', (t) => {
  const level = new MusicLevel({ gain: 0.3, duckDb: 0 });
  for (let i = 0; i < 10; i++) level.advance(true);
  t.same([level.from, level.to], [0.3, 0.3]);
  t.end();
});

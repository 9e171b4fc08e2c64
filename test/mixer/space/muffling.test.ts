import { test } from 'tap';
import { muffledHigh, muffledLow, SHELL, shellsBetween } from '../../../src/mixer/space/muffling.ts';

const db = (gain: number) => 20 * Math.log10(gain);
const isNear = (one: number, other: number) => Math.abs(one - other) < 1e-9;

test('walls take decibels in proportion, most of them from the treble', (t) => {
  for (const gain of [muffledLow, muffledHigh]) {
    t.equal(gain(0), 1);
    for (const muffle of [0.25, 0.5, 2]) t.ok(isNear(db(gain(muffle)), muffle * db(gain(1))), `${muffle} of a wall`);
  }
  t.ok(isNear(db(muffledLow(1)), -8), 'a voice is still heard behind a wall');
  t.ok(isNear(db(muffledHigh(1)), -30), 'but not understood');
  t.ok(isNear(db(SHELL.low), -6) && isNear(db(SHELL.high), -18));
  t.end();
});

test('sound crosses a shell where it leaves one enclosure, and another where it enters the next', (t) => {
  t.strictSame([shellsBetween(0, 0), shellsBetween(7, 7)], [0, 0]);
  t.strictSame([shellsBetween(0, 7), shellsBetween(7, 0)], [1, 1]);
  t.strictSame([shellsBetween(7, 8), shellsBetween(1, 2), shellsBetween(2, 1)], [2, 2, 2]);
  t.end();
});

import { test } from 'tap';
import { EMPTY, MISSING, SLOTS, slotOf } from '../../../src/media/link/ring-slots.ts';

test('ticks that follow each other have different slots, in turn, however late it is', (t) => {
  for (const from of [0, 97, 2 ** 31 - 2, 2 ** 32 - 2, 2 ** 40]) {
    const slots = Array.from({ length: SLOTS }, (_, i) => slotOf(from + i));
    t.same(slots.slice().sort(), [0, 1, 2, 3], `from ${from} on`);
    t.equal(slotOf(from + SLOTS), slots[0]);
  }
  t.end();
});

test('an empty slot is none of a tick, and a missing answer no number of voices', (t) => {
  t.ok(EMPTY < 0 && MISSING < 0);
  t.end();
});

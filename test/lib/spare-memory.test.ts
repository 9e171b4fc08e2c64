import { setImmediate as nextTurn } from 'node:timers/promises';
import v8 from 'node:v8';
import { test } from 'tap';
import { systemClock } from '../../src/lib/clock.ts';
import { giveBackMemory } from '../../src/lib/spare-memory.ts';

test('memory of objects that nobody has any more is given back, and the thread goes on', async (t) => {
  const gone = new WeakRef({});
  // Survivors make V8 enlarge the space for new objects.
  let survivors: object[] | undefined = Array.from({ length: 300_000 }, (_, i) => ({ i }));
  const before = spaceForNew();
  t.equal(survivors.length, 300_000);
  survivors = undefined;
  // An object that a WeakRef was made for lives until the end of the turn.
  await nextTurn();
  t.equal(await giveBackMemory(systemClock), true);
  t.equal(gone.deref(), undefined);
  t.ok(spaceForNew() < before / 2, `${spaceForNew()} bytes of ${before}`);
  t.equal(await giveBackMemory(systemClock), true, 'and again');
});

function spaceForNew(): number {
  return v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
}

import { test } from 'tap';
import { hasLessToDo, lowestLoad, mixOf, type RoomPart } from '../../../src/media/control/room-part.ts';
import type { WorkerSlot } from '../../../src/media/control/worker-slot.ts';

const slot = (load: number, seats: number) => ({ load, seats }) as WorkerSlot;
const part = (isRemote: boolean) => ({ isRemote }) as RoomPart;

test('three are heard at a time at another server, or fewer if the room has fewer; here, as many as the room has', (t) => {
  for (const [maxTalkers, there] of [
    [0, 3],
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 3],
    [100, 3],
  ] as const) {
    const mix = { maxTalkers, levelling: true };
    t.same(mixOf(part(true), mix), { maxTalkers: there, levelling: true }, `${maxTalkers}`);
    t.same(mixOf(part(false), mix), mix);
  }
  t.end();
});

test('the less busy worker is taken; the number of seats decides if loads differ by less than can be measured', (t) => {
  t.ok(hasLessToDo(slot(0.2, 90), slot(0.3, 0)));
  t.notOk(hasLessToDo(slot(0.3, 0), slot(0.2, 90)));
  t.ok(hasLessToDo(slot(0.21, 3), slot(0.2, 4)));
  t.notOk(hasLessToDo(slot(0.2, 4), slot(0.21, 3)));
  t.notOk(hasLessToDo(slot(0.2, 4), slot(0.2, 4)));
  t.ok(hasLessToDo(slot(0.1, 9), slot(0.15, 4)), 'a step of five per cent can be measured');
  const [a, b, c] = [slot(0.5, 1), slot(0.1, 7), slot(0.1, 5)];
  t.equal(lowestLoad([a, b, c]), c);
  t.equal(lowestLoad([c, b, a]), c);
  t.equal(lowestLoad([b, slot(0.1, 7)]), b, 'the first of equals');
  t.equal(lowestLoad([a]), a);
  t.equal(lowestLoad([]), undefined);
  t.end();
});

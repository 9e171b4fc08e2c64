import { test } from 'tap';
import type { Person } from '../../src/rooms/hearing.ts';
import { RoomLevels } from '../../src/rooms/room-levels.ts';

const ADA = { id: 'a', admission: { identity: 'ada' } };
const GUEST = { id: 'g', admission: { identity: null } };
const MUSIC = { id: 'm', admission: { identity: null }, owner: ADA };

test('people see the level of everything that sounds, game servers that of players who are here', (t) => {
  const levels = new RoomLevels();
  const seats = new Map([ADA, GUEST, MUSIC].map((person, index) => [index + 1, person as unknown as Person]));
  const speaking = [1, 2, 3, 4].map((seatId) => ({ seatId, levelDbov: -10 * seatId }));
  t.same(
    levels.take(speaking, (seatId) => seats.get(seatId)),
    [
      ['ada', -10],
      ['g', -20],
    ],
  );
  t.same(
    [...levels.byId],
    [
      ['a', -10],
      ['g', -20],
      ['m', -30],
    ],
  );
  t.same(
    levels.take([], () => undefined),
    [],
  );
  t.equal(levels.byId.size, 0);
  t.end();
});

import { test } from 'tap';
import { LimitCounts } from '../../src/lib/rates/limit-counts.ts';
import { RoomCounts } from '../../src/rooms/room-counts.ts';

test('rooms are limited in all and for each address, and limits may change', (t) => {
  const limitCounts = new LimitCounts();
  const counts = new RoomCounts({ maxRooms: 3, maxRoomsPerAddress: 1 }, limitCounts);
  counts.check(2);
  t.throws(() => counts.check(3), { code: 'too_many_rooms' });
  const closed = counts.add('192.0.2.7');
  counts.add('192.0.2.8');
  counts.add(undefined);
  counts.add(undefined);
  t.throws(() => counts.add('192.0.2.7'), { code: 'too_many_rooms_of_address' });
  t.strictSame(
    ['rooms', 'rooms_per_address'].map((name) => limitCounts.counts.get(name as 'rooms')),
    [1, 1],
  );
  closed();
  counts.add('192.0.2.7');
  counts.setLimits({ maxRooms: 4, maxRoomsPerAddress: 2 });
  counts.check(3);
  counts.add('192.0.2.7');
  t.end();
});

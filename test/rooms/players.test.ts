import { test } from 'tap';
import { type PlayerInfo, RoomPlayers } from '../../src/rooms/players.ts';

test('the players of a room end with it', (t) => {
  const players = new RoomPlayers();
  const ends: string[] = [];
  const add = (id: string) =>
    players.add({
      info: { id } as PlayerInfo,
      end: (reason) => {
        ends.push(`${id} ${reason}`);
        players.delete(id);
      },
    });
  for (const id of ['a', 'b', 'c']) add(id);
  t.equal(players.get('b')?.info.id, 'b');
  t.equal(players.get('x'), undefined);
  players.get('b')?.end('stopped');
  t.same(
    players.all.map(({ info }) => info.id),
    ['a', 'c'],
  );
  t.equal(players.isClosed, false);
  players.close('room_closed');
  t.same(ends, ['b stopped', 'a room_closed', 'c room_closed']);
  t.equal(players.isClosed, true);
  t.end();
});

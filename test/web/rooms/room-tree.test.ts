import { test } from 'tap';
import type { ListedRoom } from '../../../src/protocol/rooms.ts';
import { matchingRooms, type RoomNode, roomTree } from '../../../web/app/rooms/room-tree.ts';

const room = (name: string, description = '', order = 0): ListedRoom => ({
  name,
  description,
  entry: 'open',
  locked: false,
  permanent: true,
  order,
  participants: 0,
  people: [],
});

/** `group[children]`, with a star for each room. */
const drawn = (nodes: readonly RoomNode[]): string =>
  nodes
    .map(({ label, room, children }) => {
      const inside = children.length === 0 ? '' : `[${drawn(children)}]`;
      return `${label}${room === null ? '' : '*'}${inside}`;
    })
    .join(' ');

test('slashes in names make a tree, in the order of the operator', async (t) => {
  const names = ['Lobby', 'Games/Go', 'Music', 'games/Chess/Blitz', 'Games/Chess', 'Games Night/Quiz', 'games-night'];
  t.equal(
    drawn(roomTree(names.map((name, order) => room(name, '', order)))),
    'Lobby* Games[Go* Chess*[Blitz*]] Music* games-night*[Quiz*]',
  );
  t.equal(drawn(roomTree([{ ...room('A'), permanent: false }, room('b 10'), room('b 9')])), 'b 9* b 10* A*');
  t.same(roomTree([]), []);
});

test('five hundred rooms are one tree', async (t) => {
  const rooms = Array.from({ length: 500 }, (_, n) => room(`Group ${n % 20}/Room ${n}`));
  const tree = roomTree(rooms);
  t.equal(tree.length, 20);
  t.same(new Set(tree.map(({ children }) => children.length)), new Set([25]));
});

test('a search finds rooms by parts of their name or description', async (t) => {
  const rooms = [room('Games/Go'), room('Music', 'No games here'), room('Board Night')];
  const found = (text: string) => matchingRooms(rooms, text).map(({ name }) => name);
  t.same(found('GAMES'), ['Games/Go', 'Music']);
  t.same(found('board-n'), ['Board Night']);
  t.same(found(' '), ['Games/Go', 'Music', 'Board Night']);
  t.same(found('xyz'), []);
});

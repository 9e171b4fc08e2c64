import { test } from 'tap';
import type { NodeRecord } from '../../src/cluster/node-record.ts';
import type { ListedRoom } from '../../src/protocol/rooms.ts';
import { listOfRooms, OtherRooms } from '../../src/server/other-rooms.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const room = (name: string): ListedRoom => ({
  name,
  description: '',
  entry: 'open',
  locked: false,
  permanent: false,
  order: 0,
  participants: 1,
  people: [{ name: 'Ada', speaking: true }],
});

/** What was begun goes on. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

function setUp(names: readonly string[]) {
  const clock = new FakeClock();
  const asked: string[] = [];
  const lists = new Map<string, unknown>();
  /** It answers only when these are called. */
  const slow = new Map<string, ((list: unknown) => void)[]>();
  const nodes = names.map((node) => ({ node }) as NodeRecord);
  const rooms = new OtherRooms({
    self: 'n1',
    nodes: () => nodes,
    ask: async (node) => {
      asked.push(node);
      const waiting = slow.get(node);
      if (waiting !== undefined) return new Promise((resolve) => waiting.push(resolve));
      if (!lists.has(node)) throw new Error('silent');
      return lists.get(node);
    },
    clock,
  });
  const listed = () => rooms.rooms.map(({ name }) => name);
  return { clock, asked, lists, slow, nodes, rooms, listed };
}

test('the others are asked once a second, and only when somebody looks', async (t) => {
  const { clock, asked, lists, rooms, listed } = setUp(['n1', 'n2', 'n3']);
  lists.set('n2', [room('a')]);
  lists.set('n3', [room('b'), room('c')]);
  clock.advance(10_000);
  t.same(asked, []);
  await rooms.fresh();
  t.same(listed(), ['a', 'b', 'c']);
  await rooms.fresh();
  clock.advance(999);
  t.same(asked, ['n2', 'n3']);
  clock.advance(1);
  lists.set('n2', []);
  t.same(listed(), ['a', 'b', 'c'], 'as last heard');
  await settle();
  t.same(listed(), ['b', 'c']);
  t.equal(asked.length, 4);
  t.equal(clock.pendingTimers, 0);
});

test('a page waits a fifth of a second for a server that has become silent, and not again', async (t) => {
  const { clock, lists, slow, rooms, listed } = setUp(['n1', 'n2', 'n3']);
  lists.set('n2', [room('a')]);
  const waiting: ((list: unknown) => void)[] = [];
  slow.set('n3', waiting);
  let isOver = false;
  void rooms.fresh().then(() => {
    isOver = true;
  });
  await settle();
  clock.advance(199);
  await settle();
  t.notOk(isOver);
  clock.advance(1);
  await settle();
  t.ok(isOver);
  t.same(listed(), ['a']);
  waiting[0]!('no list');
  await settle();
  clock.advance(1000);
  // Nothing but the other one is waited for.
  await rooms.fresh();
  waiting[1]!([room('b')]);
  await settle();
  t.same(listed(), ['a', 'b']);
});

test('rooms of a server that stays silent or is gone are left out', async (t) => {
  const { clock, lists, nodes, rooms, listed } = setUp(['n1', 'n2', 'n3']);
  for (const name of ['n2', 'n3']) lists.set(name, [room(name)]);
  await rooms.fresh();
  lists.delete('n2');
  for (let i = 0; i < 5; i++) {
    clock.advance(1000);
    await rooms.fresh();
  }
  t.same(listed(), ['n3', 'n2'].sort());
  clock.advance(1000);
  await rooms.fresh();
  t.same(listed(), ['n3']);
  nodes.pop();
  clock.advance(1000);
  await rooms.fresh();
  t.same(listed(), []);
});

test('what another server says has bounds, and many servers are asked less often', async (t) => {
  const many = Array.from({ length: 101 }, (_, i) => `n${i + 1}`);
  const { clock, asked, lists, rooms, listed } = setUp(many);
  const person = { name: 'Ada', speaking: true };
  lists.set(
    'n2',
    Array.from({ length: 501 }, (_, i) => room(`${i}`)),
  );
  lists.set('n3', [{ ...room('a'), people: Array.from({ length: 13 }, () => person) }]);
  lists.set('n4', [room('x'.repeat(257))]);
  await rooms.fresh();
  t.same(listed(), []);
  t.equal(asked.length, 100);
  clock.advance(1999);
  await rooms.fresh();
  t.equal(asked.length, 100);
  clock.advance(1);
  await rooms.fresh();
  t.equal(asked.length, 200);
});

test('nobody is asked for a list that pages do not get', async (t) => {
  let asked = 0;
  const cluster = { rooms: { fresh: async () => void asked++ } };
  t.equal(await listOfRooms({ list: { mode: 'off', snapshot: 'null' } }, cluster), 'null');
  t.equal(asked, 0);
  t.equal(await listOfRooms({ list: { mode: 'all', snapshot: '[]' } }, cluster), '[]');
  t.equal(asked, 1);
  t.equal(await listOfRooms({ list: { mode: 'all', snapshot: '[]' } }, undefined), '[]');
});

import { test } from 'tap';
import { z } from 'zod';
import type { OtherNodes } from '../../../src/admin/api/cluster-handlers.ts';
import { gather, listAllRooms } from '../../../src/admin/api/room-lists.ts';

type Rooms = Readonly<Record<string, number>>;

/** Servers with rooms by name, and when they were opened. `answers` replaces what one says. */
function setUp(rooms: Readonly<Record<string, Rooms>>, answers: Readonly<Record<string, unknown>> = {}) {
  const views: string[][] = [];
  const viewsOf = (node: string, names: readonly string[]) => {
    views.push([node, ...names]);
    return names.filter((name) => name !== 'closing').map((name) => ({ name, topic: `at ${node}` }));
  };
  const nodes = {
    self: 'n1',
    nodes: Object.keys(rooms).map((node) => ({ node })),
    ask: async (node: string, question: string, body: unknown, limitMs: number) => {
      if (limitMs !== 1000) throw new Error('it would be waited for too long');
      if (answers[node] instanceof Error) throw answers[node];
      if (answers[node] !== undefined) return answers[node];
      return question === 'rooms' ? Object.entries(rooms[node]!) : viewsOf(node, body as string[]);
    },
  } as unknown as OtherNodes;
  const list = (offset = 0, limit = 100) =>
    listAllRooms(
      nodes,
      { list: () => Object.entries(rooms['n1']!), views: async (names) => viewsOf('n1', names) as never },
      { offset, limit },
    );
  return { nodes, list, views };
}

test('the rooms of all servers, oldest first, in pages that cost what they show', async (t) => {
  const { list, views } = setUp({ n1: { b: 2, e: 5 }, n2: { a: 1, c: 3 }, n3: { d: 4 } });
  const all = await list();
  t.same(all, {
    rooms: [
      { name: 'a', topic: 'at n2', node: 'n2' },
      { name: 'b', topic: 'at n1', node: 'n1' },
      { name: 'c', topic: 'at n2', node: 'n2' },
      { name: 'd', topic: 'at n3', node: 'n3' },
      { name: 'e', topic: 'at n1', node: 'n1' },
    ],
    total: 5,
  });
  views.length = 0;
  const page = await list(2, 1);
  t.match(page, { rooms: [{ name: 'c' }], total: 5 });
  t.same(views, [['n1'], ['n2', 'c']]);
  t.same(await list(9), { rooms: [], total: 5 });
});

test('whoever is silent or talks nonsense is named, and the others are shown', async (t) => {
  const answers = { n3: new Error('silent'), n2: { all: 'mine' } };
  const { list } = setUp({ n1: { b: 2 }, n3: { a: 1 }, n2: { c: 1 }, n4: { d: 3 } }, answers);
  t.match(await list(), { rooms: [{ name: 'b' }, { name: 'd' }], total: 2, incomplete: ['n2', 'n3'] });
});

test('a room that is closed meanwhile is left out, and one that two servers have for a moment is shown at both', async (t) => {
  const { list } = setUp({ n1: { hall: 1 }, n2: { closing: 2, hall: 3 } });
  t.match((await list()).rooms, [
    { name: 'hall', node: 'n1' },
    { name: 'hall', node: 'n2' },
  ]);
});

test('others are asked at once', async (t) => {
  const { nodes } = setUp({ n1: {}, n2: {}, n3: {} }, { n2: 7, n3: 'seven' });
  t.same(await gather(nodes, 'has', z.number()), { answers: [{ node: 'n2', answer: 7 }], incomplete: ['n3'] });
});

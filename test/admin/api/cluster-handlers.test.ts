import { test } from 'tap';
import {
  clusterHandlers,
  type OtherNodes,
  type PeerQuestion,
  peerHandlers,
  withPlacedMoves,
} from '../../../src/admin/api/cluster-handlers.ts';
import { AppError } from '../../../src/lib/errors.ts';
import type { Handlers, Input, Operation } from '../../../src/protocol/api/operations.ts';
import { pathSchema } from '../../../src/protocol/api/path-schema.ts';
import type { RoomRegistry } from '../../../src/rooms/registry.ts';

type Handle = (input: Input<Operation>) => unknown;

/** A server n1 that has the room `here`, and others. */
function setUp({ isEngineUp = true }: { readonly isEngineUp?: boolean } = {}) {
  const asked: { node: string; question: PeerQuestion; body: unknown }[] = [];
  const at = { owner: 'n2' as string | undefined, place: undefined as string | undefined, isEngineUp, has: 'n3' };
  const nodes: OtherNodes = {
    self: 'n1',
    get isEngineUp() {
      return at.isEngineUp;
    },
    nodes: ['n3', 'n1', 'n2'].map((node) => ({
      node,
      version: '1',
      region: '',
      load: 0.5,
      rooms: 1,
      participants: 2,
      draining: false,
      settingsDiffer: [],
    })),
    ownerOf: async () => {
      if (at.owner === 'down') throw new Error('the engine is down');
      return at.owner;
    },
    place: async () => at.place,
    ask: async (node, question, body) => {
      asked.push({ node, question, body });
      if (question === 'has') {
        if (node === 'n2') throw new AppError('server_busy');
        return node === at.has;
      }
      return `answer of ${node}`;
    },
  };
  const registry = {
    known: (key: string) => (key === 'here' ? {} : undefined),
    room: () => ({ participant: () => ({}) }),
    rooms: [{ name: 'here', startedAtMs: 5 }],
  } as unknown as RoomRegistry;
  const saves: string[] = [];
  const local = new Proxy({} as Handlers, {
    ownKeys: () => [],
    get: (_, id) => (input: Input<Operation>) =>
      id === 'kickParticipant' ? Promise.reject(new AppError('unknown_participant')) : { local: id, input },
  });
  const saved = () => void saves.push('saved');
  const handlers = clusterHandlers(local, nodes, registry) as unknown as Record<string, Handle>;
  const forPeers = peerHandlers(local, registry, saved);
  const moves = withPlacedMoves(local, nodes, registry) as unknown as Record<string, Handle>;
  return { asked, at, handlers, forPeers, moves, saves };
}

const inputOf = (params: object, body: unknown = undefined) =>
  ({ params: pathSchema.parse(params), query: undefined, body }) as unknown as Input<Operation>;

test('what concerns a room is done by the server that has it', async (t) => {
  const { asked, at, handlers } = setUp();
  const input = inputOf({ room: 'Hall' }, { locked: true });
  t.equal(await handlers['changeRoom']!(input), 'answer of n2');
  t.same(asked, [{ node: 'n2', question: 'api', body: { operation: 'changeRoom', input } }]);
  t.match(await handlers['changeRoom']!(inputOf({ room: 'Here' })), { local: 'changeRoom' });
  t.match(await handlers['changeRoom']!(inputOf({ room: 'no/such!' })), { local: 'changeRoom' }, 'no name of a room');
  at.owner = undefined;
  t.match(await handlers['changeRoom']!(input), { local: 'changeRoom' }, 'nobody has it');
  t.equal(asked.length, 1);
});

test('without the engine all are asked', async (t) => {
  for (const owner of ['n2', 'down']) {
    const { asked, at, handlers } = setUp({ isEngineUp: owner === 'down' });
    at.owner = owner;
    t.equal(await handlers['closeRoom']!(inputOf({ room: 'Hall' })), 'answer of n3');
    t.same(
      asked.map(({ node, question, body }) => [node, question, question === 'has' ? body : '']),
      [
        ['n3', 'has', 'hall'],
        ['n2', 'has', 'hall'],
        ['n3', 'api', ''],
      ],
    );
    at.has = '';
    t.match(await handlers['closeRoom']!(inputOf({ room: 'Hall' })), { local: 'closeRoom' });
  }
});

test('bans are those of all, and what is sent without an end is had where the room is', async (t) => {
  const { asked, handlers } = setUp();
  t.equal(handlers['listBans'], undefined, 'the local one stays');
  const error = await Promise.resolve(handlers['captureParticipant']!(inputOf({ room: 'Hall' }))).catch(
    (thrown) => thrown,
  );
  t.match(error, { code: 'room_elsewhere', message: /"n2"/ });
  t.equal(asked.length, 0);
});

test('a room is opened where it is placed', async (t) => {
  const { asked, at, handlers } = setUp();
  const make = (name: string) => handlers['createRoom']!(inputOf({}, { name }));
  t.match(await make('New'), { local: 'createRoom' });
  at.place = 'n3';
  t.equal(await make('New'), 'answer of n3');
  t.match(asked, [{ node: 'n3', question: 'api', body: { operation: 'createRoom' } }]);
  t.match(await make('Here'), { local: 'createRoom' });
  t.match(await make('a!b'), { local: 'createRoom' });
});

test('people are moved only within a server', async (t) => {
  const { at, moves } = setUp();
  const move = async (room: string) => moves['moveParticipant']!(inputOf({ room: 'here' }, { room }));
  t.match(await move('New'), { local: 'moveParticipant' });
  at.place = 'n3';
  await t.rejects(move('New'), { code: 'room_elsewhere', message: /"n3"/ });
  t.match(await move('here'), { local: 'moveParticipant' });
});

test('the servers, and draining one of them', async (t) => {
  const { asked, handlers } = setUp();
  t.match(await handlers['getCluster']!(inputOf({})), {
    engineReached: true,
    nodes: [
      { node: 'n1', self: true, load: 0.5 },
      { node: 'n2', self: false },
      { node: 'n3', self: false },
    ],
  });
  const drain = async (node: string) => handlers['drainNode']!(inputOf({ node }, {}));
  t.match(await drain('n1'), { local: 'drainServer' });
  t.equal(await drain('n2'), 'answer of n2');
  t.match(asked, [{ node: 'n2', question: 'api', body: { operation: 'drainServer' } }]);
  await t.rejects(drain('n9'), { code: 'not_found' });
  t.equal(await handlers['undrainNode']!(inputOf({ node: 'n3' })), 'answer of n3');
});

test('another server is answered if it asks what it may, and correctly', async (t) => {
  const { forPeers, saves } = setUp();
  const api = async (operation: string, input: object) => forPeers.api({ operation, input });
  t.match(await api('getRoom', { params: { room: 'here' } }), {
    local: 'getRoom',
    input: { params: { room: 'here' } },
  });
  t.same(saves, []);
  t.match(await api('changeRoom', { params: { room: 'here' }, body: { locked: true } }), {
    input: { body: { locked: true } },
  });
  t.same(saves, ['saved']);
  await t.rejects(api('changeRoom', { params: { room: 'here' }, body: { locked: 7 } }), { code: 'invalid_request' });
  await t.rejects(api('kickParticipant', { params: { room: 'here' }, body: {} }), { code: 'unknown_participant' });
  for (const not of ['createToken', 'captureParticipant', 'listBans', 'drainNode', 'nothing'])
    await t.rejects(api(not, { params: {} }), { code: 'invalid_request' }, not);
  await t.rejects(
    Promise.resolve().then(() => forPeers.api(null)),
    { code: 'invalid_request' },
  );
  t.same(await forPeers.rooms(null), [['here', 5]]);
  t.match(await forPeers.views(['here', 'gone']), [{ local: 'getRoom', input: { params: { room: 'here' } } }]);
  t.throws(() => forPeers.views(7), { code: 'invalid_request' });
  t.same([forPeers.has('here'), forPeers.has('gone')], [true, false]);
});

import type { IncomingMessage } from 'node:http';
import { test } from 'tap';
import { PEER_QUESTIONS } from '../../src/admin/api/cluster-handlers.ts';
import type { Placement } from '../../src/rooms/ports.ts';
import type { Cluster } from '../../src/server/cluster.ts';
import { otherNodes, peerDoor } from '../../src/server/other-nodes.ts';

function setUp(placement: Placement = { at: 'here' }) {
  const handlers = new Map<string, unknown>();
  const idle = { version: '1', region: 'eu', load: 0.5, rooms: 1, people: 2, draining: true };
  const secret = { peer: 'http://10.0.0.2:8080', incarnation: 'run 1' };
  const cluster = {
    node: 'n1',
    directory: {
      nodes: [
        { node: 'n1', url: '/n/n1/ws', ...idle, ...secret, settings: { 'cluster-lease-ms': '4000' } },
        { node: 'n2', url: '/n/n2/ws', ...idle, ...secret, settings: { 'cluster-lease-ms': '2000' } },
      ],
      figures: { isEngineUp: true },
      place: async () => placement,
      ownerOf: async (room: string) => `owner of ${room}`,
    },
    peers: {
      on: (question: string, handler: unknown) => handlers.set(question, handler),
      request: async (...asked: readonly unknown[]) => asked,
      answer: async () => 'sealed',
    },
  } as unknown as Cluster;
  return { cluster, others: otherNodes(cluster), handlers };
}

test('the API sees no addresses of servers', (t) => {
  const { others } = setUp();
  const known = { version: '1', region: 'eu', load: 0.5, rooms: 1, participants: 2, draining: true };
  t.same(others.nodes, [
    { node: 'n1', ...known, settingsDiffer: [] },
    { node: 'n2', ...known, settingsDiffer: ['cluster-lease-ms'] },
  ]);
  t.equal(others.self, 'n1');
  t.equal(others.isEngineUp, true);
  t.end();
});

test('a room is placed at this server, at another one that lives, or nobody knows', async (t) => {
  t.equal(await setUp().others.place('hall'), undefined);
  t.equal(await setUp({ at: 'elsewhere', url: '/n/n2/ws' }).others.place('hall'), 'n2');
  await t.rejects(setUp({ at: 'elsewhere', url: '/n/n9/ws' }).others.place('hall'), { code: 'server_busy' });
  const unknown = setUp({ at: 'unknown', retryAfterMs: 700 });
  await t.rejects(unknown.others.place('hall'), { code: 'server_busy', retryAfterMs: 700 });
});

test('questions go out and come in', async (t) => {
  const { cluster, others, handlers } = setUp();
  t.equal(await others.ownerOf('hall'), 'owner of hall');
  t.same(await others.ask('n2', 'has', 'hall', 1000), ['n2', 'has', 'hall', 1000]);
  const answers = { api: () => 1, rooms: () => 2, views: () => 3, has: () => 4 };
  const door = peerDoor(cluster, answers);
  t.same(
    [...handlers],
    PEER_QUESTIONS.map((question) => [question, answers[question]]),
  );
  t.equal(await door({} as IncomingMessage), 'sealed');
});

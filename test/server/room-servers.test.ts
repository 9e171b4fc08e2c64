import type { IncomingMessage } from 'node:http';
import { type Test, test } from 'tap';
import type { NodeRecord } from '../../src/cluster/node-record.ts';
import { PEER_PATHS } from '../../src/cluster/peer-stream.ts';
import { RoomServers } from '../../src/server/room-servers.ts';
import { duplexPair } from '../helpers/duplex-pair.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

function node(name: string, change: Partial<NodeRecord> = {}): NodeRecord {
  return {
    node: name,
    incarnation: '1',
    version: '1.0',
    url: '/ws',
    peer: `http://127.0.0.1:1`,
    region: '',
    load: 0,
    rooms: 0,
    people: 0,
    draining: false,
    ...change,
  };
}

function setUp(t: Test, isOn: boolean) {
  const clock = new FakeClock();
  const followed: (readonly string[])[] = [];
  const nodes = [node('n1'), node('n2'), node('n3', { draining: true }), node('n4', { version: '1.1' })];
  const servers = new RoomServers({
    directory: { nodes },
    self: 'n1',
    secret: 'a secret of 32 bytes or more for this',
    isOn,
    version: '1.0',
    clock,
    media: () => ({ followServers: (names) => followed.push(names), lendWorker: () => {} }),
  });
  t.teardown(() => servers.close());
  return { clock, nodes, followed, servers };
}

const request = {
  url: PEER_PATHS.worker,
  headers: { 'sec-websocket-protocol': 'partyline-peer-1' },
} as unknown as IncomingMessage;

test('rooms may go on at servers of the same version that do not drain', (t) => {
  const { clock, nodes, followed, servers } = setUp(t, true);
  servers.start();
  t.same(followed, [['n2']]);
  nodes.push(node('n5'));
  clock.advance(1000);
  t.same(followed.at(-1), ['n2', 'n5']);
  servers.close();
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('only servers that are known are connected to', async (t) => {
  const { servers } = setUp(t, true);
  for (const name of ['n1', 'n3', 'n4', 'n9']) await t.rejects(servers.connect(name), /no such server/);
  await t.rejects(servers.connect('n2'), /ECONNREFUSED/);
});

test('it is off by default: nobody is followed, and there is no door', (t) => {
  const { clock, followed, servers } = setUp(t, false);
  servers.start();
  t.same(followed, []);
  t.equal(clock.pendingTimers, 0);
  t.notOk(servers.upgrade(request, duplexPair()[0], Buffer.alloc(0)));
  t.end();
});

test('with it, the door takes what is for it, and refuses who is gone already', (t) => {
  const { servers } = setUp(t, true);
  const [socket] = duplexPair();
  t.ok(servers.upgrade(request, socket, Buffer.alloc(0)));
  t.ok(socket.destroyed);
  t.notOk(servers.upgrade({ ...request, url: '/ws' } as IncomingMessage, duplexPair()[0], Buffer.alloc(0)));
  t.end();
});

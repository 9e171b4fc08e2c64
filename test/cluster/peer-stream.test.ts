import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Test, test } from 'tap';
import { openPeerStream, PEER_PATHS, PeerDoor, type PeerStream } from '../../src/cluster/peer-stream.ts';
import { type Clock, systemClock as clock } from '../../src/lib/clock.ts';
import { eventually } from '../helpers/eventually.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const SECRET = 'a secret of the cluster with 32 bytes or more';

async function setUp(t: Test, doorClock: Clock = clock) {
  const peers: PeerStream[] = [];
  const door = new PeerDoor({
    purpose: 'worker',
    secret: SECRET,
    clock: doorClock,
    onPeer: (peer) => peers.push(peer),
  });
  const http = createServer((_, response) => response.writeHead(404).end());
  http.on('upgrade', (upgrade, socket, head) => {
    if (!door.upgrade(upgrade, socket, head)) socket.destroy();
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  t.teardown(() => {
    for (const { stream } of peers) stream.destroy();
    door.close();
    http.close();
    http.closeAllConnections();
  });
  return { door, peers, port, url: `http://127.0.0.1:${port}` };
}

test('servers with the same secret speak with each other, and know their addresses', async (t) => {
  const { peers, url } = await setUp(t);
  const { stream, here, there } = await openPeerStream(url, { purpose: 'worker', secret: SECRET, clock });
  await eventually(() => peers.length === 1);
  t.same([here, there], ['127.0.0.1', '127.0.0.1']);
  t.same([peers[0]!.here, peers[0]!.there], ['127.0.0.1', '127.0.0.1']);
  stream.write('from one');
  peers[0]!.stream.write('from the other');
  t.equal(String((await once(peers[0]!.stream, 'data'))[0]), 'from one');
  t.equal(String((await once(stream, 'data'))[0]), 'from the other');
  stream.destroy();
  await once(peers[0]!.stream, 'close');
});

test('who has another secret is refused and counted, on both sides', async (t) => {
  const { door, peers, url } = await setUp(t);
  await t.rejects(openPeerStream(url, { purpose: 'worker', secret: `${SECRET}.`, clock }));
  await eventually(() => door.refused === 1);
  t.equal(peers.length, 0);
});

const headers = {
  connection: 'upgrade',
  upgrade: 'websocket',
  'sec-websocket-protocol': 'partyline-peer-1',
};

test('strangers who begin handshakes and never go on do not keep servers out', async (t) => {
  // Nobody's time is over.
  const { door, peers, port, url } = await setUp(t, new FakeClock());
  let begun = 0;
  const half = Array.from({ length: 40 }, () => {
    const asking = request({ port, path: PEER_PATHS.worker, headers, agent: false });
    asking.on('error', () => {});
    asking.on('upgrade', (_, socket) => {
      begun++;
      socket.on('error', () => {});
    });
    asking.end();
    return asking;
  });
  await eventually(() => begun === 40);
  t.equal(door.refused, 8, 'the oldest');
  const { stream } = await openPeerStream(url, { purpose: 'worker', secret: SECRET, clock });
  await eventually(() => peers.length === 1);
  t.equal(door.refused, 9);
  stream.destroy();
  for (const asking of half) asking.destroy();
});

test('who does not complete the handshake is let go, and is counted', async (t) => {
  const { door, peers, port } = await setUp(t);
  const half = Array.from({ length: 33 }, () => {
    const asking = request({ port, path: PEER_PATHS.worker, headers });
    asking.on('error', () => {});
    asking.on('upgrade', (_, socket) => socket.on('error', () => {}).write('this is not TLS at all'));
    asking.end();
    return asking;
  });
  await eventually(() => door.refused === 33);
  t.equal(peers.length, 0);
  for (const asking of half) asking.destroy();
});

test('a server that has no such door is an error', async (t) => {
  const http = createServer((_, response) => response.writeHead(404).end());
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.teardown(() => http.close());
  const { port } = http.address() as AddressInfo;
  await t.rejects(
    openPeerStream(`http://127.0.0.1:${port}`, { purpose: 'worker', secret: SECRET, clock }),
    /status 404/,
  );
  await t.rejects(openPeerStream('http://127.0.0.1:1', { purpose: 'worker', secret: SECRET, clock }));
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { MessageChannel } from 'node:worker_threads';
import { type Test, test } from 'tap';
import {
  createRelayMemory,
  RelayedTcpPort,
  type RelayMessage,
  type RelayReply,
  TcpRelay,
} from '../../../src/media/link/tcp-relay.ts';
import type { DatagramSocket, RemoteAddress } from '../../../src/rtc/net/datagram-port.ts';
import { eventually } from '../../helpers/eventually.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { TcpClient } from '../../rtc/tcp-client.ts';

const STUN = Buffer.from([0, 1, 2, 3]);
const RTP = Buffer.from([0x80, 0x6f, 0, 1]);

interface Came {
  readonly datagram: Buffer;
  readonly remote: RemoteAddress;
  readonly socket: DatagramSocket;
}

/**
 * Both ends, with a message channel between them as between threads, and a server that hands over the connections it
 * accepts.
 */
async function setUp(t: Test) {
  const clock = new FakeClock();
  const { port1: near, port2: far } = new MessageChannel();
  const memory = createRelayMemory();
  const relay = new TcpRelay({ clock, memory, post: (message) => near.postMessage(message) });
  const relayed = new RelayedTcpPort({ memory, post: (reply) => far.postMessage(reply) });
  /** Whether the end with the sockets is still active. */
  const sockets = { areBusy: false, waiting: [] as RelayReply[] };
  near.on('message', (reply: RelayReply) => {
    if (sockets.areBusy) sockets.waiting.push(reply);
    else relay.handle(reply);
  });
  far.on('message', (message: RelayMessage) => relayed.handle(message));
  const came: Came[] = [];
  const closed: DatagramSocket[] = [];
  relayed.listen(
    (datagram, remote, socket) => came.push({ datagram, remote, socket }),
    (_remote, socket) => closed.push(socket),
  );
  const server = createServer((socket) => relay.accept(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = { address: '127.0.0.1', port: (server.address() as AddressInfo).port };
  const clients: TcpClient[] = [];
  t.teardown(async () => {
    for (const client of clients) client.close();
    await relay.close();
    server.close();
    near.close();
    assert.equal(clock.pendingTimers, 0, 'no timer is left');
    assert.deepEqual(relay.connectionCount, { all: 0, new: 0 }, 'no connection is left');
  });
  const connect = async () => {
    const client = await TcpClient.connect(address);
    clients.push(client);
    client.send(STUN);
    const { localPort } = client.socket;
    await eventually(() => came.some(({ remote }) => remote.port === localPort));
    return { client, socket: came.find(({ remote }) => remote.port === localPort)!.socket };
  };
  const busy = () => {
    sockets.areBusy = true;
  };
  const goOn = () => {
    sockets.areBusy = false;
    for (const reply of sockets.waiting.splice(0)) relay.handle(reply);
  };
  return { clock, relay, relayed, came, closed, connect, address, busy, goOn };
}

test('datagrams go both ways between threads, each over its own connection', async (t) => {
  const { relay, came, connect, address } = await setUp(t);
  const ada = await connect();
  const ben = await connect();
  t.same(came[0]!.datagram, STUN);
  t.equal(came[0]!.remote.address, '127.0.0.1');
  t.match(ada.socket.local, address);
  t.equal(ada.socket.protocol, 'tcp');
  const memory = Buffer.from('to Ada');
  t.equal(ada.socket.send(memory, 0, ''), true);
  memory.fill(0);
  ben.socket.send(Buffer.from('to Ben'), 0, '');
  await eventually(() => ada.client.received.length === 1 && ben.client.received.length === 1);
  t.same(String(ada.client.received[0]), 'to Ada', 'the caller may reuse its memory at once');
  t.same(String(ben.client.received[0]), 'to Ben');
  ada.client.send(STUN);
  await eventually(() => came.length === 3);
  t.equal(came[2]!.socket, ada.socket);
  t.match(relay.counters, { accepted: 2, refused: 0, packetsDropped: 0, framesIn: 3 });
});

test('data after the first check is not lost while the other thread has not yet adopted the connection', async (t) => {
  const { relay, came, connect, busy, goOn } = await setUp(t);
  const { client, socket } = await connect();
  busy();
  socket.adopt?.();
  client.send(RTP);
  client.send(RTP);
  await eventually(() => came.length === 3);
  t.same(came[2]!.datagram, RTP);
  goOn();
  await eventually(() => relay.connectionCount.new === 0);
  t.match(relay.counters, { accepted: 1, refused: 0, framesIn: 3 });
});

test('a connection is adopted and released from the other thread, and its end is reported there', async (t) => {
  const { clock, relay, closed, connect } = await setUp(t);
  const adopted = await connect();
  const other = await connect();
  adopted.socket.adopt?.();
  await eventually(() => relay.connectionCount.new === 1);
  clock.advance(5000);
  await eventually(() => other.client.closed && closed.length === 1);
  t.equal(closed[0], other.socket, 'a peer that does not authenticate loses the connection');
  t.equal(adopted.client.closed, false);
  adopted.socket.release?.();
  await eventually(() => adopted.client.closed && closed.length === 2);
  t.equal(adopted.socket.send(STUN, 0, ''), true, 'data after the end is not an error');
  const leaving = await connect();
  leaving.client.close();
  await eventually(() => closed.length === 3);
});

test('while the thread with the sockets is busy, half a second of data is queued and no more', async (t) => {
  const { relayed, connect, busy, goOn } = await setUp(t);
  const { client, socket } = await connect();
  busy();
  for (let i = 0; i < 100; i++) socket.send(Buffer.from([i]), 0, '');
  t.equal(relayed.packetsDropped, 75);
  await new Promise((resolve) => setTimeout(resolve, 20));
  goOn();
  await eventually(() => client.received.length === 25);
  for (let i = 0; i < 10; i++) socket.send(Buffer.from([i]), 0, '');
  await eventually(() => client.received.length === 35);
  t.equal(relayed.packetsDropped, 75);
});

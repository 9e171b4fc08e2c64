import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Test, test } from 'tap';
import type { MediaAddress } from '../../../src/rtc/net/datagram-port.ts';
import { MediaPort } from '../../../src/rtc/net/media-port.ts';
import { frame, MAX_FRAME_LENGTH } from '../../../src/rtc/net/stream-framing.ts';
import type { TcpConnection } from '../../../src/rtc/net/tcp-connection.ts';
import { TCP_LIMITS, type TcpLimits, TcpPort } from '../../../src/rtc/net/tcp-port.ts';
import { eventually } from '../../helpers/eventually.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { TcpClient } from '../tcp-client.ts';

/** The port only looks at the first byte. */
const STUN = Buffer.from([0, 1, 2, 3]);
const RTP = Buffer.from([0x80, 111, 0, 0]);
const LOOPBACK: MediaAddress = { protocol: 'udp', address: '127.0.0.1', family: 4, port: 0 };

interface Came {
  readonly datagram: Buffer;
  readonly connection: TcpConnection;
}

/** A separate port on the loopback interface, on a stopped clock. */
async function setUp(t: Test, limits: Partial<TcpLimits> = {}) {
  const clock = new FakeClock();
  // A port that was free for UDP and TCP a moment ago is free again.
  const free = await MediaPort.open({ hosts: ['127.0.0.1'], port: 0, tcp: true, clock });
  const { port: number } = free.addresses[0]!;
  await free.close();
  const address = { ...LOOPBACK, port: number };
  const port = await TcpPort.open({ addresses: [address], clock, limits: { ...TCP_LIMITS, ...limits } });
  const came: Came[] = [];
  const closed: unknown[] = [];
  port.listen(
    (datagram, _remote, socket) => came.push({ datagram, connection: socket as TcpConnection }),
    (remote) => closed.push(remote),
  );
  const clients: TcpClient[] = [];
  t.teardown(async () => {
    for (const client of clients) client.close();
    await port.close();
    assert.equal(clock.pendingTimers, 0, 'no timer is left');
    assert.deepEqual(port.connectionCount, { all: 0, new: 0 }, 'no connection is left');
  });
  const connect = async () => {
    const client = await TcpClient.connect(address);
    clients.push(client);
    return client;
  };
  /** A connection that a transport has adopted, with both of its ends. */
  const connectAdopted = async () => {
    const client = await connect();
    const before = came.length;
    client.send(STUN);
    await eventually(() => came.length > before);
    const { connection } = came.at(-1)!;
    connection.adopt();
    return { client, connection };
  };
  return { clock, port, address, came, closed, connect, connectAdopted };
}

test('datagrams go both ways in frames, and the end of a connection is reported once', async (t) => {
  const { port, came, closed, connect } = await setUp(t);
  const client = await connect();
  for (const byte of frame(STUN)) {
    client.socket.write(Buffer.from([byte]));
    await sleep(1);
  }
  await eventually(() => came.length === 1);
  t.same(came[0]!.datagram, STUN);
  const { connection } = came[0]!;
  t.equal(connection.send(Buffer.from('answer')), true);
  await eventually(() => client.received.length === 1);
  t.same(client.received, [Buffer.from('answer')]);

  connection.adopt();
  t.same(port.connectionCount, { all: 1, new: 0 });
  client.close();
  await eventually(() => closed.length === 1);
  t.match(closed, [{ address: '127.0.0.1', port: connection.remote.port }]);
  connection.release();
  connection.refuse();
  t.equal(connection.send(RTP), true, 'data after the end is not an error');
  t.equal(closed.length, 1);
  t.match(port.counters, { accepted: 1, refused: 0, packetsDropped: 0, framesIn: 1 });
});

test('a connection that does not begin with STUN ends, and so does one with a frame that is too long', async (t) => {
  const { port, came, connect, connectAdopted } = await setUp(t);
  const rude = await connect();
  rude.send(RTP);
  const http = await connect();
  http.socket.write('GET / HTTP/1.1\r\n\r\n');
  const { client: long } = await connectAdopted();
  long.send(Buffer.alloc(MAX_FRAME_LENGTH + 1));
  await eventually(() => rude.closed && http.closed && long.closed);
  t.equal(port.counters.refused, 3);
  t.equal(came.length, 1, 'only the STUN message was passed on');
});

test('a connection that never authenticates ends after five seconds, whatever it sends', async (t) => {
  const { clock, port, came, connect, connectAdopted } = await setUp(t);
  const silent = await connect();
  const slow = await connect();
  const guessing = await connect();
  const { client: good } = await connectAdopted();
  for (let i = 0; i < 4; i++) {
    slow.socket.write(frame(STUN).subarray(i, i + 1));
    guessing.send(STUN);
    await eventually(() => came.length === i + 2);
    clock.advance(1200);
  }
  t.equal(port.connectionCount.new, 3);
  clock.advance(201);
  await eventually(() => silent.closed && slow.closed && guessing.closed);
  t.equal(port.counters.refused, 3);
  clock.advance(20_000);
  t.same(port.connectionCount, { all: 1, new: 0 });
  t.equal(good.closed, false);
});

test('guessing ends after a few attempts', async (t) => {
  const { port, came, connect } = await setUp(t);
  const client = await connect();
  for (let i = 0; i < 100; i++) client.send(STUN);
  await eventually(() => client.closed);
  t.equal(came.length, TCP_LIMITS.framesBeforeAdoption);
  t.equal(port.counters.refused, 1);
});

test('a flood of connections from one address costs only its own oldest ones', async (t) => {
  const { port, connect, connectAdopted } = await setUp(t, { newConnectionsPerAddress: 8 });
  const { client: good, connection } = await connectAdopted();
  const flood: TcpClient[] = [];
  for (let i = 0; i < 40; i++) flood.push(await connect());
  await eventually(() => flood.filter(({ closed }) => closed).length === 32);
  t.same(port.connectionCount, { all: 9, new: 8 });
  t.ok(
    flood.slice(-8).every(({ closed }) => !closed),
    'the newest stay',
  );
  t.equal(port.counters.refused, 32);

  const { connection: late } = await connectAdopted();
  t.equal(late.protocol, 'tcp', 'an authenticated peer gets in during the flood');
  connection.send(RTP);
  await eventually(() => good.received.length === 1);
  t.equal(good.closed, false);
});

test('the number of unadopted connections is bounded over all addresses', async (t) => {
  const { port, connect } = await setUp(t, { newConnections: 5 });
  const clients: TcpClient[] = [];
  for (let i = 0; i < 12; i++) clients.push(await connect());
  await eventually(() => clients.filter(({ closed }) => closed).length === 7);
  t.same(port.connectionCount, { all: 5, new: 5 });
});

test('packets to a slow reader are dropped, not queued, and after five seconds it is given up', async (t) => {
  const { clock, port, closed, connectAdopted } = await setUp(t);
  const { client, connection } = await connectAdopted();
  client.socket.pause();
  const packet = Buffer.alloc(1000, 0x80);
  let sent = 0;
  while (port.counters.packetsDropped === 0 && sent < 50_000) {
    connection.send(packet);
    sent++;
    if (sent % 100 === 0) await sleep(1);
  }
  for (let i = 0; i < 100; i++) connection.send(packet);
  t.equal(port.counters.packetsDropped, 101, `all of them, after ${sent} packets that the system accepted`);
  clock.advance(TCP_LIMITS.stallMs - 1);
  t.equal(closed.length, 0);
  clock.advance(1);
  t.equal(closed.length, 1, 'the connection is closed');
  t.equal(port.counters.refused, 1);
  client.socket.resume();
  await eventually(() => client.closed);
});

test('a peer that resumes reading in time continues, without the dropped packets', async (t) => {
  const { clock, port, connectAdopted } = await setUp(t);
  const { client, connection } = await connectAdopted();
  client.socket.pause();
  let sent = 0;
  while (port.counters.packetsDropped === 0) {
    connection.send(Buffer.alloc(1000, 0x80));
    sent++;
    if (sent % 100 === 0) await sleep(1);
  }
  clock.advance(TCP_LIMITS.stallMs - 1);
  client.socket.resume();
  await eventually(() => client.received.length === sent - 1);
  connection.send(Buffer.from('later'));
  await eventually(() => client.received.length === sent);
  t.same(client.received.at(-1), Buffer.from('later'));
  clock.advance(2 * TCP_LIMITS.stallMs);
  t.equal(client.closed, false);
});

test('nothing more is sent to a peer that falls silent, so nothing stale arrives when it is back', async (t) => {
  const { clock, port, came, connectAdopted } = await setUp(t);
  const { client, connection } = await connectAdopted();
  const speak = async (pauseMs: number) => {
    clock.advance(pauseMs);
    const before = came.length;
    client.send(RTP);
    await eventually(() => came.length > before);
  };
  /** How long packets are sent to a silent peer, in steps of 100 ms. */
  const sentForMs = () => {
    const startMs = clock.now();
    const before = port.counters.packetsDropped;
    while (port.counters.packetsDropped === before) {
      connection.send(RTP);
      clock.advance(100);
    }
    return clock.now() - startMs - 200;
  };
  t.equal(sentForMs(), TCP_LIMITS.mostSilenceMs, 'nothing is known about its pauses yet');
  for (let i = 0; i < 200; i++) await speak(400);
  t.equal(sentForMs(), TCP_LIMITS.leastSilenceMs);
  await speak(0);
  for (let i = 0; i < 20; i++) await speak(2600);
  t.equal(sentForMs(), 3900, 'one and a half times its usual pause');
  await speak(0);
  connection.send(Buffer.from('back'));
  await eventually(() => String(client.received.at(-1)) === 'back');

  clock.advance(TCP_LIMITS.consentMs - 1);
  t.equal(client.closed, false);
  clock.advance(1);
  await eventually(() => client.closed);
});

test('a peer that sends too much is read more slowly, and loses nothing', async (t) => {
  const { clock, port, connectAdopted } = await setUp(t);
  const { client } = await connectAdopted();
  const packets = 20_000;
  const framed = frame(Buffer.alloc(98, 0x80));
  client.socket.write(Buffer.concat(Array.from({ length: packets }, () => framed)));
  await sleep(100);
  const first = port.counters.framesIn;
  t.ok(first < 2500, `${first} packets on a stopped clock`);
  for (let i = 0; i < 2000 && port.counters.framesIn < packets + 1; i++) {
    clock.advance(10);
    await sleep(1);
  }
  t.equal(port.counters.framesIn, packets + 1);
  const { readBytesPerMs } = TCP_LIMITS;
  t.ok(clock.now() > (0.8 * packets * framed.length) / readBytesPerMs, `it took ${clock.now()} ms`);
});

/** All of 127.0.0.0/8 is this machine. */
const at = (port: number, last: number): MediaAddress => ({ ...LOOPBACK, address: `127.0.0.${last}`, port });

test('it follows the addresses: new ones listen, old ones no longer, and connections stay', async (t) => {
  const { port, address, came, connect } = await setUp(t);
  const { port: number } = address;
  const client = await connect();
  const listed = () => port.addresses.map((one) => one.address);
  const isOpen = (last: number) =>
    TcpClient.connect(at(number, last)).then(
      (probe) => {
        probe.close();
        return true;
      },
      () => false,
    );
  t.same(await port.follow([at(number, 2), address, at(number, 3)]), []);
  t.same(listed(), ['127.0.0.2', '127.0.0.1', '127.0.0.3'], 'in the order of the request');
  t.ok(port.addresses.every((one) => one.protocol === 'tcp' && one.port === number));
  t.same([await isOpen(1), await isOpen(2), await isOpen(3)], [true, true, true]);
  t.same(await port.follow([at(number, 3)]), []);
  t.same(listed(), ['127.0.0.3']);
  await eventually(async () => !(await isOpen(1)) && !(await isOpen(2)));
  t.equal(await isOpen(3), true);
  client.send(STUN);
  await eventually(() => came.length === 1);
  t.equal(client.closed, false, 'a connection outlives its listener');

  const elsewhere = { ...at(number, 4), address: '192.0.2.1' };
  t.same(await port.follow([elsewhere, address]), [
    { protocol: 'tcp', address: '192.0.2.1', port: number, reason: 'this machine does not have the address' },
  ]);
  t.same(listed(), ['127.0.0.1'], 'an address that cannot be bound blocks no other');
  t.equal(await isOpen(1), true);

  const following = port.follow([address, at(number, 2)]);
  await port.close();
  await following;
  await eventually(async () => !(await isOpen(1)) && !(await isOpen(2)));
});

test('an address with the port in use can be left out, and every other failure is an error', async (t) => {
  const clock = new FakeClock();
  const taken = await MediaPort.open({ hosts: ['127.0.0.1'], port: 0, tcp: true, clock });
  t.teardown(() => taken.close());
  const used: MediaAddress = { ...LOOPBACK, port: taken.addresses[0]!.port };
  const elsewhere: MediaAddress = { ...used, address: '192.0.2.1' };
  const inUse = /cannot listen on TCP port \d+ on 127\.0\.0\.1/;
  await t.rejects(TcpPort.open({ addresses: [used], clock }), inUse);
  await t.rejects(TcpPort.open({ addresses: [used], clock, skipsUsed: false }), inUse);
  const port = await TcpPort.open({ addresses: [used], clock, skipsUsed: true });
  t.same(port.addresses, []);
  await port.close();
  await t.rejects(TcpPort.open({ addresses: [elsewhere], clock, skipsUsed: true }), /on 192\.0\.2\.1/);
});

test('all addresses of IPv6 and all of IPv4 can have the same port, and each listens for its own', async (t) => {
  const clock = new FakeClock();
  const free = await MediaPort.open({ hosts: ['127.0.0.1'], port: 0, tcp: true, clock });
  const { port: number } = free.addresses[0]!;
  await free.close();
  const all: MediaAddress[] = [
    { protocol: 'udp', address: '::', family: 6, port: number },
    { protocol: 'udp', address: '0.0.0.0', family: 4, port: number },
  ];
  for (const addresses of [all, [...all].reverse()]) {
    const port = await TcpPort.open({ addresses, clock });
    t.same(
      port.addresses.map(({ address }) => address),
      addresses.map(({ address }) => address),
    );
    await port.close();
  }
});

import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type Test, test } from 'tap';
import { Demultiplexer } from '../../src/rtc/demultiplexer.ts';
import { parseStun } from '../../src/rtc/ice/stun.ts';
import { writeBindingRequest } from '../../src/rtc/ice/stun-writer.ts';
import { MediaPort } from '../../src/rtc/net/media-port.ts';
import { RedundancyCache } from '../../src/rtc/rtp/redundancy-cache.ts';
import { WebRtcEndpoint } from '../../src/rtc/webrtc-endpoint.ts';
import { eventually } from '../helpers/eventually.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { TcpClient } from './tcp-client.ts';

const UFRAG = 'serverUfrag1';
const PASSWORD = 'serverPassword0123456789';

const check = ({ useCandidate = true, key = PASSWORD } = {}) =>
  writeBindingRequest({
    transactionId: randomBytes(12),
    username: `${UFRAG}:peer`,
    key,
    priority: 1,
    tieBreaker: 1n,
    useCandidate,
  });

/** One transport on its own port, on a stopped clock, with paths to it over both protocols. */
async function setUp(t: Test) {
  const clock = new FakeClock();
  const port = await MediaPort.open({ hosts: ['127.0.0.1'], port: 0, tcp: true, clock });
  const demultiplexer = new Demultiplexer(port, clock);
  const datagrams: Buffer[] = [];
  const transport = new WebRtcEndpoint({
    id: 1,
    parameters: {
      localUfrag: UFRAG,
      localPassword: PASSWORD,
      remoteUfrag: 'peer',
      localSsrc: 1,
      cname: 'mixer',
      opusPayloadType: 111,
      redPayloadType: null,
      audioLevelExtensionId: null,
      direction: 'sendrecv',
    },
    demultiplexer,
    redundancy: new RedundancyCache(),
    nowMs: clock.now(),
    random: Math.random,
    events: { packet: () => {}, dtls: (datagram) => datagrams.push(datagram), silent: () => {}, closed: () => {} },
  });
  const [address] = port.addresses;
  const clients: TcpClient[] = [];
  const udp = createSocket('udp4');
  udp.bind(0, '127.0.0.1');
  await once(udp, 'listening');
  t.teardown(async () => {
    for (const client of clients) client.close();
    udp.close();
    transport.close(clock.now(), clock.wallNow());
    await port.close();
  });
  const connect = async () => {
    const client = await TcpClient.connect(address!);
    clients.push(client);
    return client;
  };
  /** Sends a check over TCP and waits for the response. */
  const checkBy = async (client: TcpClient, options?: Parameters<typeof check>[0]) => {
    const before = client.received.length;
    client.send(check(options));
    await eventually(() => client.received.length > before);
    return parseStun(client.received.at(-1)!);
  };
  const checkByUdp = async () => {
    const answer = once(udp, 'message');
    udp.send(check(), address!.port, address!.address);
    await answer;
  };
  return { clock, port, demultiplexer, transport, datagrams, connect, checkBy, checkByUdp };
}

test('a check over TCP is answered with its source address, and opens a path for DTLS', async (t) => {
  const { port, transport, datagrams, connect, checkBy } = await setUp(t);
  const client = await connect();
  const { localAddress, localPort } = client.socket;
  const answer = await checkBy(client);
  t.match(answer, { class: 'success', xorMappedAddress: { address: localAddress, port: localPort } });
  t.equal(transport.protocol, 'tcp');
  t.same(port.tcp?.connectionCount, { all: 1, new: 0 });

  const record = Buffer.from([22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
  client.send(record);
  await eventually(() => datagrams.length === 1);
  t.same(datagrams, [record]);
  t.equal(transport.sendDtls(Buffer.from('flight')), true);
  await eventually(() => String(client.received.at(-1)) === 'flight');
});

test('a check with a wrong password gets no answer, and its connection is closed', async (t) => {
  const { clock, port, transport, connect } = await setUp(t);
  const client = await connect();
  client.send(check({ key: 'wrong' }));
  await eventually(() => port.tcp?.counters.framesIn === 1);
  t.equal(transport.protocol, null);
  clock.advance(5000);
  await eventually(() => client.closed);
  t.same(client.received, []);
});

test('UDP takes over when nominated, and a TCP nomination right after does not undo that', async (t) => {
  const { clock, transport, connect, checkBy, checkByUdp } = await setUp(t);
  const client = await connect();
  await checkBy(client);
  t.equal(transport.protocol, 'tcp');
  await checkByUdp();
  t.equal(transport.protocol, 'udp');
  await checkBy(client);
  t.equal(transport.protocol, 'udp', 'an agent that nominates every working path means UDP');

  clock.advance(2500);
  await checkByUdp();
  clock.advance(2500);
  await checkBy(client);
  t.equal(transport.protocol, 'udp', 'UDP is still nominated');
  clock.advance(2500);
  await checkBy(client);
  t.equal(transport.protocol, 'tcp', 'UDP is no longer nominated');
});

test('when a TCP connection ends, media continues on another path, or waits for another connection', async (t) => {
  const { transport, demultiplexer, connect, checkBy, checkByUdp } = await setUp(t);
  const first = await connect();
  await checkBy(first);
  const second = await connect();
  await checkBy(second, { useCandidate: false });
  first.close();
  await eventually(() => {
    transport.sendDtls(Buffer.from('hello'));
    return second.received.some((datagram) => String(datagram) === 'hello');
  });
  second.close();
  await eventually(() => transport.protocol === null);
  t.equal(demultiplexer.pathCount, 0);
  t.equal(transport.sendDtls(Buffer.from('x')), false);

  const third = await connect();
  await checkBy(third);
  t.equal(transport.protocol, 'tcp');
  await checkByUdp();
  third.close();
  await eventually(() => demultiplexer.pathCount === 1);
  t.equal(transport.protocol, 'udp', 'a path without media may go');
});

test('a transport that closes takes its connections with it, and has no more than eight', async (t) => {
  const { clock, port, transport, connect, checkBy } = await setUp(t);
  const clients: TcpClient[] = [];
  for (let i = 0; i < 12; i++) {
    const client = await connect();
    await checkBy(client, { useCandidate: false });
    clients.push(client);
    clock.advance(10);
  }
  await eventually(() => clients.filter(({ closed }) => closed).length === 4);
  t.same(port.tcp?.connectionCount, { all: 8, new: 0 });
  transport.close(clock.now(), clock.wallNow());
  await eventually(() => clients.every(({ closed }) => closed));
  t.same(port.tcp?.connectionCount, { all: 0, new: 0 });
  t.equal(clock.pendingTimers, 0);
});

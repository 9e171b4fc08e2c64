import { test } from 'tap';
import { type DatagramEndpoint, Demultiplexer } from '../../src/rtc/demultiplexer.ts';
import { IceLite } from '../../src/rtc/ice/ice-lite.ts';
import type { StunMessage } from '../../src/rtc/ice/stun.ts';
import { parseStun, stunFingerprint, stunIntegrity, verifyStunIntegrity } from '../../src/rtc/ice/stun.ts';
import { writeBindingRequest } from '../../src/rtc/ice/stun-writer.ts';
import type { NetworkPath } from '../../src/rtc/net/network-path.ts';
import type { UdpPort, UdpSocket } from '../../src/rtc/net/udp-port.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { createBytes } from './bytes.ts';

const bytes = createBytes(6);

/** A network without a network: what is sent is kept with its destination. */
function createNetwork() {
  const sent: { to: string; datagram: Buffer }[] = [];
  const createLocal = (name: string) =>
    ({
      local: { address: name, family: 4, port: 1 },
      send: (datagram: Uint8Array, port: number, address: string) => {
        sent.push({ to: `${address}:${port} from ${name}`, datagram: Buffer.from(datagram) });
        return true;
      },
    }) as unknown as UdpSocket;
  const port = { listen: () => {} } as unknown as UdpPort;
  return { sent, port, socket: createLocal('a'), otherSocket: createLocal('b') };
}

/** An endpoint that lets an ICE agent decide, as a transport does. */
function createEndpoint(demultiplexer: Demultiplexer, ufrag: string) {
  const log: string[] = [];
  const ice = new IceLite({ localUfrag: ufrag, localPassword: 'secret', remoteUfrag: 'peer' });
  const endpoint: DatagramEndpoint = {
    receiveStun: (request: StunMessage, datagram: Buffer, path: NetworkPath, nowMs: number) => {
      const { authentic, added, removed } = ice.receive(request, datagram, path, nowMs);
      log.push(authentic ? 'stun' : 'refused');
      if (removed !== null) demultiplexer.unbind(removed, endpoint);
      if (added !== null) demultiplexer.bind(added, endpoint);
    },
    receiveDtls: () => log.push('dtls'),
    receiveRtp: () => log.push('rtp'),
    receiveRtcp: () => log.push('rtcp'),
    losePath: (path: NetworkPath, nowMs: number) => ice.lose(path, nowMs),
  };
  demultiplexer.register(ufrag, endpoint);
  return { endpoint, ice, log };
}

function setUp() {
  const clock = new FakeClock();
  const network = createNetwork();
  const demultiplexer = new Demultiplexer(network.port, clock);
  return { clock, demultiplexer, ...network };
}

const check = (ufrag: string, options: { key?: string; useCandidate?: boolean; peer?: string } = {}) =>
  writeBindingRequest({
    transactionId: bytes(12),
    username: `${ufrag}:${options.peer ?? 'peer'}`,
    key: options.key ?? 'secret',
    priority: 1,
    tieBreaker: 1n,
    useCandidate: options.useCandidate ?? false,
  });

const RTP = Buffer.from([0x80, 111, 0, 0]);
const RTCP = Buffer.from([0x80, 201, 0, 0]);
const DTLS = Buffer.from([22, 0xfe, 0xfd]);

test('datagrams are told apart by their first bytes and go to the one who owns the path', (t) => {
  const { demultiplexer, socket, otherSocket } = setUp();
  const one = createEndpoint(demultiplexer, 'one1');
  const two = createEndpoint(demultiplexer, 'two2');
  const from = (address: string, datagram: Buffer, port = 5000, on = socket) =>
    demultiplexer.receive(datagram, address, port, on);
  from('10.0.0.1', check('one1'));
  from('10.0.0.2', check('two2'));
  for (const datagram of [RTP, RTCP, DTLS]) from('10.0.0.1', datagram);
  from('10.0.0.2', RTP);
  t.same(one.log, ['stun', 'rtp', 'rtcp', 'dtls']);
  t.same(two.log, ['stun', 'rtp']);

  from('10.0.0.1', RTP, 5001);
  from('10.0.0.3', RTP);
  from('10.0.0.1', RTP, 5000, otherSocket);
  t.equal(demultiplexer.counters.unknownAddress, 3, 'another port, address or local socket is unknown');
  for (const first of [4, 19, 64, 127, 192, 255]) from('10.0.0.1', Buffer.from([first, 0, 0]));
  from('10.0.0.1', Buffer.alloc(0));
  from('10.0.0.1', Buffer.from([0, 1, 2]));
  t.equal(demultiplexer.counters.unknownKind, 8);
  from('10.0.0.1', check('none'));
  t.equal(demultiplexer.counters.unknownUfrag, 1);
  t.equal(demultiplexer.register('one1', two.endpoint), false);
  t.end();
});

test('a path that another transport proves to own changes hands', (t) => {
  const { clock, demultiplexer, socket } = setUp();
  const old = createEndpoint(demultiplexer, 'old1');
  const young = createEndpoint(demultiplexer, 'young1');
  demultiplexer.receive(check('old1'), '10.0.0.1', 5000, socket);
  demultiplexer.receive(check('young1'), '10.0.0.1', 5000, socket);
  t.same(young.log, [], 'not while its owner is heard of');
  clock.advance(7000);
  demultiplexer.receive(check('young1', { key: 'guess' }), '10.0.0.1', 5000, socket);
  demultiplexer.receive(RTP, '10.0.0.1', 5000, socket);
  demultiplexer.receive(check('young1'), '10.0.0.1', 5000, socket);
  demultiplexer.receive(RTP, '10.0.0.1', 5000, socket);
  t.same(old.log, ['stun', 'rtp']);
  t.same(young.log, ['refused', 'stun', 'rtp']);
  for (const path of old.ice.paths) demultiplexer.unbind(path, old.endpoint);
  t.equal(demultiplexer.pathCount, 1, 'the old owner cannot take it away');
  for (const path of young.ice.paths) demultiplexer.unbind(path, young.endpoint);
  t.equal(demultiplexer.pathCount, 0);
  t.end();
});

test('an authentic request is answered with the address that it came from', (t) => {
  const { demultiplexer, socket, sent } = setUp();
  createEndpoint(demultiplexer, 'one1');
  for (const address of ['10.0.0.1', '2001:db8::5']) {
    demultiplexer.receive(check('one1'), address, 5000, socket);
    const { to, datagram } = sent.pop()!;
    const answer = parseStun(datagram)!;
    t.equal(to, `${address}:5000 from a`);
    t.same(answer.xorMappedAddress, { address, port: 5000 });
    t.ok(verifyStunIntegrity(datagram, answer, 'secret'));
  }
  t.end();
});

test('what is not authentic gets no answer, as if nobody were there, and changes nothing', (t) => {
  const { demultiplexer, socket, sent } = setUp();
  const { ice } = createEndpoint(demultiplexer, 'one1');
  const request = check('one1');
  const without = (bytes: number) => {
    const cut = Buffer.from(request.subarray(0, request.length - bytes));
    cut.writeUInt16BE(cut.length - 20, 2);
    return cut;
  };
  const forged = {
    'wrong key': check('one1', { key: 'wrong' }),
    'wrong user name': check('one1', { peer: 'other' }),
    'unknown user name': check('none'),
    'no integrity': without(32),
    'no fingerprint': without(8),
  };
  for (const [what, datagram] of Object.entries(forged)) {
    demultiplexer.receive(datagram, '10.0.0.1', 5000, socket);
    t.same(sent, [], what);
  }
  t.equal(ice.selected, null);
  t.same(ice.counters, { requests: 4, refused: 4, replayed: 0 });
  t.equal(demultiplexer.pathCount, 0);
  t.end();
});

test('an attribute that must be understood and is not is told to an authentic peer only', (t) => {
  const { demultiplexer, socket, sent } = setUp();
  createEndpoint(demultiplexer, 'one1');
  const strange = (key: string) => {
    const plain = check('one1', { key });
    // Without integrity and fingerprint, with an attribute of a type that nobody knows.
    const body = Buffer.concat([plain.subarray(0, plain.length - 32), Buffer.from([0x70, 1, 0, 0])]);
    body.writeUInt16BE(body.length + 4 + 20 - 20, 2);
    const integrity = stunIntegrity(body, body.length, key);
    const signed = Buffer.concat([
      body,
      Buffer.from([0, 8, 0, 20]),
      integrity,
      Buffer.from([0x80, 0x28, 0, 4, 0, 0, 0, 0]),
    ]);
    signed.writeUInt16BE(signed.length - 20, 2);
    signed.writeUInt32BE(stunFingerprint(signed, signed.length - 8), signed.length - 4);
    return signed;
  };
  demultiplexer.receive(strange('wrong'), '10.0.0.1', 5000, socket);
  t.same(sent, []);
  demultiplexer.receive(strange('secret'), '10.0.0.1', 5000, socket);
  t.equal(parseStun(sent[0]!.datagram)!.errorCode, 420);
  t.equal(demultiplexer.pathCount, 0);
  t.end();
});

test('a request that comes again draws nothing to another address', (t) => {
  const { demultiplexer, socket, sent } = setUp();
  const { ice } = createEndpoint(demultiplexer, 'one1');
  const request = check('one1', { useCandidate: true });
  demultiplexer.receive(request, '10.0.0.1', 5000, socket);
  demultiplexer.receive(check('one1', { useCandidate: true }), '10.0.0.2', 5000, socket);
  sent.length = 0;
  demultiplexer.receive(request, '10.0.0.66', 5000, socket);
  t.same(sent, []);
  t.equal(demultiplexer.pathCount, 2);
  demultiplexer.receive(request, '10.0.0.1', 5000, socket);
  t.equal(sent.length, 1, 'the peer itself repeats a request whose answer was lost');
  t.equal(ice.selected!.address, '10.0.0.2');
  t.equal(ice.counters.replayed, 1);
  t.end();
});

test('a nomination is taken back when media goes on elsewhere and none follows it', (t) => {
  const { clock, demultiplexer, socket } = setUp();
  const { ice } = createEndpoint(demultiplexer, 'one1');
  const nominate = (address: string) => {
    demultiplexer.receive(check('one1', { useCandidate: true }), address, 5000, socket);
    return ice.selected!;
  };
  const home = nominate('10.0.0.1');
  ice.heardMedia(home, clock.now());
  // Somebody was faster with a copy of the peer's own request.
  nominate('10.0.0.66');
  ice.heardMedia(home, clock.now());
  t.equal(ice.selected!.address, '10.0.0.66');
  clock.advance(500);
  ice.heardMedia(home, clock.now());
  t.equal(ice.selected, home);

  const moved = nominate('10.0.0.2');
  ice.heardMedia(moved, clock.now());
  clock.advance(5000);
  ice.heardMedia(home, clock.now());
  t.equal(ice.selected, moved, 'media that was on its way does not matter once the new path carries some');
  t.end();
});

test('media goes to the first valid path, then wherever the last nomination came from', (t) => {
  const { demultiplexer, socket } = setUp();
  const { ice } = createEndpoint(demultiplexer, 'one1');
  const checkFrom = (port: number, useCandidate: boolean) => {
    demultiplexer.receive(check('one1', { useCandidate }), '10.0.0.1', port, socket);
    return ice.selected!.port;
  };
  t.equal(checkFrom(1, false), 1);
  t.equal(checkFrom(2, false), 1);
  t.equal(checkFrom(2, true), 2);
  t.equal(checkFrom(3, false), 2);
  t.equal(checkFrom(3, true), 3);
  t.equal(checkFrom(1, true), 1);
  t.end();
});

test('the number of paths is bounded; the oldest goes, but not the selected one', (t) => {
  const { clock, demultiplexer, socket } = setUp();
  const { ice } = createEndpoint(demultiplexer, 'one1');
  for (let port = 1; port <= 30; port++) {
    clock.advance(10);
    demultiplexer.receive(check('one1', { useCandidate: port === 1 }), '10.0.0.1', port, socket);
  }
  t.equal(ice.paths.length, 8);
  t.equal(demultiplexer.pathCount, 8);
  t.equal(ice.selected!.port, 1);
  t.same(
    ice.paths.map(({ port }) => port).sort((a, b) => a - b),
    [1, 24, 25, 26, 27, 28, 29, 30],
  );
  t.end();
});

import { test } from 'tap';
import { type DatagramEndpoint, Demultiplexer } from '../../src/rtc/demultiplexer.ts';
import { IceLite } from '../../src/rtc/ice/ice-lite.ts';
import type { StunMessage } from '../../src/rtc/ice/stun.ts';
import { parseStun, stunFingerprint, stunIntegrity, verifyStunIntegrity } from '../../src/rtc/ice/stun.ts';
import { writeBindingRequest } from '../../src/rtc/ice/stun-writer.ts';
import type { ClosedListener, DatagramSocket } from '../../src/rtc/net/datagram-port.ts';
import { NetworkPath } from '../../src/rtc/net/network-path.ts';
import type { UdpPort, UdpSocket } from '../../src/rtc/net/udp-port.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { createBytes } from './bytes.ts';

const bytes = createBytes(6);

/** A network without a network: sent datagrams are kept with their destination. */
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
    losePath: (path: NetworkPath, nowMs: number) => {
      log.push(`lost ${path.port}`);
      ice.lose(path, nowMs);
    },
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

test('datagrams are classified by their first bytes and go to the owner of the path', (t) => {
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
  t.same(young.log, [], 'not while its owner is active');
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

test('an authentic request is answered with its source address', (t) => {
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

test('an unauthentic request gets no answer, as if nobody were there, and changes nothing', (t) => {
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
  t.equal(demultiplexer.pathCount, 0);
  t.end();
});

test('an unknown comprehension-required attribute is reported to an authentic peer only', (t) => {
  const { demultiplexer, socket, sent } = setUp();
  createEndpoint(demultiplexer, 'one1');
  const strange = (key: string) => {
    const plain = check('one1', { key });
    // Without integrity and fingerprint, with an attribute of an unknown type.
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

test('a replayed request sends nothing to another address', (t) => {
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
  t.end();
});

test('the number of paths is bounded, and the oldest goes, but not the selected one', (t) => {
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

/** With the SSRC in its place (RFC 3550 section 5.1). */
function rtpOf(ssrc: number, { first = 0x80, second = 111, length = 12 } = {}): Buffer {
  const datagram = Buffer.alloc(Math.max(12, length));
  datagram[0] = first;
  datagram[1] = second;
  datagram.writeUInt32BE(ssrc, 8);
  return datagram.subarray(0, length);
}

test('packets are classified as RFC 7983 and RFC 5761 say, for every first and second byte', (t) => {
  const { demultiplexer, socket } = setUp();
  const { log } = createEndpoint(demultiplexer, 'one1');
  demultiplexer.receive(check('one1'), '10.0.0.1', 5000, socket);
  const kindOf = (...datagram: number[]): string => {
    log.length = 0;
    demultiplexer.receive(Buffer.from(datagram), '10.0.0.1', 5000, socket);
    return log[0] ?? 'none';
  };
  for (let first = 0; first < 256; first++) {
    const isRtp = first >= 128 && first <= 191;
    t.equal(kindOf(first, 0), isRtp ? 'rtp' : first >= 20 && first <= 63 ? 'dtls' : 'none', `${first}`);
  }
  for (let second = 0; second < 256; second++) {
    t.equal(kindOf(128, second), second >= 192 && second <= 223 ? 'rtcp' : 'rtp', `${second}`);
  }
  t.equal(kindOf(128), 'none', 'one byte is nothing');
  t.equal(kindOf(22), 'dtls', 'unless its first byte is enough');
  t.end();
});

test('RTP from a known SSRC is accepted from any address over UDP, and nothing else is', (t) => {
  const { demultiplexer, socket } = setUp();
  const { endpoint, log } = createEndpoint(demultiplexer, 'one1');
  const { counters } = demultiplexer;
  demultiplexer.knowSource(7, endpoint);
  const isHeard = (datagram: Buffer, on: DatagramSocket = socket): boolean => {
    const before = { ...counters };
    log.length = 0;
    demultiplexer.receive(datagram, '10.9.9.9', 1, on);
    const [roaming, unknown] = [counters.roaming - before.roaming, counters.unknownAddress - before.unknownAddress];
    t.equal(roaming + unknown, 1, 'it is counted once');
    t.equal(log.join(), roaming === 1 ? 'rtp' : '');
    return roaming === 1;
  };
  t.ok(isHeard(rtpOf(7)));
  t.ok(isHeard(rtpOf(7, { length: 100 })));
  t.ok(isHeard(rtpOf(7, { first: 0xbf })));
  for (const second of [191, 224]) t.ok(isHeard(rtpOf(7, { second })));
  t.notOk(isHeard(rtpOf(8)), 'another source');
  t.notOk(isHeard(rtpOf(7, { length: 11 })));
  for (const first of [4, 22, 127, 192]) t.notOk(isHeard(rtpOf(7, { first })), `${first}`);
  for (const second of [192, 200, 223]) t.notOk(isHeard(rtpOf(7, { second })), 'RTCP');
  t.notOk(isHeard(rtpOf(7), { protocol: 'tcp', send: () => true }));
  t.equal(demultiplexer.pathCount, 0, 'and nothing is bound');
  t.end();
});

test('packets from unknown addresses are limited to a burst of 100, and 1000 a second', (t) => {
  const { clock, demultiplexer, socket } = setUp();
  const { endpoint, log } = createEndpoint(demultiplexer, 'one1');
  demultiplexer.knowSource(7, endpoint);
  const heardOf = (count: number) => {
    log.length = 0;
    for (let i = 0; i < count; i++) demultiplexer.receive(rtpOf(7), '10.9.9.9', 1, socket);
    return log.length;
  };
  t.equal(heardOf(300), 100);
  clock.advance(50);
  t.equal(heardOf(300), 50);
  clock.advance(10_000);
  t.equal(heardOf(300), 100);
  t.end();
});

test('an SSRC belongs to one endpoint until that endpoint forgets it', (t) => {
  const { demultiplexer, socket } = setUp();
  const [one, two] = [createEndpoint(demultiplexer, 'one1'), createEndpoint(demultiplexer, 'two2')];
  const speak = () => demultiplexer.receive(rtpOf(7), '10.9.9.9', 1, socket);
  demultiplexer.knowSource(7, one.endpoint);
  demultiplexer.knowSource(7, two.endpoint);
  demultiplexer.forgetSource(7, two.endpoint);
  speak();
  demultiplexer.forgetSource(7, one.endpoint);
  speak();
  demultiplexer.knowSource(7, two.endpoint);
  speak();
  t.same([one.log, two.log], [['rtp'], ['rtp']]);
  t.end();
});

test('a request for an unregistered name has no receiver', (t) => {
  const { demultiplexer, socket, sent } = setUp();
  const { log } = createEndpoint(demultiplexer, 'one1');
  demultiplexer.unregister('one1');
  demultiplexer.receive(check('one1'), '10.0.0.1', 5000, socket);
  t.same(log, []);
  t.same(sent, []);
  t.equal(demultiplexer.counters.unknownUfrag, 1);
  t.end();
});

test('only requests have a receiver, because an indication asks for nothing', (t) => {
  const { demultiplexer, socket } = setUp();
  const { log } = createEndpoint(demultiplexer, 'one1');
  for (const [type, unknownKind] of [
    [0x0011, 0],
    [0x0101, 1],
    [0x0111, 1],
  ] as const) {
    const { counters } = demultiplexer;
    counters.unknownKind = 0;
    const datagram = check('one1').subarray(0, -8);
    datagram.writeUInt16BE(type, 0);
    datagram.writeUInt16BE(datagram.length - 20, 2);
    demultiplexer.receive(datagram, '10.0.0.1', 5000, socket);
    t.equal(counters.unknownKind, unknownKind);
    t.equal(counters.unknownUfrag, 0);
  }
  t.same(log, []);
  t.end();
});

test('a path belongs to its owner for seven seconds after the last packet on it', (t) => {
  const { clock, demultiplexer, socket } = setUp();
  createEndpoint(demultiplexer, 'old1');
  const young = createEndpoint(demultiplexer, 'young1');
  demultiplexer.receive(check('old1'), '10.0.0.1', 5000, socket);
  clock.advance(6999);
  demultiplexer.receive(check('young1'), '10.0.0.1', 5000, socket);
  t.same(young.log, []);
  t.equal(demultiplexer.counters.foreignAddress, 1);
  demultiplexer.receive(check('young1'), '10.0.0.2', 5000, socket);
  t.same(young.log, ['stun'], 'from another address it is accepted');
  clock.advance(1);
  demultiplexer.receive(check('young1'), '10.0.0.1', 5000, socket);
  t.same(young.log, ['stun', 'stun']);
  t.equal(demultiplexer.counters.foreignAddress, 1);
  t.equal(demultiplexer.pathCount, 2);
  t.end();
});

/** A connection that counts who wants it. */
function createConnection(local: string) {
  const log: string[] = [];
  const connection: DatagramSocket = {
    protocol: 'tcp',
    send: () => true,
    adopt: () => log.push(`adopt ${local}`),
    release: () => log.push(`release ${local}`),
  };
  return { connection, log };
}

test('a connection is adopted with its path, and released when its owner no longer wants it', (t) => {
  const { demultiplexer } = setUp();
  const [one, two] = [createEndpoint(demultiplexer, 'one1'), createEndpoint(demultiplexer, 'two2')];
  const { connection, log } = createConnection('a');
  demultiplexer.receive(check('one1'), '10.0.0.1', 5000, connection);
  t.same(log, ['adopt a']);
  const [path] = one.ice.paths;
  demultiplexer.unbind(path!, two.endpoint);
  t.same(log, ['adopt a']);
  demultiplexer.unbind(path!, one.endpoint);
  demultiplexer.unbind(path!, one.endpoint);
  t.same(log, ['adopt a', 'release a'], 'once');
  t.equal(demultiplexer.pathCount, 0);
  t.end();
});

test('the end of a connection is reported to its owner, and other paths on the same port stay', (t) => {
  const clock = new FakeClock();
  let end: ClosedListener = () => {};
  const demultiplexer = new Demultiplexer(
    {
      listen: (_onDatagram, onClosed) => {
        end = onClosed;
      },
    },
    clock,
  );
  const { log } = createEndpoint(demultiplexer, 'one1');
  const [first, second] = [createConnection('a'), createConnection('b')];
  for (const { connection } of [first, second]) demultiplexer.receive(check('one1'), '10.0.0.1', 5000, connection);
  t.equal(demultiplexer.pathCount, 2);
  const remote = { address: '10.0.0.1', port: 5000 };
  end(remote, first.connection);
  end(remote, first.connection);
  t.same(log, ['stun', 'stun', 'lost 5000']);
  t.equal(demultiplexer.pathCount, 1);
  demultiplexer.receive(RTP, '10.0.0.1', 5000, second.connection);
  t.equal(log.at(-1), 'rtp');
  t.same(first.log, ['adopt a'], 'nobody closes a closed connection');
  t.end();
});

test('an empty datagram is of no kind, whoever sent it', (t) => {
  const { demultiplexer, socket } = setUp();
  demultiplexer.receive(Buffer.alloc(0), '10.0.0.1', 5000, socket);
  t.match(demultiplexer.counters, { unknownKind: 1, unknownAddress: 0 });
  t.end();
});

test('a participant who forges the address of a server takes nothing from the link to it', (t) => {
  const { clock, demultiplexer, socket } = setUp();
  const path = new NetworkPath(socket, '10.0.0.2', 40_000, clock.now());
  const heard: string[] = [];
  const link: DatagramEndpoint = {
    receiveStun: () => heard.push('stun'),
    receiveDtls: () => heard.push('dtls'),
    receiveRtp: () => heard.push('rtp'),
    receiveRtcp: () => heard.push('rtcp'),
    losePath: () => heard.push('lost'),
  };
  t.equal(demultiplexer.link(7, link, path), true);
  const { log } = createEndpoint(demultiplexer, 'one1');
  demultiplexer.receive(check('one1'), '10.0.0.2', 40_000, socket);
  t.same(log, ['stun'], 'ICE cannot know whose address that is');
  const rtp = Buffer.concat([RTP, Buffer.from([0, 0, 0, 0, 0, 0, 0, 7, 1])]);
  const rtcp = Buffer.concat([RTCP, Buffer.from([0, 0, 0, 7, 0, 0, 0, 0])]);
  for (const datagram of [rtp, rtcp]) demultiplexer.receive(datagram, '10.0.0.2', 40_000, socket);
  t.same(heard, ['rtp', 'rtcp']);
  t.same(log, ['stun']);
  t.end();
});

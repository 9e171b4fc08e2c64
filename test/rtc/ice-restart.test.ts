import { test } from 'tap';
import { Demultiplexer } from '../../src/rtc/demultiplexer.ts';
import { writeBindingRequest } from '../../src/rtc/ice/stun-writer.ts';
import type { DatagramPort, DatagramSocket } from '../../src/rtc/net/datagram-port.ts';
import { RedundancyCache } from '../../src/rtc/rtp/redundancy-cache.ts';
import { writeRtpHeader } from '../../src/rtc/rtp/rtp-packet.ts';
import type { SrtpKeys } from '../../src/rtc/srtp/srtp-keys.ts';
import { SRTP_MAX_OVERHEAD, SrtpSession } from '../../src/rtc/srtp/srtp-session.ts';
import { WebRtcEndpoint } from '../../src/rtc/webrtc-endpoint.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { createBytes } from './bytes.ts';

const bytes = createBytes(21);
const OLD = { localUfrag: 'serverOld', localPassword: 'old secret', remoteUfrag: 'peerOld' };
const NEW = { localUfrag: 'serverNew', localPassword: 'new secret', remoteUfrag: 'peerNew' };
const HOME = '192.0.2.1:5000';
const AWAY = '198.51.100.7:6000';
const PEER_SSRC = 7;

/** One transport with its peer, who may be at several addresses. */
function setUp({
  ssrc = PEER_SSRC,
  demultiplexer: shared = undefined as Demultiplexer | undefined,
  credentials = OLD,
} = {}) {
  const clock = new FakeClock();
  const sent: string[] = [];
  const socket: DatagramSocket = {
    protocol: 'udp',
    send: (_datagram, port, address) => {
      sent.push(`${address}:${port}`);
      return true;
    },
  };
  const demultiplexer = shared ?? new Demultiplexer({ listen: () => {} } satisfies DatagramPort, clock);
  const heard: number[] = [];
  const silences: boolean[] = [];
  const moves: number[] = [];
  const transport = new WebRtcEndpoint({
    id: 1,
    parameters: {
      ...credentials,
      localSsrc: 42,
      cname: 'mix',
      opusPayloadType: 111,
      redPayloadType: null,
      audioLevelExtensionId: null,
      direction: 'sendrecv',
    },
    demultiplexer,
    redundancy: new RedundancyCache(),
    nowMs: clock.now(),
    random: () => 0.5,
    events: {
      packet: ({ sequenceNumber }) => heard.push(sequenceNumber),
      dtls: () => {},
      silent: (silent) => silences.push(silent),
      moved: () => moves.push(clock.now()),
      closed: () => {},
    },
  });
  const keys: SrtpKeys = {
    profile: 'AEAD_AES_128_GCM',
    local: { key: bytes(16), salt: bytes(12) },
    remote: { key: bytes(16), salt: bytes(12) },
  };
  transport.setKeys(keys);
  const peer = new SrtpSession({ ...keys, local: keys.remote, remote: keys.local });
  const arrive = (datagram: Buffer, from: string) => {
    const [address, port] = from.split(':') as [string, string];
    demultiplexer.receive(datagram, address, Number(port), socket);
  };
  /** Whether the check is answered. */
  const check = (
    from: string,
    { localUfrag, localPassword, remoteUfrag } = credentials,
    useCandidate = true,
  ): boolean => {
    const before = sent.length;
    const request = writeBindingRequest({
      transactionId: bytes(12),
      username: `${localUfrag}:${remoteUfrag}`,
      key: localPassword,
      priority: 1,
      tieBreaker: 1n,
      useCandidate,
    });
    arrive(request, from);
    return sent.length > before;
  };
  const packet = (sequenceNumber: number) => {
    const datagram = Buffer.alloc(32 + SRTP_MAX_OVERHEAD);
    writeRtpHeader(datagram, 111, sequenceNumber, sequenceNumber * 960, ssrc, false);
    return datagram.subarray(0, peer.protectRtp(datagram, 12, 32));
  };
  let timestamp = 0;
  /** The destination of one of our packets. */
  const destination = () => {
    timestamp += 960;
    transport.send(Buffer.from('mix'), timestamp, false, clock.now());
    return sent.at(-1);
  };
  return { clock, demultiplexer, transport, heard, silences, moves, arrive, check, packet, destination };
}

test('after a restart the old credentials are valid until a path is nominated with the new ones', (t) => {
  const { transport, check, arrive, packet, heard, destination } = setUp();
  t.equal(check(HOME), true);
  arrive(packet(1), HOME);
  transport.restartIce(NEW);
  t.equal(check(HOME, OLD), true);
  t.equal(check(AWAY, { ...NEW, remoteUfrag: OLD.remoteUfrag }), false, 'credentials are not mixed');
  t.equal(check(AWAY, { ...NEW, localPassword: OLD.localPassword }), false);
  t.equal(check(AWAY, NEW, false), true);
  t.equal(check(HOME, OLD), true, 'a check without a nomination ends nothing');
  t.equal(destination(), HOME);
  t.equal(check(AWAY, NEW), true);
  t.equal(destination(), AWAY);
  t.equal(check(HOME, OLD), false);
  arrive(packet(2), HOME);
  arrive(packet(3), AWAY);
  t.same(heard, [1, 2, 3], 'media continues with the same keys, on either path');
  t.equal(destination(), AWAY);
  t.end();
});

test('an unused restart is forgotten when the next one comes, and nothing is left after the end', (t) => {
  const { transport, check, demultiplexer, clock } = setUp();
  check(HOME);
  for (let time = 0; time < 50; time++) transport.restartIce({ ...NEW, localUfrag: `server${time}` });
  t.equal(check(HOME, { ...NEW, localUfrag: 'server48' }), false);
  t.equal(check(HOME, { ...NEW, localUfrag: 'server49' }), true);
  t.equal(check(HOME, OLD), false);
  transport.restartIce(NEW);
  transport.close(clock.now(), clock.wallNow());
  t.equal(check(HOME, NEW), false);
  t.equal(demultiplexer.pathCount, 0);
  const again = setUp({ demultiplexer, credentials: NEW });
  t.equal(again.check(HOME, NEW), true, 'the ufrags are free');
  t.throws(() => again.transport.restartIce(NEW), /in use/);
  t.end();
});

test('a talker whose NAT changes their port is heard without a pause, and answered there after the next check', (t) => {
  const { transport, check, arrive, packet, heard, destination, demultiplexer } = setUp();
  check(HOME);
  for (let sequenceNumber = 1; sequenceNumber <= 3; sequenceNumber++) arrive(packet(sequenceNumber), HOME);
  for (let sequenceNumber = 4; sequenceNumber <= 6; sequenceNumber++) arrive(packet(sequenceNumber), AWAY);
  t.same(heard, [1, 2, 3, 4, 5, 6]);
  t.equal(destination(), HOME, 'media alone triggers nothing towards an address');
  t.equal(demultiplexer.pathCount, 1);
  check(AWAY);
  t.equal(destination(), AWAY);
  t.equal(demultiplexer.counters.roaming, 3);
  t.equal(transport.counters.srtpForged, 0);
  t.end();
});

test('media from unknown addresses must be authentic: forged, replayed and unknown packets are ignored', (t) => {
  const { transport, check, arrive, packet, heard, destination, clock, demultiplexer } = setUp();
  check(HOME);
  const first = packet(1);
  arrive(Buffer.from(first), HOME);
  arrive(first, AWAY);
  const forged = packet(2);
  forged[20]! ^= 1;
  arrive(forged, AWAY);
  const stranger = setUp({ ssrc: 99 });
  arrive(stranger.packet(3), AWAY);
  t.same(heard, [1]);
  t.match(transport.counters, { srtpReplayed: 1, srtpForged: 1 });
  t.equal(demultiplexer.counters.unknownAddress, 1);
  clock.advance(600);
  arrive(packet(4), AWAY);
  t.equal(destination(), HOME, 'nor after a pause on the nominated path');
  t.end();
});

test("a flood of packets with a talker's SSRC costs no more than a thousand verifications a second", (t) => {
  const { transport, check, arrive, packet, clock, heard } = setUp();
  check(HOME);
  arrive(packet(1), HOME);
  const forged = packet(2);
  forged[20]! ^= 1;
  for (let i = 0; i < 20_000; i++) {
    arrive(Buffer.from(forged), AWAY);
    if (i % 20 === 0) clock.advance(1);
  }
  t.ok(transport.counters.srtpForged <= 1100, `${transport.counters.srtpForged} verified in a second`);
  arrive(packet(3), HOME);
  t.same(heard, [1, 3]);
  t.end();
});

test("nobody takes over another peer's SSRC", (t) => {
  const ada = setUp();
  const eve = setUp({ demultiplexer: ada.demultiplexer, credentials: NEW });
  ada.check(HOME);
  eve.check('192.0.2.99:1');
  ada.arrive(ada.packet(1), HOME);
  eve.arrive(eve.packet(1), '192.0.2.99:1');
  ada.arrive(ada.packet(2), AWAY);
  t.same(ada.heard, [1, 2]);
  ada.transport.close(0, 0);
  ada.arrive(ada.packet(3), AWAY);
  t.same([ada.heard, eve.heard], [[1, 2], [1]]);
  t.end();
});

test('a peer counts as silent after seven seconds without a packet, until the next one', (t) => {
  const { transport, check, arrive, packet, silences, clock } = setUp();
  check(HOME);
  const pass = (ms: number) => {
    for (let time = 0; time < ms; time += 100) {
      clock.advance(100);
      transport.housekeeping(clock.now(), clock.wallNow());
    }
  };
  pass(7000);
  t.same(silences, []);
  pass(100);
  t.same(silences, [true]);
  pass(5000);
  check(HOME);
  pass(100);
  t.same(silences, [true, false]);
  pass(6800);
  arrive(packet(1), HOME);
  pass(7000);
  t.same(silences, [true, false]);
  pass(200);
  t.same(silences, [true, false, true]);
  t.end();
});

test('a peer whose packets come only from another address has moved, which is reported at most every five seconds', (t) => {
  const { check, arrive, packet, moves, clock } = setUp();
  check(HOME);
  let sequenceNumber = 0;
  const talk = (ms: number, from: (sequenceNumber: number) => string) => {
    for (let time = 0; time < ms; time += 20) {
      clock.advance(20);
      sequenceNumber++;
      arrive(packet(sequenceNumber), from(sequenceNumber));
    }
  };
  talk(1000, () => HOME);
  talk(1000, (at) => (at % 3 === 0 ? HOME : AWAY));
  t.same(moves, [], 'a relay of some of the packets is no reason to follow');
  talk(12_000, () => AWAY);
  const [first = 0] = moves;
  t.ok(first >= 2080 && first <= 2120, `reported at ${first}`);
  t.same(moves, [first, first + 5000, first + 10_000]);
  check(AWAY);
  talk(10_000, () => AWAY);
  t.equal(moves.length, 3);
  t.end();
});

import { test } from 'tap';
import type { VoicePacket } from '../../src/formats/voice-packet.ts';
import { Demultiplexer } from '../../src/rtc/demultiplexer.ts';
import { writeBindingRequest } from '../../src/rtc/ice/stun-writer.ts';
import type { UdpPort, UdpSocket } from '../../src/rtc/net/udp-port.ts';
import { RedundancyCache } from '../../src/rtc/rtp/redundancy-cache.ts';
import { parseRtcp, RTCP_TYPE, writeReport } from '../../src/rtc/rtp/rtcp.ts';
import { createRtpHeader, parseRtpHeader, type RtpHeader, writeRtpHeader } from '../../src/rtc/rtp/rtp-packet.ts';
import type { SrtpKeys } from '../../src/rtc/srtp/srtp-keys.ts';
import { SRTP_MAX_OVERHEAD, SrtpSession } from '../../src/rtc/srtp/srtp-session.ts';
import { WebRtcEndpoint } from '../../src/rtc/webrtc-endpoint.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { createBytes } from './bytes.ts';

const bytes = createBytes(8);
const REMOTE = { address: '10.0.0.1', port: 5000 };

/** A transport with a path and keys, and the peer's end of its SRTP. */
function setUp({ redPayloadType = 63 as number | null } = {}) {
  const clock = new FakeClock();
  const sent: Buffer[] = [];
  const socket = {
    send: (datagram: Uint8Array) => {
      sent.push(Buffer.from(datagram));
      return true;
    },
  } as unknown as UdpSocket;
  const demultiplexer = new Demultiplexer({ listen: () => {} } as unknown as UdpPort, clock);
  const received: { ssrc: number; payload: string; payloadType: number }[] = [];
  const closed: string[] = [];
  const changes: number[] = [];
  const transport = new WebRtcEndpoint({
    id: 1,
    parameters: {
      localUfrag: 'server',
      localPassword: 'secret',
      remoteUfrag: 'peer',
      localSsrc: 42,
      cname: 'mixer',
      opusPayloadType: 111,
      redPayloadType,
      audioLevelExtensionId: null,
      direction: 'sendrecv',
    },
    demultiplexer,
    redundancy: new RedundancyCache(),
    nowMs: 0,
    random: () => 0.5,
    events: {
      packet: (packet) => {
        const { ssrc, payload, payloadType } = packet as RtpHeader & VoicePacket;
        received.push({ ssrc, payloadType, payload: Buffer.from(payload).toString() });
      },
      sourceChanged: () => changes.push(received.length),
      dtls: () => {},
      silent: () => {},
      closed: (reason) => closed.push(reason),
    },
  });
  const arrive = (datagram: Buffer) => demultiplexer.receive(datagram, REMOTE.address, REMOTE.port, socket);
  const check = () =>
    arrive(
      writeBindingRequest({
        transactionId: bytes(12),
        username: 'server:peer',
        key: 'secret',
        priority: 1,
        tieBreaker: 1n,
        useCandidate: true,
      }),
    );
  check();
  const keys: SrtpKeys = {
    profile: 'AEAD_AES_128_GCM',
    local: { key: bytes(16), salt: bytes(12) },
    remote: { key: bytes(16), salt: bytes(12) },
  };
  const peers = new Map<number, SrtpSession>();
  /** One RTP packet from the peer, protected; each source has its own session, as SRTP allows. */
  const packet = (sequenceNumber: number, payload: string, { ssrc = 7, payloadType = 111, padding = 0 } = {}) => {
    const body = Buffer.concat([Buffer.from(payload), Buffer.alloc(padding, padding)]);
    const datagram = Buffer.alloc(12 + body.length + SRTP_MAX_OVERHEAD);
    writeRtpHeader(datagram, payloadType, sequenceNumber, sequenceNumber * 960, ssrc, false);
    if (padding > 0) datagram[0]! |= 0x20;
    body.copy(datagram, 12);
    const session = peers.get(ssrc) ?? new SrtpSession({ ...keys, local: keys.remote, remote: keys.local });
    peers.set(ssrc, session);
    return datagram.subarray(0, session.protectRtp(datagram, 12, 12 + body.length));
  };
  const peer = new SrtpSession({ ...keys, local: keys.remote, remote: keys.local });
  /** A receiver report about our stream. */
  const report = (lostPercent: number) => {
    const fractionLost = Math.round(lostPercent * 2.56);
    const rest = { cumulativeLost: 0, highestSequenceNumber: 0, jitter: 0 };
    const about = { ssrc: 42, fractionLost, ...rest, lastSenderReport: 0, delaySinceLastSenderReport: 0 };
    const datagram = Buffer.alloc(200);
    arrive(datagram.subarray(0, peer.protectRtcp(datagram, writeReport(datagram, 0, 7, null, [about]))));
  };
  return {
    report,
    changes,
    clock,
    sent,
    demultiplexer,
    transport,
    received,
    closed,
    arrive,
    check,
    keys,
    packet,
    peer,
  };
}

test('only negotiated payload types are handed on, without padding, each once', (t) => {
  const { transport, received, arrive, keys, packet } = setUp();
  arrive(packet(1, 'too early'));
  t.equal(transport.counters.beforeKeys, 1);
  transport.setKeys(keys);
  const first = packet(2, 'opus');
  arrive(Buffer.from(first));
  arrive(Buffer.from(first));
  arrive(packet(3, 'ored', { payloadType: 63 }));
  arrive(packet(4, 'other', { payloadType: 8 }));
  arrive(packet(5, 'padded', { padding: 4 }));
  const forged = packet(6, 'forged');
  forged[20]! ^= 1;
  arrive(forged);
  arrive(Buffer.from([0x80, 111, 0]));
  t.same(received, [
    { ssrc: 7, payloadType: 111, payload: 'opus' },
    { ssrc: 7, payloadType: 63, payload: 'red' },
    { ssrc: 7, payloadType: 111, payload: 'padded' },
  ]);
  t.match(transport.counters, {
    rtpPacketsIn: 3,
    rtpBytesIn: 14,
    srtpReplayed: 1,
    srtpForged: 1,
    srtpMalformed: 1,
    unknownPayloadType: 1,
  });
  t.end();
});

test('a second source is heard when the first has been silent, and not before', (t) => {
  const { clock, transport, received, arrive, keys, packet } = setUp();
  transport.setKeys(keys);
  arrive(packet(1, 'a'));
  clock.advance(400);
  arrive(packet(1, 'b', { ssrc: 8 }));
  clock.advance(101);
  arrive(packet(2, 'c', { ssrc: 8 }));
  t.same(
    received.map(({ ssrc, payload }) => `${ssrc}${payload}`),
    ['7a', '8c'],
  );
  t.match(transport.counters, { unknownSsrc: 1, ssrcChanges: 1 });
  t.end();
});

test('a source that sends in place of the first is heard after a few packets, and two at once are not heard in turns', (t) => {
  const { transport, changes, received, arrive, keys, packet } = setUp();
  transport.setKeys(keys);
  arrive(packet(1, 'a'));
  for (let n = 2; n < 40; n++) {
    arrive(packet(n, 'a'));
    arrive(packet(n, 'b', { ssrc: 8 }));
  }
  t.equal(transport.counters.ssrcChanges, 0);
  for (let n = 40; n < 50; n++) arrive(packet(n, 'b', { ssrc: 8 }));
  t.equal(transport.counters.ssrcChanges, 1);
  t.same(changes, [39], 'it is told before the first packet');
  t.equal(received.slice(39).filter(({ ssrc }) => ssrc === 8).length, received.length - 39);
  t.ok(received.length >= 39 + 5);
  t.end();
});

test('a peer may change its source as often as it likes; each begins anew, in the reports too', (t) => {
  const { clock, sent, transport, changes, received, arrive, keys, packet, peer, check } = setUp();
  transport.setKeys(keys);
  for (let ssrc = 1; ssrc <= 40; ssrc++) {
    for (let n = 0; n < 10; n++) {
      clock.advance(20);
      // Each loses a packet, and its numbers have nothing to do with those of the one before.
      if (n !== 8) arrive(packet(((ssrc * 9973) & 0xffff) + n, `${ssrc}`, { ssrc }));
    }
    const heard = received.filter((rtp) => rtp.ssrc === ssrc);
    t.ok(heard.length >= 5 && heard.every(({ payload }) => payload === `${ssrc}`), `source ${ssrc} is heard`);
  }
  t.equal(changes.length, 39);
  sent.length = 0;
  for (let ms = 0; ms < 7000; ms += 100) {
    clock.advance(100);
    if (ms % 2000 === 0) check();
    transport.housekeeping(clock.now(), clock.wallNow());
  }
  const rtcp = sent.filter((datagram) => datagram[0]! >= 128);
  const { reports } = parseRtcp(rtcp[0]!, Number(peer.unprotectRtcp(rtcp[0]!)))!;
  t.match(reports, [{ ssrc: 40, cumulativeLost: 1, lastSenderReport: 0 }]);
  t.end();
});

test('packets go out with consecutive sequence numbers that begin below 2^15, under one SSRC', (t) => {
  const { sent, transport, keys, peer } = setUp();
  t.equal(transport.sendRtp(Buffer.from('x'), 0, false, 0), false, 'not without keys');
  transport.setKeys(keys);
  sent.length = 0;
  for (let i = 0; i < 40; i++) t.ok(transport.sendRtp(Buffer.from(`payload ${i}`), i * 960, i === 0, i * 20));
  t.equal(transport.sendRtp(Buffer.alloc(1500), 0, false, 0), false, 'not what does not fit in a packet');
  const header = createRtpHeader();
  const numbers = sent.map((datagram, i) => {
    t.ok(parseRtpHeader(datagram, header, null));
    const end = peer.unprotectRtp(datagram, header);
    t.equal(datagram.subarray(12, Number(end)).toString(), `payload ${i}`);
    t.match(header, { ssrc: 42, payloadType: 111, timestamp: i * 960, marker: i === 0 });
    return header.sequenceNumber;
  });
  t.ok(numbers[0]! < 2 ** 15);
  t.same(
    numbers,
    numbers.map((_, i) => numbers[0]! + i),
  );
  t.match(transport.sent, { packets: 40, bytes: 390 });
  t.end();
});

test('a peer that takes RED and reports loss wants redundancy, until it has reported none for 30 s', (t) => {
  const { transport, keys, report, clock, sent } = setUp();
  transport.setKeys(keys);
  let timestamp = 0;
  /** The second of two packets repeats the first. */
  const sendsRed = (): boolean => {
    for (let i = 0; i < 2; i++) {
      timestamp += 960;
      transport.send(Buffer.of(i), timestamp, false, clock.now());
    }
    return (sent.at(-1)![1]! & 0x7f) === 63;
  };
  const after = (lostPercent: number) => {
    clock.advance(5000);
    report(lostPercent);
    return sendsRed();
  };
  t.same([10, 0, 10].map(after), [false, false, true]);
  t.same([0, 0, 0, 0, 0, 0, 0].map(after), [true, true, true, true, true, true, false]);
  t.equal(transport.network.outgoing?.lossRatio, 0);
  const without = setUp({ redPayloadType: null });
  without.transport.setKeys(without.keys);
  for (let i = 0; i < 3; i++) without.report(50);
  t.ok(without.transport.network.outgoing!.lossRatio > 0.4);
  for (const timestamp of [0, 960]) without.transport.send(Buffer.of(1), timestamp, false, without.clock.now());
  t.equal(without.sent.at(-1)![1]! & 0x7f, 111, 'not without RED in the answer');
  t.end();
});

test('RED goes out under its payload type, in the same sequence', (t) => {
  const { sent, transport, keys } = setUp();
  transport.setKeys(keys);
  sent.length = 0;
  t.ok(transport.sendRtp(Buffer.from('opus'), 0, false, 0));
  t.ok(transport.sendRtp(Buffer.from('red'), 960, false, 20, true));
  t.ok(transport.sendRtp(Buffer.from('opus'), 1920, false, 40));
  const header = createRtpHeader();
  const headers = sent.map((datagram) => {
    t.ok(parseRtpHeader(datagram, header, null));
    return { ...header };
  });
  t.same(
    headers.map(({ payloadType }) => payloadType),
    [111, 63, 111],
  );
  const first = headers[0]!.sequenceNumber;
  t.same(
    headers.map(({ sequenceNumber }) => sequenceNumber - first),
    [0, 1, 2],
  );
  t.end();
});

test('reports go out every five seconds on average, and a goodbye at the end', (t) => {
  const { clock, sent, transport, keys, peer, check } = setUp();
  transport.setKeys(keys);
  sent.length = 0;
  for (let ms = 0; ms < 20_000; ms += 100) {
    clock.advance(100);
    if (ms % 2000 === 0) check();
    transport.housekeeping(clock.now(), clock.wallNow());
  }
  transport.close(clock.now(), clock.wallNow());
  const rtcp = sent.filter((datagram) => datagram[0]! >= 128);
  t.equal(rtcp.length, 5);
  const endsWithBye = rtcp.map((datagram) => {
    const end = Number(peer.unprotectRtcp(datagram));
    t.ok(parseRtcp(datagram, end));
    return datagram[end - 7] === RTCP_TYPE.BYE;
  });
  t.same(endsWithBye, [false, false, false, false, true]);
  t.end();
});

test('authentic media keeps a transport alive, and silence ends it', (t) => {
  const { clock, demultiplexer, transport, closed, arrive, keys, packet } = setUp();
  transport.setKeys(keys);
  const live = (ms: number) => {
    clock.advance(ms);
    transport.housekeeping(clock.now(), clock.wallNow());
  };
  for (let i = 0; i < 5; i++) {
    live(20_000);
    arrive(packet(i, 'x'));
  }
  live(30_000);
  t.same(closed, []);
  const forged = packet(9, 'x');
  forged[15]! ^= 1;
  arrive(forged);
  live(1);
  t.same(closed, ['silent']);
  t.equal(demultiplexer.pathCount, 0);
  transport.close(0, 0);
  t.equal(transport.sendRtp(Buffer.from('x'), 0, false, 0), false);
  t.end();
});

import { test } from 'tap';
import type { VoicePacket } from '../../src/formats/voice-packet.ts';
import { Demultiplexer } from '../../src/rtc/demultiplexer.ts';
import { writeBindingRequest } from '../../src/rtc/ice/stun-writer.ts';
import type { DatagramPort, DatagramSocket } from '../../src/rtc/net/datagram-port.ts';
import { NetworkPath } from '../../src/rtc/net/network-path.ts';
import { SEND_BUFFER_LENGTH } from '../../src/rtc/net/send-buffer.ts';
import type { PacketTap } from '../../src/rtc/packet-tap.ts';
import { RedundancyCache } from '../../src/rtc/rtp/redundancy-cache.ts';
import { parseRtcp, RTCP_TYPE, writeReport } from '../../src/rtc/rtp/rtcp.ts';
import { createRtpHeader, parseRtpHeader, type RtpHeader, writeRtpHeader } from '../../src/rtc/rtp/rtp-packet.ts';
import type { Direction } from '../../src/rtc/sdp/sdp-offer.ts';
import type { SrtpKeys } from '../../src/rtc/srtp/srtp-keys.ts';
import { SRTP_MAX_OVERHEAD, SrtpSession } from '../../src/rtc/srtp/srtp-session.ts';
import { createVoiceCounters } from '../../src/rtc/webrtc-counters.ts';
import { WebRtcEndpoint } from '../../src/rtc/webrtc-endpoint.ts';
import type { WebRtcParameters } from '../../src/rtc/webrtc-options.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { createBytes } from './bytes.ts';

const bytes = createBytes(8);
const REMOTE = { address: '10.0.0.1', port: 5000 };
const PARAMETERS: WebRtcParameters = {
  localUfrag: 'server',
  localPassword: 'secret',
  remoteUfrag: 'peer',
  localSsrc: 42,
  cname: 'mixer',
  opusPayloadType: 111,
  redPayloadType: 63,
  audioLevelExtensionId: null,
  direction: 'sendrecv',
};

/** The state of the other end. */
const swapped = (keys: SrtpKeys): SrtpKeys => ({ ...keys, local: keys.remote, remote: keys.local });

/** A transport with a path and keys, and the peer's end of its SRTP. */
function setUp({
  redPayloadType = 63 as number | null,
  sentOpusPayloadType = 111,
  direction = 'sendrecv' as Direction,
  audioLevelExtensionId = null as number | null,
  consentTimeoutMs = undefined as number | undefined,
  random = (): number => 0.5,
} = {}) {
  const clock = new FakeClock();
  const sent: Buffer[] = [];
  const socket: DatagramSocket = {
    protocol: 'udp',
    send: (datagram) => {
      sent.push(Buffer.from(datagram));
      return true;
    },
  };
  const demultiplexer = new Demultiplexer({ listen: () => {} } satisfies DatagramPort, clock);
  const received: {
    ssrc: number;
    payload: string;
    payloadType: number;
    levelDbov: number | null;
    redundant: boolean;
  }[] = [];
  const closed: string[] = [];
  const changes: number[] = [];
  const log: string[] = [];
  const transport = new WebRtcEndpoint({
    id: 1,
    parameters: { ...PARAMETERS, sentOpusPayloadType, redPayloadType, audioLevelExtensionId, direction },
    demultiplexer,
    redundancy: new RedundancyCache(),
    nowMs: 0,
    random,
    ...(consentTimeoutMs === undefined ? {} : { consentTimeoutMs }),
    events: {
      packet: (packet) => {
        const { ssrc, payload, payloadType, levelDbov, redundant } = packet as RtpHeader & VoicePacket;
        received.push({ ssrc, payloadType, payload: Buffer.from(payload).toString(), levelDbov, redundant });
      },
      sourceChanged: () => changes.push(received.length),
      directionChanged: () => log.push('direction'),
      dtls: (datagram) => log.push(`dtls ${datagram.length}`),
      silent: (silent) => log.push(silent ? 'silent' : 'heard'),
      moved: () => log.push('moved'),
      closed: (reason) => closed.push(reason),
    },
  });
  const arrive = (datagram: Buffer, port = REMOTE.port) =>
    demultiplexer.receive(datagram, REMOTE.address, port, socket);
  const check = (localUfrag = 'server') =>
    arrive(
      writeBindingRequest({
        transactionId: bytes(12),
        username: `${localUfrag}:peer`,
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
  /** One RTP packet from the peer, protected. Each source has its own session, as SRTP allows. */
  const packet = (sequenceNumber: number, payload: string, { ssrc = 7, payloadType = 111, padding = 0 } = {}) => {
    const body = Buffer.concat([Buffer.from(payload), Buffer.alloc(padding, padding)]);
    const datagram = Buffer.alloc(12 + body.length + SRTP_MAX_OVERHEAD);
    writeRtpHeader(datagram, payloadType, sequenceNumber, sequenceNumber * 960, ssrc, false);
    if (padding > 0) datagram[0]! |= 0x20;
    body.copy(datagram, 12);
    const session = peers.get(ssrc) ?? new SrtpSession(swapped(keys));
    peers.set(ssrc, session);
    return datagram.subarray(0, session.protectRtp(datagram, 12, 12 + body.length));
  };
  const peer = new SrtpSession(swapped(keys));
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
    log,
    socket,
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

test('only negotiated payload types are passed on, without padding, each once', (t) => {
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
  t.match(received, [
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

test('a second source is accepted when the first has been silent, and not before', (t) => {
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

test('a source that replaces the first is accepted after a few packets, and two at once do not alternate', (t) => {
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
  t.same(changes, [39], 'it is reported before the first packet');
  t.equal(received.slice(39).filter(({ ssrc }) => ssrc === 8).length, received.length - 39);
  t.ok(received.length >= 39 + 5);
  t.end();
});

test('a peer may change its source as often as it likes, and each one starts from zero, in the reports too', (t) => {
  const { clock, sent, transport, changes, received, arrive, keys, packet, peer, check } = setUp();
  transport.setKeys(keys);
  for (let ssrc = 1; ssrc <= 40; ssrc++) {
    for (let n = 0; n < 10; n++) {
      clock.advance(20);
      // Each loses a packet, and its numbers are unrelated to those of the one before.
      if (n !== 8) arrive(packet(((ssrc * 9973) & 0xffff) + n, `${ssrc}`, { ssrc }));
    }
    const heard = received.filter((rtp) => rtp.ssrc === ssrc);
    t.ok(heard.length >= 5 && heard.every(({ payload }) => payload === `${ssrc}`), `source ${ssrc} is accepted`);
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
  sent.length = 0;
  transport.send(Buffer.from('x'), 0, false, 0);
  t.equal(sent.length, 0, 'not without keys');
  transport.setKeys(keys);
  for (let i = 0; i < 40; i++) transport.send(Buffer.from(`payload ${i}`), i * 960, i === 0, i * 20);
  const header = createRtpHeader();
  const offset = 0x8000_0000;
  const numbers = sent.map((datagram, i) => {
    t.ok(parseRtpHeader(datagram, header, null));
    const end = peer.unprotectRtp(datagram, header);
    t.equal(datagram.subarray(12, Number(end)).toString(), `payload ${i}`);
    t.match(header, { ssrc: 42, payloadType: 111, timestamp: offset + i * 960, marker: i === 0 });
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

test('a peer that accepts RED and reports loss gets redundancy, until it has reported none for 30 s', (t) => {
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

test('Opus may be sent under a different payload type than it is received', (t) => {
  const { sent, transport, received, arrive, keys, packet } = setUp({ redPayloadType: null, sentOpusPayloadType: 96 });
  transport.setKeys(keys);
  transport.send(Buffer.from('opus'), 0, false, 0);
  t.equal(sent.at(-1)![1]! & 0x7f, 96);
  arrive(packet(1, 'incoming'));
  arrive(packet(2, 'of the other section', { payloadType: 96 }));
  t.same(
    received.map(({ payload }) => payload),
    ['incoming'],
  );
  t.equal(transport.counters.unknownPayloadType, 1);
  t.end();
});

test('RED is sent under its own payload type, in the same sequence, and is counted', (t) => {
  const { sent, transport, keys, report } = setUp();
  transport.setKeys(keys);
  for (let i = 0; i < 3; i++) report(50);
  sent.length = 0;
  for (const [i, payload] of ['one', 'two', 'three'].entries()) {
    transport.send(Buffer.from(payload), i * 960, false, i * 20);
  }
  const header = createRtpHeader();
  const headers = sent.map((datagram) => {
    t.ok(parseRtpHeader(datagram, header, null));
    return { ...header };
  });
  t.same(
    headers.map(({ payloadType }) => payloadType),
    [111, 63, 63],
  );
  const first = headers[0]!.sequenceNumber;
  t.same(
    headers.map(({ sequenceNumber }) => sequenceNumber - first),
    [0, 1, 2],
  );
  const totals = createVoiceCounters();
  transport.countInto(totals);
  t.match(totals, { packetsOut: 3, redundantPacketsOut: 2 });
  t.ok(totals.bytesOut > 'one'.length + 'two'.length + 'three'.length, 'the redundant ones count');
  t.end();
});

test('a payload that fills a packet is sent, and a longer one is not', (t) => {
  const { sent, transport, keys } = setUp();
  transport.setKeys(keys);
  const overhead = 12 + SRTP_MAX_OVERHEAD;
  for (const [length, goesOut] of [
    [SEND_BUFFER_LENGTH - overhead, true],
    [SEND_BUFFER_LENGTH - overhead + 1, false],
  ] as const) {
    const before = sent.length;
    transport.send(Buffer.alloc(length), 0, false, 0);
    t.equal(sent.length > before, goesOut, `${length} bytes`);
  }
  t.end();
});

test('media flows in the negotiated direction, and a new direction is reported', (t) => {
  for (const [direction, sends, receives] of [
    ['sendrecv', true, true],
    ['sendonly', true, false],
    ['recvonly', false, true],
    ['inactive', false, false],
  ] as const) {
    const started = setUp({ direction });
    const changed = setUp({ direction: direction === 'inactive' ? 'sendrecv' : 'inactive' });
    changed.transport.setDirection(direction);
    t.same(started.log, []);
    t.same(changed.log, ['direction']);
    for (const { transport, keys, sent, received, arrive, packet } of [started, changed]) {
      transport.setKeys(keys);
      t.match(transport, { sends, receives });
      sent.length = 0;
      transport.send(Buffer.from('x'), 0, false, 0);
      t.equal(sent.length, sends ? 1 : 0, direction);
      arrive(packet(1, 'x'));
      t.equal(received.length, receives ? 1 : 0, direction);
      t.equal(transport.counters.againstDirection, receives ? 0 : 1);
    }
  }
  t.end();
});

test("the sender's claimed level is read if its extension was negotiated", (t) => {
  for (const audioLevelExtensionId of [null, 3]) {
    const { transport, keys, arrive, peer, received } = setUp({ audioLevelExtensionId });
    transport.setKeys(keys);
    const datagram = Buffer.alloc(24 + SRTP_MAX_OVERHEAD);
    writeRtpHeader(datagram, 111, 1, 960, 7, false);
    datagram[0]! |= 0x10;
    datagram.set([0xbe, 0xde, 0, 1, 0x30, 0x80 | 42, 0, 0, 1, 2, 3, 4], 12);
    arrive(datagram.subarray(0, peer.protectRtp(datagram, 20, 24)));
    t.match(received, [{ levelDbov: audioLevelExtensionId === null ? null : -42, redundant: false }]);
  }
  t.end();
});

test('packets before the keys are counted and not parsed, and the first keys stay', (t) => {
  const { transport, keys, arrive, packet, received, report } = setUp();
  arrive(packet(1, 'early'));
  report(0);
  t.match(transport.counters, { beforeKeys: 2, rtpPacketsIn: 0, rtcpPacketsIn: 0, srtpForged: 0 });
  transport.setKeys(keys);
  transport.setKeys({ ...keys, remote: { key: bytes(16), salt: bytes(12) } });
  arrive(packet(2, 'x'));
  t.equal(received.length, 1);
  t.end();
});

test('packets are rejected for a reason, and the reasons are counted', (t) => {
  const { transport, keys, arrive, packet, peer } = setUp();
  transport.setKeys(keys);
  const twice = packet(1, 'x');
  arrive(Buffer.from(twice));
  arrive(Buffer.from(twice));
  const forged = packet(2, 'x');
  forged[20]! ^= 1;
  arrive(forged);
  const padding = packet(3, 'x', { padding: 4 });
  arrive(padding);
  // Padding of 200 bytes in a packet of 1.
  const impossible = Buffer.alloc(13 + SRTP_MAX_OVERHEAD, 200);
  writeRtpHeader(impossible, 111, 1, 0, 8, false);
  impossible[0]! |= 0x20;
  arrive(impossible.subarray(0, new SrtpSession(swapped(keys)).protectRtp(impossible, 12, 13)));
  const rtcp = Buffer.alloc(100);
  const length = writeReport(rtcp, 0, 7, null, []);
  const sealed = Buffer.from(rtcp.subarray(0, peer.protectRtcp(rtcp, length)));
  arrive(Buffer.from(sealed));
  arrive(Buffer.from(sealed));
  // Authentic, but not RTCP: its length field is wrong.
  writeReport(rtcp, 0, 7, null, []);
  rtcp[3] = 9;
  arrive(rtcp.subarray(0, peer.protectRtcp(rtcp, length)));
  t.match(transport.counters, {
    rtpPacketsIn: 2,
    rtpBytesIn: 2,
    rtcpPacketsIn: 1,
    srtpReplayed: 2,
    srtpForged: 1,
    srtpMalformed: 2,
  });
  const totals = createVoiceCounters();
  transport.countInto(totals);
  transport.countInto(totals);
  t.match(totals, { packetsIn: 4, bytesIn: 4, packetsOut: 0, bytesOut: 0, packetsRejected: 10 });
  t.end();
});

test('DTLS is passed on at a limited rate; once there are keys, only encrypted records are', (t) => {
  const { clock, transport, keys, arrive, log } = setUp();
  const record = (epoch: number) => Buffer.from([22, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
  arrive(Buffer.from([22, 0xfe, 0xfd]));
  t.equal(transport.counters.dtlsDropped, 1, 'not a record');
  for (let i = 0; i < 100; i++) arrive(record(0));
  t.equal(log.length, 100, 'a handshake is not held up');
  for (let i = 0; i < 300; i++) arrive(record(0));
  t.equal(log.length, 200, 'a flood is: the main thread has other work');
  clock.advance(500);
  for (let i = 0; i < 100; i++) arrive(record(0));
  t.equal(log.length, 250);
  t.equal(transport.counters.dtlsDropped, 1 + 200 + 50);
  transport.setKeys(keys);
  log.length = 0;
  arrive(record(0));
  t.equal(log.length, 0);
  arrive(Buffer.concat([record(0), record(1)]));
  t.same(log, ['dtls 28'], 'a repeated last flight');
  for (let i = 0; i < 100; i++) arrive(record(1));
  t.equal(log.length, 40, 'a burst');
  clock.advance(1000);
  for (let i = 0; i < 100; i++) arrive(record(1));
  t.equal(log.length, 60, 'and some per second');
  t.equal(transport.counters.dtlsDropped, 1 + 200 + 50 + 1 + 61 + 80);
  t.end();
});

test('DTLS goes to the valid path while the transport is open', (t) => {
  const { transport, sent, socket, demultiplexer } = setUp();
  sent.length = 0;
  t.equal(transport.sendDtls(Buffer.from('flight')), true);
  t.same(sent.map(String), ['flight']);
  t.equal(transport.protocol, 'udp');
  transport.losePath(new NetworkPath(socket, '10.9.9.9', 1, 0), 0);
  t.equal(transport.sendDtls(Buffer.from('x')), true, 'another path was lost');
  transport.close(0, 0);
  t.equal(transport.sendDtls(Buffer.from('x')), false);
  t.equal(demultiplexer.pathCount, 0);
  t.end();
});

test('silence is reported after seven seconds, and so is its end', (t) => {
  const { clock, transport, keys, arrive, packet, check, report, log } = setUp();
  transport.setKeys(keys);
  const live = (ms: number) => {
    clock.advance(ms);
    transport.housekeeping(clock.now(), clock.wallNow());
  };
  let n = 1;
  for (const [speak, what] of [
    [() => check(), 'a check'],
    [() => arrive(packet(n++, 'x')), 'media'],
    [() => report(0), 'a report'],
  ] as const) {
    log.length = 0;
    speak();
    live(7000);
    t.same(log, [], what);
    live(1);
    live(1000);
    t.same(log, ['silent']);
    speak();
    live(100);
    live(100);
    t.same(log, ['silent', 'heard']);
  }
  t.end();
});

test('a peer is given up after silence for the consent time, which is configurable', (t) => {
  for (const consentTimeoutMs of [undefined, 12_000]) {
    const { clock, transport, closed } = setUp({ consentTimeoutMs });
    clock.advance(consentTimeoutMs ?? 30_000);
    transport.housekeeping(clock.now(), clock.wallNow());
    t.same(closed, []);
    clock.advance(1);
    for (let i = 0; i < 3; i++) transport.housekeeping(clock.now(), clock.wallNow());
    t.same(closed, ['silent'], 'once');
  }
  t.end();
});

test('the peer has moved when its media arrives from elsewhere, and only from there for a moment', (t) => {
  const { clock, transport, keys, arrive, packet, log, received } = setUp();
  transport.setKeys(keys);
  let n = 1;
  const speakFrom = (port: number, afterMs: number) => {
    clock.advance(afterMs);
    arrive(packet(n++, 'x'), port);
  };
  speakFrom(REMOTE.port, 0);
  speakFrom(6000, 99);
  t.same(log, []);
  speakFrom(6000, 1);
  t.same(log, ['moved']);
  speakFrom(6000, 4999);
  t.same(log, ['moved']);
  speakFrom(6000, 1);
  t.same(log, ['moved', 'moved'], 'again after five seconds');
  speakFrom(REMOTE.port, 9000);
  speakFrom(6000, 99);
  t.same(log, ['moved', 'moved']);
  t.equal(received.length, 7, 'all of it is accepted');
  t.end();
});

test('a tap sees decrypted packets while it is attached', (t) => {
  const { clock, sent, transport, keys, arrive, packet, report } = setUp();
  transport.setKeys(keys);
  const seen: string[] = [];
  const tap: PacketTap = {
    received: (bytes, { port }, nowMs) => seen.push(`in ${bytes[1]} ${bytes.length} from ${port} at ${nowMs}`),
    sent: (bytes, { port }, nowMs) => seen.push(`out ${bytes[1]} ${bytes.length} to ${port} at ${nowMs}`),
  };
  transport.setTap(tap);
  clock.advance(6001);
  arrive(packet(1, 'hello'));
  report(0);
  transport.send(Buffer.from('hi'), 0, false, clock.now());
  transport.housekeeping(clock.now(), clock.wallNow());
  const sealedReport = sent.at(-1)!.length - SRTP_MAX_OVERHEAD;
  t.same(seen, [
    'in 111 17 from 5000 at 6001',
    'in 201 32 from 5000 at 6001',
    'out 111 14 to 5000 at 6001',
    `out 200 ${sealedReport} to 5000 at 6001`,
  ]);
  transport.setTap(null);
  arrive(packet(2, 'hello'));
  transport.send(Buffer.from('hi'), 960, false, clock.now());
  t.equal(seen.length, 4);
  t.end();
});

test('a buffer that is still being sent is left alone', (t) => {
  const { clock, transport, keys, socket } = setUp();
  transport.setKeys(keys);
  const views: { view: Uint8Array; copy: Buffer }[] = [];
  socket.send = (view) => {
    views.push({ view, copy: Buffer.from(view) });
    return false;
  };
  for (let i = 0; i < 3; i++) transport.send(bytes(80), i * 960, false, i * 20);
  clock.advance(6001);
  transport.housekeeping(clock.now(), clock.wallNow());
  transport.send(bytes(80), 2880, false, clock.now());
  t.equal(views.length, 5);
  for (const { view, copy } of views) t.same(Buffer.from(view), copy);
  t.end();
});

test('the first sequence number and the timestamps start at random, below 2^15 and 2^32', (t) => {
  for (const [drawn, firstNumber, firstTimestamp] of [
    [0, 0, 960],
    [0.5, 2 ** 14, 2 ** 31 + 960],
    [1 - 2 ** -40, 2 ** 15 - 1, 959],
  ] as const) {
    const { sent, transport, keys } = setUp({ random: () => drawn });
    transport.setKeys(keys);
    sent.length = 0;
    transport.send(Buffer.from('x'), 960, true, 70);
    const header = createRtpHeader();
    t.ok(parseRtpHeader(sent[0]!, header, null));
    t.match(header, { sequenceNumber: firstNumber, timestamp: firstTimestamp, marker: true });
    t.same(transport.sent, { packets: 1, bytes: 1, timestamp: firstTimestamp, atMs: 70 });
  }
  t.end();
});

test('a ufrag belongs to one transport, from its beginning to its end', (t) => {
  const { transport, demultiplexer, check, clock, sent } = setUp();
  const create = (localUfrag: string) =>
    new WebRtcEndpoint({
      id: 2,
      parameters: { ...PARAMETERS, localUfrag },
      demultiplexer,
      redundancy: new RedundancyCache(),
      nowMs: 0,
      random: () => 0,
      events: { packet: () => {}, dtls: () => {}, silent: () => {}, closed: () => {} },
    });
  const credentials = (localUfrag: string) => ({ localUfrag, localPassword: 'secret', remoteUfrag: 'peer' });
  t.throws(() => create('server'), /ufrag is in use/);
  transport.restartIce(credentials('second'));
  t.throws(() => create('second'), /ufrag is in use/);
  const other = create('other');
  t.throws(() => transport.restartIce(credentials('other')), /ufrag is in use/);
  transport.restartIce(credentials('third'));
  create('second').close(0, 0);
  check('third');
  const heir = create('server');
  t.throws(() => create('third'), /ufrag is in use/, 'the old name ended with the nomination under the new one');
  transport.close(0, 0);
  create('third').close(0, 0);
  transport.restartIce(credentials('fourth'));
  create('fourth').close(0, 0);
  heir.close(0, 0);
  other.close(0, 0);
  sent.length = 0;
  check('third');
  t.equal(sent.length, 0);
  t.equal(demultiplexer.pathCount, 0);
  clock.advance(40_000);
  transport.housekeeping(clock.now(), clock.wallNow());
  t.end();
});

test('after the end a transport sends nothing and reports nothing', (t) => {
  const { clock, transport, keys, packet, received, closed, log, sent, demultiplexer, arrive } = setUp();
  transport.setKeys(keys);
  arrive(packet(1, 'x'));
  transport.close(clock.now(), clock.wallNow());
  const before = sent.length;
  transport.close(clock.now(), clock.wallNow());
  transport.setKeys(keys);
  transport.send(Buffer.from('x'), 0, false, 0);
  clock.advance(60_000);
  transport.housekeeping(clock.now(), clock.wallNow());
  arrive(packet(2, 'x'));
  t.equal(sent.length, before, 'one goodbye');
  t.equal(received.length, 1);
  t.equal(demultiplexer.counters.roaming, 0, 'its source is forgotten too');
  t.same(closed, []);
  t.same(log, []);
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
  transport.send(Buffer.from('x'), 0, false, 0);
  t.equal(transport.sent.packets, 0);
  t.end();
});

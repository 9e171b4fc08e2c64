import { randomBytes } from 'node:crypto';
import { test } from 'tap';
import { Demultiplexer } from '../../src/rtc/demultiplexer.ts';
import { createCertificate } from '../../src/rtc/dtls/certificate.ts';
import { DtlsSession } from '../../src/rtc/dtls/dtls-session.ts';
import { writeBindingRequest } from '../../src/rtc/ice/stun-writer.ts';
import type { DatagramSocket } from '../../src/rtc/net/datagram-port.ts';
import { RedundancyCache } from '../../src/rtc/rtp/redundancy-cache.ts';
import type { RtpHeader } from '../../src/rtc/rtp/rtp-packet.ts';
import { writeRtpHeader } from '../../src/rtc/rtp/rtp-packet.ts';
import { SrtpSession } from '../../src/rtc/srtp/srtp-session.ts';
import { WebRtcEndpoint } from '../../src/rtc/webrtc-endpoint.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { dtlsRecord, handshakeRecord, nomination } from '../helpers/hostile-datagrams.ts';
import { collectGarbage } from '../helpers/memory.ts';
import { createPrng, integerBetween } from '../helpers/prng.ts';
import { createIdentity } from './dtls-client.ts';

const SEED = 45;
const certificate = await createCertificate();
const identity = await createIdentity();

/** Bytes in buffers that are still referenced. */
function heldBytes(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

test('an unfinished handshake holds little memory, whatever lengths it announces', (t) => {
  const prng = createPrng(SEED);
  const clock = new FakeClock();
  const count = 100;
  let sentBytes = 0;
  const failed: string[] = [];
  const before = heldBytes();
  const sessions = Array.from(
    { length: count },
    () =>
      new DtlsSession({
        certificate,
        remoteFingerprints: [identity.fingerprint],
        clock,
        send: ({ length }) => {
          sentBytes += length;
        },
        events: {
          connected: () => t.fail('connected'),
          failed: (reason) => failed.push(reason),
          data: () => {},
          closed: () => {},
        },
      }),
  );
  let receivedBytes = 0;
  for (let i = 0; i < 500; i++) {
    const length = [16_384, 16_385, 0xffffff, 60][i % 4]!;
    const piece = randomBytes(integerBetween(prng, 0, 60));
    const hostile = [
      handshakeRecord(integerBetween(prng, 0, 255), integerBetween(prng, 0, 9), length, i % 60, piece),
      dtlsRecord(22, randomBytes(1200), 1),
    ];
    for (const datagram of hostile) {
      receivedBytes += datagram.length * count;
      for (const session of sessions) session.receive(datagram);
    }
  }
  const each = (heldBytes() - before) / count;
  t.ok(each < 200_000, `${(each / 1000).toFixed(0)} kB each`);
  t.ok(sentBytes <= receivedBytes, 'nothing is amplified');
  clock.advance(15_000);
  t.equal(failed.length, count, 'all are given up in time');
  t.equal(clock.pendingTimers, 0);
  t.end();
});

function createScene() {
  const clock = new FakeClock({ startMs: 1000 });
  const socket: DatagramSocket = { protocol: 'udp', send: () => true };
  const demultiplexer = new Demultiplexer({ listen: () => {} }, clock);
  const heard: number[] = [];
  const dtls: Buffer[] = [];
  const transport = new WebRtcEndpoint({
    id: 1,
    parameters: {
      localUfrag: 'server',
      localPassword: 'p'.repeat(24),
      remoteUfrag: 'client',
      localSsrc: 5,
      cname: 'mix',
      opusPayloadType: 111,
      redPayloadType: null,
      audioLevelExtensionId: 1,
      direction: 'sendrecv',
    },
    demultiplexer,
    redundancy: new RedundancyCache(),
    nowMs: clock.now(),
    random: Math.random,
    events: {
      packet: (packet) => heard.push((packet as unknown as RtpHeader).ssrc),
      dtls: (datagram) => dtls.push(datagram),
      silent: () => {},
      closed: () => {},
    },
  });
  const receive = (datagram: Buffer, port = 1) => demultiplexer.receive(datagram, '192.0.2.1', port, socket);
  const check = (transactionId: Buffer) =>
    writeBindingRequest({
      transactionId,
      username: 'server:client',
      key: 'p'.repeat(24),
      priority: 1,
      tieBreaker: 1n,
      useCandidate: true,
    });
  return { clock, demultiplexer, transport, heard, dtls, receive, check };
}

test('a peer that uses a thousand SSRCs is followed on only one of them', (t) => {
  const { clock, transport, heard, receive, check } = createScene();
  receive(check(randomBytes(12)));
  const master = () => ({ key: randomBytes(16), salt: randomBytes(12) });
  const [own, theirs] = [master(), master()];
  transport.setKeys({ profile: 'AEAD_AES_128_GCM', local: own, remote: theirs });
  const packet = (session: SrtpSession, ssrc: number, sequenceNumber: number) => {
    const bytes = Buffer.alloc(80);
    writeRtpHeader(bytes, 111, sequenceNumber, sequenceNumber * 960, ssrc, false);
    return bytes.subarray(0, session.protectRtp(bytes, 12, 60));
  };
  const createSender = () => new SrtpSession({ profile: 'AEAD_AES_128_GCM', local: theirs, remote: own });
  const speaker = createSender();
  const before = heldBytes();
  for (let i = 0; i < 1000; i++) {
    clock.advance(20);
    receive(packet(speaker, 1, i));
    receive(packet(createSender(), 1000 + i, 0));
  }
  t.same(new Set(heard), new Set([1]));
  t.equal(heard.length, 1000);
  t.equal(transport.counters.unknownSsrc + transport.counters.srtpMalformed, 1000);
  t.ok(heldBytes() - before < 200_000);
  transport.close(clock.now(), clock.wallNow());
  t.end();
});

test("twenty thousand checks in a peer's name, without its password, hold no memory", (t) => {
  const prng = createPrng(SEED);
  const { clock, demultiplexer, transport, receive } = createScene();
  const guesses = Array.from({ length: 100 }, () => nomination(prng, { username: 'server:client' }));
  const before = heldBytes();
  for (let i = 0; i < 20_000; i++) receive(guesses[i % guesses.length]!, i % 65_536);
  t.equal(demultiplexer.pathCount, 0);
  t.equal(transport.protocol, null);
  t.ok(heldBytes() - before < 200_000);
  transport.close(clock.now(), clock.wallNow());
  t.end();
});

test('forged records that claim to be encrypted are passed on at a low rate only', (t) => {
  const { clock, transport, dtls, receive, check } = createScene();
  receive(check(randomBytes(12)));
  for (let i = 0; i < 200; i++) receive(dtlsRecord(22, randomBytes(40)));
  t.equal(dtls.length, 200, 'a handshake is not held up');
  const master = () => ({ key: randomBytes(16), salt: randomBytes(12) });
  transport.setKeys({ profile: 'AEAD_AES_128_GCM', local: master(), remote: master() });
  dtls.length = 0;
  for (let i = 0; i < 10_000; i++) {
    clock.advance(1);
    receive(dtlsRecord(21, randomBytes(40), 1));
  }
  t.ok(dtls.length <= 40 + 10 * 20, `${dtls.length} in ten seconds`);
  t.ok(dtls.length > 0);
  transport.close(clock.now(), clock.wallNow());
  t.end();
});

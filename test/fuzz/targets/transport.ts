import { Demultiplexer } from '../../../src/rtc/demultiplexer.ts';
import { parseStun, verifyStunIntegrity } from '../../../src/rtc/ice/stun.ts';
import { writeBindingRequest } from '../../../src/rtc/ice/stun-writer.ts';
import type { ClosedListener, DatagramPort, DatagramSocket } from '../../../src/rtc/net/datagram-port.ts';
import { RedundancyCache } from '../../../src/rtc/rtp/redundancy-cache.ts';
import { writeBye, writeReport } from '../../../src/rtc/rtp/rtcp.ts';
import { writeRtpHeader } from '../../../src/rtc/rtp/rtp-packet.ts';
import type { SrtpMasterKey } from '../../../src/rtc/srtp/srtp-keys.ts';
import { SrtpSession } from '../../../src/rtc/srtp/srtp-session.ts';
import { WebRtcEndpoint } from '../../../src/rtc/webrtc-endpoint.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { integerBetween, type Prng } from '../../helpers/prng.ts';
import { pick } from '../mutate.ts';
import { type FuzzTarget, hold, joinFrames, splitFrames } from '../target.ts';

const NAMES = ['ada', 'ben'] as const;
const PASSWORD = 'p'.repeat(24);
const PROFILE = 'AEAD_AES_128_GCM';
const MAX_PATHS = 8;
/** From here on, the first byte stands for an event other than a datagram. */
const FIRST_EVENT = 240;

const master = (fill: number): SrtpMasterKey => ({
  key: new Uint8Array(16).fill(fill),
  salt: new Uint8Array(12).fill(fill),
});
const keysOf = (index: number) => ({ toServer: master(10 + index), toClient: master(20 + index) });

const check = (name: string, transaction: number, key = PASSWORD, ufrag = `${name}Server`) =>
  writeBindingRequest({
    transactionId: Buffer.alloc(12, transaction),
    username: `${ufrag}:${name}`,
    key,
    priority: 1,
    tieBreaker: 1n,
    useCandidate: transaction % 2 === 0,
  });

/** Datagrams of both participants, as they would arrive from them. */
const genuine = NAMES.map((name, index) => {
  const { toServer, toClient } = keysOf(index);
  const srtp = new SrtpSession({ profile: PROFILE, local: toServer, remote: toClient });
  const rtp = Array.from({ length: 8 }, (_, i) => protectedRtp(srtp, 100 + i, index));
  const last = protectedRtp(srtp, 108, index);
  const rtcp = protectedRtcp(srtp, index);
  return {
    rtp,
    last,
    rtcp,
    checks: [
      check(name, 1 + index),
      check(name, 4 + index),
      check(name, 6 + index, 'wrong'),
      check(name, 8 + index, PASSWORD, `${name}Restart0`),
    ],
  };
});
const dtls = Buffer.from([22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0]);
const all = [...genuine.flatMap(({ rtp, rtcp, checks }) => [...rtp, rtcp, ...checks]), dtls];

/**
 * A whole port with two participants. The first byte of each frame gives a datagram's source (0 and 1 are the
 * participants), or says that time passes, ICE restarts, or a connection is lost.
 */
export const transport: FuzzTarget = {
  name: 'transport',
  files: [
    'src/rtc/demultiplexer.ts',
    'src/rtc/webrtc-endpoint.ts',
    'src/rtc/ice/ice-lite.ts',
    'src/rtc/ice/transaction-memory.ts',
    'src/rtc/rtp/receive-statistics.ts',
    'src/rtc/rtp/rtcp-session.ts',
  ],
  framed: true,
  maxBytes: 400,
  weight: 2,
  seeds: () => [
    joinFrames(all.map((datagram, i) => from(i % 4, datagram))),
    joinFrames(genuine.flatMap(({ rtp }, index) => rtp.map((datagram) => from(index, datagram)))),
    joinFrames([
      ...[0, 1, 2, 3].map((event) => Buffer.from([FIRST_EVENT + event, 0])),
      ...all.map((datagram) => from(0, datagram)),
    ]),
  ],
  generate: (prng) => joinFrames(Array.from({ length: 12 }, () => anything(prng))),
  run: (input) => {
    const scene = createScene();
    for (const frame of splitFrames(input)) {
      const datagram = Buffer.from(frame.subarray(1));
      scene.clock.advance(1);
      if ((frame[0] ?? 0) >= FIRST_EVENT) {
        scene.happen(frame[0]!, frame[1] ?? 0);
        continue;
      }
      scene.sent.length = 0;
      const answerable = isAuthentic(datagram);
      scene.receive(datagram, (frame[0] ?? 0) % 12);
      if (!answerable) hold(scene.sent.length === 0, 'an unauthentic datagram gets no answer');
      hold(scene.sent.length <= 1, 'a datagram gets one answer at most');
      hold(scene.demultiplexer.pathCount <= MAX_PATHS * NAMES.length, 'the number of paths is bounded');
    }
    scene.clock.advance(10_000);
    for (const [index, name] of NAMES.entries()) {
      const localUfrag = `${name}Last`;
      scene.transports[index]!.restartIce({ localUfrag, localPassword: PASSWORD, remoteUfrag: name });
      scene.receive(check(name, 200 + index * 2, PASSWORD, localUfrag), index);
      const before = scene.heard.length;
      scene.receive(Buffer.from(genuine[index]!.last), index);
      hold(scene.heard[before] === `${name} 108`, `${name} is heard after any input`);
      scene.sent.length = 0;
      scene.transports[index]!.send(Buffer.of(1), 0, false, scene.clock.now());
      hold(scene.sent.join() === `${index}`, `${name} is sent media on the path of the last nomination`);
    }
    for (const one of scene.transports) one.close(scene.clock.now(), scene.clock.wallNow());
    hold(scene.demultiplexer.pathCount === 0, 'closed transports have no paths');
  },
};

function isAuthentic(datagram: Buffer): boolean {
  const message = datagram.length >= 20 ? parseStun(datagram) : null;
  return message !== null && verifyStunIntegrity(datagram, message, PASSWORD);
}

function createScene() {
  const clock = new FakeClock({ startMs: 10_000 });
  /** The destinations, by remote port. */
  const sent: number[] = [];
  const heard: string[] = [];
  const socket: DatagramSocket = { protocol: 'udp', send: (_datagram, port) => sent.push(port) > 0 };
  let lose: ClosedListener = () => {};
  const port: DatagramPort = {
    listen: (_onDatagram, onClosed) => {
      lose = onClosed;
    },
  };
  let restarts = 0;
  const demultiplexer = new Demultiplexer(port, clock);
  const receive = (datagram: Buffer, place: number) => demultiplexer.receive(datagram, '192.0.2.1', place, socket);
  const transports = NAMES.map((name, index) => {
    const one = new WebRtcEndpoint({
      id: index,
      parameters: {
        localUfrag: `${name}Server`,
        localPassword: PASSWORD,
        remoteUfrag: name,
        localSsrc: 50 + index,
        cname: 'mix',
        opusPayloadType: 111,
        redPayloadType: 63,
        audioLevelExtensionId: 1,
        direction: 'sendrecv',
      },
      demultiplexer,
      redundancy: new RedundancyCache(),
      nowMs: clock.now(),
      random: () => 0.5,
      consentTimeoutMs: Number.POSITIVE_INFINITY,
      events: {
        packet: ({ sequenceNumber }) => heard.push(`${name} ${sequenceNumber}`),
        dtls: () => {},
        silent: () => {},
        closed: () => {},
      },
    });
    const { toServer, toClient } = keysOf(index);
    one.setKeys({ profile: PROFILE, local: toClient, remote: toServer });
    return one;
  });
  NAMES.forEach((name, index) => {
    receive(check(name, 100 + index * 2), index);
  });
  const happen = (event: number, which: number) => {
    const index = which % NAMES.length;
    const one = transports[index]!;
    switch (event % 4) {
      case 0:
        clock.advance(which * 20);
        return;
      case 1:
        one.housekeeping(clock.now(), clock.wallNow());
        return;
      case 2: {
        const localUfrag = `${NAMES[index]}Restart${restarts++}`;
        one.restartIce({ localUfrag, localPassword: PASSWORD, remoteUfrag: NAMES[index]! });
        return;
      }
      default:
        lose({ address: '192.0.2.1', port: which % 12 }, socket);
    }
  };
  return { clock, sent, heard, demultiplexer, transports, receive, happen };
}

function anything(prng: Prng): Buffer {
  if (prng() < 0.2) return Buffer.from([integerBetween(prng, FIRST_EVENT, 255), integerBetween(prng, 0, 255)]);
  return from(integerBetween(prng, 0, 11), pick(prng, all));
}

function from(place: number, datagram: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([place]), datagram]);
}

function protectedRtp(srtp: SrtpSession, sequenceNumber: number, index: number): Buffer {
  const packet = Buffer.alloc(12 + 30 + 20, sequenceNumber);
  writeRtpHeader(packet, 111, sequenceNumber, sequenceNumber * 960, 1000 + index, false);
  return packet.subarray(0, srtp.protectRtp(packet, 12, 42));
}

function protectedRtcp(srtp: SrtpSession, index: number): Buffer {
  const packet = Buffer.alloc(80);
  const end = writeBye(packet, writeReport(packet, 0, 1000 + index, null, []), 1000 + index);
  return packet.subarray(0, srtp.protectRtcp(packet, end));
}

import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIP } from 'node:net';
import { type Test, test } from 'tap';
import {
  MediaStreamTrack,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RtpHeader,
  RtpPacket,
  useAudioLevelIndication,
} from 'werift';
import { systemClock } from '../../src/lib/clock.ts';
import { Demultiplexer } from '../../src/rtc/demultiplexer.ts';
import { createCertificate } from '../../src/rtc/dtls/certificate.ts';
import { DtlsSession } from '../../src/rtc/dtls/dtls-session.ts';
import { parseStun } from '../../src/rtc/ice/stun.ts';
import { writeBindingRequest } from '../../src/rtc/ice/stun-writer.ts';
import { UdpPort } from '../../src/rtc/net/udp-port.ts';
import { RedundancyCache } from '../../src/rtc/rtp/redundancy-cache.ts';
import { writeAnswer } from '../../src/rtc/sdp/sdp-answer.ts';
import { parseOffer } from '../../src/rtc/sdp/sdp-offer.ts';
import { WebRtcEndpoint } from '../../src/rtc/webrtc-endpoint.ts';
import { eventually } from '../helpers/eventually.ts';

const certificate = await createCertificate();
const UFRAG = 'serverUfrag1';
const PASSWORD = 'serverPassword0123456789';
const SSRC = 0x12345678;

interface Received {
  readonly payload: Buffer;
  readonly sequenceNumber: number;
  readonly levelDbov: number | null;
}

async function openServer(host: string) {
  const port = await UdpPort.open({ hosts: [host], port: 0 });
  const demultiplexer = new Demultiplexer(port, systemClock);
  return { port, demultiplexer, address: port.addresses[0]! };
}

function createTransport(
  demultiplexer: Demultiplexer,
  remoteUfrag: string,
  received: Received[] = [],
  dtls: (datagram: Buffer) => void = () => {},
) {
  const closed: string[] = [];
  const silences: boolean[] = [];
  const transport = new WebRtcEndpoint({
    id: 1,
    parameters: {
      localUfrag: UFRAG,
      localPassword: PASSWORD,
      remoteUfrag,
      localSsrc: SSRC,
      cname: 'mixer',
      opusPayloadType: 111,
      redPayloadType: null,
      audioLevelExtensionId: 1,
      direction: 'sendrecv',
    },
    demultiplexer,
    redundancy: new RedundancyCache(),
    nowMs: systemClock.now(),
    random: Math.random,
    events: {
      packet: ({ payload, sequenceNumber, levelDbov }) =>
        received.push({ payload: Buffer.from(payload), sequenceNumber, levelDbov }),
      dtls,
      silent: (silent) => silences.push(silent),
      closed: (reason) => closed.push(reason),
    },
  });
  return { transport, closed, silences };
}

for (const host of ['127.0.0.1', '::1']) {
  test(`a whole WebRTC peer connects over ${host}, and packets flow both ways`, async (t) => {
    const { port, demultiplexer, address } = await openServer(host);
    const v6 = isIP(host) === 6;
    const peer = new RTCPeerConnection({
      codecs: {
        audio: [
          new RTCRtpCodecParameters({ mimeType: 'audio/opus', clockRate: 48_000, channels: 2, payloadType: 111 }),
        ],
        video: [],
      },
      headerExtensions: { audio: [useAudioLevelIndication()] },
      iceUseIpv4: !v6,
      iceUseIpv6: v6,
      iceServers: [],
      iceAdditionalHostAddresses: [host],
    });
    const heard: Buffer[] = [];
    const track = new MediaStreamTrack({ kind: 'audio' });
    const transceiver = peer.addTransceiver(track, { direction: 'sendrecv' });
    peer.onTrack.subscribe((remote) => remote.onReceiveRtp.subscribe((packet) => heard.push(packet.payload)));
    await peer.setLocalDescription(await peer.createOffer());
    const offer = parseOffer(peer.localDescription!.sdp);

    const received: Received[] = [];
    const { transport } = createTransport(demultiplexer, offer.iceUfrag, received, (datagram) =>
      dtls.receive(datagram),
    );
    let connected = false;
    let closedByPeer = false;
    const dtls: DtlsSession = new DtlsSession({
      certificate,
      remoteFingerprints: offer.fingerprints,
      clock: systemClock,
      send: (datagram) => transport.sendDtls(datagram),
      events: {
        connected: (keys) => {
          transport.setKeys(keys);
          connected = true;
        },
        failed: (reason) => t.fail(reason),
        data: () => {},
        closed: () => {
          closedByPeer = true;
        },
      },
    });
    const sdp = writeAnswer(offer, {
      version: 1,
      ufrag: UFRAG,
      password: PASSWORD,
      fingerprint: certificate.fingerprint,
      ssrc: SSRC,
      cname: 'mixer',
      candidates: [address],
    });
    await peer.setRemoteDescription({ type: 'answer', sdp });
    await eventually(() => connected && peer.connectionState === 'connected');
    t.equal(transport.protocol, 'udp');

    const sent = Array.from({ length: 60 }, (_, i) => randomBytes(80 + i));
    const header = { payloadType: 111, marker: false, ssrc: transceiver.sender.ssrc };
    for (const [i, payload] of sent.entries()) {
      track.writeRtp(
        new RtpPacket(new RtpHeader({ ...header, sequenceNumber: 1000 + i, timestamp: i * 960 }), payload),
      );
      transport.send(payload, i * 960, i === 0, systemClock.now());
    }
    await eventually(() => received.length === sent.length && heard.length === sent.length);
    t.same(
      received.map(({ payload }) => payload),
      sent,
    );
    t.same(heard, sent);

    // Reports are due after at most six seconds of transport time.
    transport.housekeeping(systemClock.now() + 6001, systemClock.wallNow());
    t.equal(transport.counters.rtcpPacketsOut, 1);
    t.equal(transport.counters.srtpForged, 0);

    t.equal(closedByPeer, false);
    dtls.close();
    transport.close(systemClock.now(), systemClock.wallNow());
    transport.close(systemClock.now(), systemClock.wallNow());
    t.equal(demultiplexer.pathCount, 0);
    transport.send(sent[0]!, 0, false, systemClock.now());
    t.equal(transport.sent.packets, sent.length, 'nothing is sent after the end');
    await peer.close();
    await port.close();
  });
}

async function withSocket(
  t: Test,
  run: (
    ask: (datagram: Uint8Array) => Promise<Buffer | null>,
    server: Awaited<ReturnType<typeof openServer>>,
  ) => Promise<void>,
) {
  const server = await openServer('127.0.0.1');
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.teardown(async () => {
    socket.close();
    await server.port.close();
  });
  const ask = async (datagram: Uint8Array) => {
    const answer = new Promise<Buffer | null>((resolve) => {
      const timer = setTimeout(() => resolve(null), 100);
      socket.removeAllListeners('message');
      socket.on('message', (message) => {
        // Only STUN responses, not the reports of a transport.
        if (message[0]! >= 4) return;
        clearTimeout(timer);
        resolve(message);
      });
    });
    socket.send(datagram, server.address.port, server.address.address);
    return answer;
  };
  await run(ask, server);
}

const check = (username: string, key: string) =>
  writeBindingRequest({
    transactionId: randomBytes(12),
    username,
    key,
    priority: 1,
    tieBreaker: 1n,
    useCandidate: true,
  });
const dtlsRecord = Buffer.from([22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);

test('only a request with the right user name and integrity opens a path', async (t) => {
  await withSocket(t, async (ask, { demultiplexer }) => {
    const datagrams: Buffer[] = [];
    const { transport } = createTransport(demultiplexer, 'peer', [], (datagram) => datagrams.push(datagram));
    t.equal(await ask(check(`${UFRAG}:peer`, 'wrong')), null);
    t.equal(await ask(check(`${UFRAG}:other`, PASSWORD)), null);
    t.equal(await ask(check('nobody:peer', PASSWORD)), null);
    t.equal(await ask(dtlsRecord), null);
    t.equal(transport.protocol, null);
    t.equal(transport.sendDtls(Buffer.from('x')), false);
    t.equal(demultiplexer.pathCount, 0);
    t.same(datagrams, [], 'DTLS from an unknown address goes nowhere');
    t.equal(demultiplexer.counters.unknownAddress, 1);

    t.equal(parseStun((await ask(check(`${UFRAG}:peer`, PASSWORD)))!)!.class, 'success');
    await ask(dtlsRecord);
    await ask(Buffer.from([63, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]));
    t.equal(datagrams.length, 1);
    t.equal(transport.counters.dtlsDropped, 1);
    transport.setKeys({
      profile: 'AEAD_AES_128_GCM',
      local: { key: randomBytes(16), salt: randomBytes(12) },
      remote: { key: randomBytes(16), salt: randomBytes(12) },
    });
    await ask(dtlsRecord);
    t.equal(datagrams.length, 1, 'unencrypted packets are dropped once there are keys');
    await ask(Buffer.concat([Buffer.from([0x80, 111]), randomBytes(60)]));
    await ask(Buffer.concat([Buffer.from([0x80, 201]), randomBytes(60)]));
    t.equal(transport.counters.srtpForged + transport.counters.srtpMalformed, 2);
    transport.close(0, 0);
    t.equal(await ask(check(`${UFRAG}:peer`, PASSWORD)), null);
  });
});

test('a silent peer is closed after the consent time', async (t) => {
  await withSocket(t, async (_ask, { demultiplexer }) => {
    const { transport, closed } = createTransport(demultiplexer, 'peer');
    const nowMs = systemClock.now();
    transport.housekeeping(nowMs + 29_000, 0);
    t.same(closed, []);
    transport.housekeeping(nowMs + 31_000, 0);
    transport.housekeeping(nowMs + 32_000, 0);
    t.same(closed, ['silent']);
  });
});

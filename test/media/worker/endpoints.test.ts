import { test } from 'tap';
import type { EndpointDescription, WebRtcCommand } from '../../../src/media/link/messages.ts';
import { handleByKind, openEndpoint } from '../../../src/media/worker/endpoints.ts';
import { RelayedTraffic } from '../../../src/media/worker/relayed-traffic.ts';
import { Demultiplexer } from '../../../src/rtc/demultiplexer.ts';
import { writeBindingRequest } from '../../../src/rtc/ice/stun-writer.ts';
import type { DatagramSocket } from '../../../src/rtc/net/datagram-port.ts';
import { RedundancyCache } from '../../../src/rtc/rtp/redundancy-cache.ts';
import { createRtpHeader, parseRtpHeader, writeRtpHeader } from '../../../src/rtc/rtp/rtp-packet.ts';
import type { SrtpKeys } from '../../../src/rtc/srtp/srtp-keys.ts';
import { SRTP_MAX_OVERHEAD, SrtpSession } from '../../../src/rtc/srtp/srtp-session.ts';
import { WebRtcEndpoint } from '../../../src/rtc/webrtc-endpoint.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { FakeEndpoint } from '../../helpers/fake-endpoint.ts';
import { simulatedPort } from '../../helpers/simulated-port.ts';
import { createBytes } from '../../rtc/bytes.ts';

const MEMBER = 7;
const OPUS = 111;
const PEER = { address: '10.0.0.1', port: 5000 };
const bytes = createBytes(11);
const keyOf = () => ({ key: bytes(16), salt: bytes(12) });
const KEYS: SrtpKeys = { profile: 'AEAD_AES_128_GCM', local: keyOf(), remote: keyOf() };
const DESCRIPTION: EndpointDescription = {
  kind: 'webrtc',
  parameters: {
    localUfrag: 'server',
    localPassword: 'secret',
    remoteUfrag: 'peer',
    localSsrc: 42,
    cname: 'mixer',
    opusPayloadType: OPUS,
    redPayloadType: null,
    audioLevelExtensionId: null,
    direction: 'sendrecv',
    takesStereo: true,
  },
};

/** An endpoint behind a port, and what the peer at the other end gets. */
function setUp() {
  const clock = new FakeClock();
  const port = simulatedPort();
  const demultiplexer = new Demultiplexer(port, clock);
  const sent: Buffer[] = [];
  const log: string[] = [];
  const socket: DatagramSocket = {
    protocol: 'udp',
    send: (datagram) => {
      sent.push(Buffer.from(datagram));
      return true;
    },
  };
  const open = () =>
    openEndpoint(DESCRIPTION, {
      memberId: MEMBER,
      demultiplexer,
      redundancy: new RedundancyCache(),
      random: () => 0.5,
      nowMs: clock.now(),
      relayed: new RelayedTraffic(() => {}),
      socketAt: () => socket,
      events: {
        packet: ({ payload }) => log.push(`packet ${Buffer.from(payload).toString()}`),
        sourceChanged: () => {},
        directionChanged: () => log.push('direction'),
        silent: () => {},
        moved: () => {},
        closed: () => {},
        dtls: (datagram) => log.push(`dtls ${datagram.length}`),
      },
    });
  const endpoint = open();
  const arrive = (datagram: Buffer) => demultiplexer.receive(datagram, PEER.address, PEER.port, socket);
  /** Whether a connectivity check with these credentials is answered. */
  const check = (ufrag = 'server', key = 'secret', remoteUfrag = 'peer') => {
    sent.length = 0;
    const username = `${ufrag}:${remoteUfrag}`;
    const request = { transactionId: bytes(12), username, key, priority: 1, tieBreaker: 1n, useCandidate: true };
    arrive(writeBindingRequest(request));
    return sent.splice(0).length > 0;
  };
  const command = (one: Omit<Extract<WebRtcCommand, { type: 'restart_ice' }>, 'memberId'> | object) =>
    handleByKind(endpoint, { memberId: MEMBER, ...one } as WebRtcCommand);
  return { clock, endpoint, open, sent, log, arrive, check, command };
}

const srtp = new SrtpSession({ ...KEYS, local: KEYS.remote, remote: KEYS.local });

function voicePacket(sequenceNumber: number, payload: string): Buffer {
  const datagram = Buffer.alloc(12 + payload.length + SRTP_MAX_OVERHEAD);
  writeRtpHeader(datagram, OPUS, sequenceNumber, sequenceNumber * 960, 9, false);
  datagram.write(payload, 12);
  return datagram.subarray(0, srtp.protectRtp(datagram, 12, 12 + payload.length));
}

test('an endpoint of the kind WebRTC answers checks with its credentials, and no two have the same', async (t) => {
  const { endpoint, open, check } = setUp();
  t.type(endpoint, WebRtcEndpoint);
  t.equal((endpoint as WebRtcEndpoint).id, MEMBER);
  t.ok(endpoint.takesStereo && endpoint.sends && endpoint.receives);
  t.notOk(check('other'));
  t.notOk(check('server', 'wrong'));
  t.equal(endpoint.protocol, null);
  t.ok(check());
  t.equal(endpoint.protocol, 'udp');
  t.throws(open, /ufrag/);
});

test('with its keys, voice flows in both directions', async (t) => {
  const { endpoint, check, arrive, command, log, sent } = setUp();
  check();
  arrive(voicePacket(1, 'early'));
  endpoint.send(Buffer.from('early'), 0, false, 0);
  t.same([log, sent], [[], []], 'nothing before there are keys');
  command({ type: 'set_keys', keys: KEYS });
  arrive(voicePacket(2, 'hello'));
  t.same(log, ['packet hello']);
  endpoint.send(Buffer.from('answer'), 960, false, 0);
  const [datagram] = sent;
  const header = createRtpHeader();
  t.ok(parseRtpHeader(datagram!, header, null));
  const end = srtp.unprotectRtp(datagram!, header);
  t.equal(datagram!.subarray(header.headerLength, end as number).toString(), 'answer');
});

test('a handshake goes through it in both directions', async (t) => {
  const { check, arrive, command, log, sent } = setUp();
  check();
  const record = Buffer.from([22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 3, 1, 2, 3]);
  arrive(record);
  t.same(log, [`dtls ${record.length}`]);
  command({ type: 'send_dtls', datagram: Uint8Array.of(1, 2, 3) });
  t.same(sent, [Buffer.of(1, 2, 3)]);
});

test('each command has its own effect, and no other', async (t) => {
  const { endpoint, check, command, log, sent } = setUp();
  check();
  const look = () => [endpoint.sends, endpoint.receives, log.length, sent.length];
  const before = look();
  command({ type: 'restart_ice', credentials: { localUfrag: 'new', localPassword: 'other', remoteUfrag: 'again' } });
  command({ type: 'set_keys', keys: KEYS });
  t.same(look(), before);
  command({ type: 'set_direction', direction: 'sendonly' });
  t.same(look(), [true, false, 1, 0]);
  command({ type: 'send_dtls', datagram: Uint8Array.of(1) });
  t.same(look(), [true, false, 1, 1]);
});

test('new credentials count beside the old ones until they are used', async (t) => {
  const { check, command } = setUp();
  check();
  command({ type: 'restart_ice', credentials: { localUfrag: 'new', localPassword: 'other', remoteUfrag: 'again' } });
  t.ok(check());
  t.notOk(check('new', 'secret', 'again'));
  t.ok(check('new', 'other', 'again'));
  t.notOk(check(), 'the new ones are nominated');
});

test('a new direction is followed, and reported', async (t) => {
  const { endpoint, command, log } = setUp();
  for (const [direction, sends, receives] of [
    ['sendonly', true, false],
    ['recvonly', false, true],
    ['inactive', false, false],
    ['sendrecv', true, true],
  ] as const) {
    command({ type: 'set_direction', direction });
    t.same([endpoint.sends, endpoint.receives], [sends, receives], direction);
    t.same(log.splice(0), ['direction']);
  }
});

test('an endpoint of another kind ignores what is meant for WebRTC', async (t) => {
  const endpoint = new FakeEndpoint({
    packet: () => t.fail('no packet'),
    sourceChanged: () => {},
    directionChanged: () => t.fail('no change'),
    silent: () => {},
    moved: () => {},
    closed: () => t.fail('not closed'),
  });
  handleByKind(endpoint, { type: 'set_direction', memberId: MEMBER, direction: 'inactive' });
  handleByKind(endpoint, { type: 'set_keys', memberId: MEMBER, keys: KEYS });
  handleByKind(endpoint, { type: 'send_dtls', memberId: MEMBER, datagram: Uint8Array.of(1) });
  t.same([endpoint.sends, endpoint.receives, endpoint.sent], [true, true, []]);
});

import { writeBye, writeReport } from '../../../src/rtc/rtp/rtcp.ts';
import { createRtpHeader, parseRtpHeader, writeRtpHeader } from '../../../src/rtc/rtp/rtp-packet.ts';
import { SRTP_PROFILES, type SrtpKeys, type SrtpProfile } from '../../../src/rtc/srtp/srtp-keys.ts';
import { SrtpSession } from '../../../src/rtc/srtp/srtp-session.ts';
import { type FuzzTarget, hold, joinFrames, splitFrames } from '../target.ts';

const PACKETS = 12;
/** The sequence numbers wrap in the middle. */
const FIRST = 0xfffa;
const header = createRtpHeader();

/** The first byte chooses the profile. Packets for the receiving side follow. */
export const srtp: FuzzTarget = {
  name: 'srtp',
  files: [
    'src/rtc/srtp/srtp-session.ts',
    'src/rtc/srtp/srtp-gcm.ts',
    'src/rtc/srtp/srtp-cm.ts',
    'src/rtc/srtp/replay-window.ts',
    'src/rtc/srtp/counter-keystream.ts',
  ],
  framed: true,
  maxBytes: 400,
  weight: 2,
  seeds: () => profiles.map(({ genuine }) => joinFrames([...genuine.keys()].map((hex) => Buffer.from(hex, 'hex')))),
  run: (input) => {
    for (const { keys, genuine, first, next } of profiles) {
      const session = new SrtpSession(keys);
      const accepted = new Set<string>();
      // A receiver that misses everything before the sequence number wraps cannot know about the wrap (RFC 3711 section
      // 3.3.1).
      hold(typeof unprotect(session, Uint8Array.from(first)) === 'number', 'a genuine packet is accepted');
      for (const packet of splitFrames(input)) {
        const hex = Buffer.from(packet).toString('hex');
        const end = unprotect(session, packet);
        if (typeof end === 'string') continue;
        hold(
          genuine.get(hex) === Buffer.from(packet.subarray(0, end)).toString('hex'),
          'only genuine packets are accepted',
        );
        hold(!accepted.has(hex), 'no packet is accepted twice');
        accepted.add(hex);
      }
      const afterwards = unprotect(session, Uint8Array.from(next));
      hold(typeof afterwards === 'number', 'a genuine packet is accepted after any input');
    }
  },
};

function unprotect(session: SrtpSession, packet: Uint8Array): ReturnType<SrtpSession['unprotectRtp']> {
  const second = packet[1] ?? 0;
  if (second >= 192 && second <= 223) return session.unprotectRtcp(packet);
  return parseRtpHeader(packet, header, null) ? session.unprotectRtp(packet, header) : 'malformed';
}

interface Profile {
  readonly keys: SrtpKeys;
  /** Maps each packet to its contents, both in hex. */
  readonly genuine: ReadonlyMap<string, string>;
  /** Genuine as well, but never part of an input. */
  readonly first: Uint8Array;
  readonly next: Uint8Array;
}

const profiles = (Object.keys(SRTP_PROFILES) as SrtpProfile[]).map(createProfile);

function createProfile(profile: SrtpProfile): Profile {
  const { keyLength, saltLength } = SRTP_PROFILES[profile];
  const master = (fill: number) => ({
    key: new Uint8Array(keyLength).fill(fill),
    salt: new Uint8Array(saltLength).fill(fill),
  });
  const sender = new SrtpSession({ profile, local: master(1), remote: master(2) });
  const genuine = new Map<string, string>();
  const protect = (plain: Buffer, isRtcp: boolean) => {
    const packet = Buffer.concat([plain, Buffer.alloc(20)]);
    const length = isRtcp ? sender.protectRtcp(packet, plain.length) : sender.protectRtp(packet, 12, plain.length);
    return packet.subarray(0, length);
  };
  const first = protect(rtpPacket(FIRST), false);
  for (let i = 1; i < PACKETS; i++) {
    const isRtcp = i % 4 === 3;
    const plain = isRtcp ? rtcpPacket() : rtpPacket(FIRST + i);
    genuine.set(protect(plain, isRtcp).toString('hex'), plain.toString('hex'));
  }
  const next = protect(rtpPacket(FIRST + PACKETS), false);
  return { keys: { profile, local: master(2), remote: master(1) }, genuine, first, next };
}

function rtpPacket(sequence: number): Buffer {
  const packet = Buffer.alloc(52, sequence);
  writeRtpHeader(packet, 111, sequence & 0xffff, sequence, 7, false);
  return packet;
}

function rtcpPacket(): Buffer {
  const bytes = Buffer.alloc(64);
  return bytes.subarray(0, writeBye(bytes, writeReport(bytes, 0, 7, null, []), 7));
}

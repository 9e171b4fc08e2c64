import * as fc from 'fast-check';
import { test } from 'tap';
import { RtpHeader, SrtcpSession, SrtpSession as WeriftSrtpSession } from 'werift';
import { USE_SRTP_PROFILES } from '../../../src/rtc/dtls/use-srtp.ts';
import { createRtpHeader, parseRtpHeader, writeRtpHeader } from '../../../src/rtc/rtp/rtp-packet.ts';
import { MAX_SOURCES } from '../../../src/rtc/srtp/received-sources.ts';
import { CmTransform } from '../../../src/rtc/srtp/srtp-cm.ts';
import { GcmTransform } from '../../../src/rtc/srtp/srtp-gcm.ts';
import { SRTP_PROFILES, type SrtpKeys, type SrtpProfile } from '../../../src/rtc/srtp/srtp-keys.ts';
import { estimateIndex, SRTP_MAX_OVERHEAD, SrtpSession } from '../../../src/rtc/srtp/srtp-session.ts';
import { createBytes } from '../bytes.ts';

const randomBytes = createBytes(1);
const PROFILES = Object.keys(SRTP_PROFILES) as SrtpProfile[];
const SSRC = 0xdeadbeef;

function keysOf(profile: SrtpProfile): { ours: SrtpKeys; theirs: SrtpKeys } {
  const { keyLength, saltLength } = SRTP_PROFILES[profile];
  const local = { key: randomBytes(keyLength), salt: randomBytes(saltLength) };
  const remote = { key: randomBytes(keyLength), salt: randomBytes(saltLength) };
  return { ours: { profile, local, remote }, theirs: { profile, local: remote, remote: local } };
}

function pair(profile: SrtpProfile) {
  const { ours, theirs } = keysOf(profile);
  return { sender: new SrtpSession(ours), receiver: new SrtpSession(theirs) };
}

function protect(sender: SrtpSession, sequenceNumber: number, payload: Uint8Array, ssrc = SSRC): Buffer {
  const packet = Buffer.alloc(12 + payload.length + SRTP_MAX_OVERHEAD);
  writeRtpHeader(packet, 111, sequenceNumber, sequenceNumber * 960, ssrc, false);
  packet.set(payload, 12);
  return packet.subarray(0, sender.protectRtp(packet, 12, 12 + payload.length));
}

function unprotect(receiver: SrtpSession, protectedPacket: Uint8Array): Buffer | string {
  const packet = Buffer.from(protectedPacket);
  const header = createRtpHeader();
  if (!parseRtpHeader(packet, header, null)) return 'no rtp';
  const end = receiver.unprotectRtp(packet, header);
  return typeof end === 'string' ? end : packet.subarray(header.headerLength, end);
}

for (const profile of PROFILES) {
  test(`${profile}: payloads of any length arrive as they were sent`, (t) => {
    const { sender, receiver } = pair(profile);
    for (let i = 0; i < 400; i++) {
      const payload = randomBytes((i * 37) % 500);
      const result = unprotect(receiver, protect(sender, i, payload));
      if (typeof result === 'string' || !result.equals(payload)) t.fail(`packet ${i}: ${String(result)}`);
    }
    t.end();
  });

  test(`${profile}: the sequence number may wrap, and an outage over the wrap heals`, (t) => {
    const { sender, receiver } = pair(profile);
    const received: number[] = [];
    const lost = (n: number) => n >= 65_200 && n < 65_536 + 20_000;
    // One by one at the beginning, after the outage and around the next wrap.
    const isDense = (n: number) => n < 65_100 || (n > 85_400 && n < 85_700) || n > 65_536 * 2 - 300;
    for (let n = 65_000; n < 65_536 * 2 + 500; n += isDense(n) ? 1 : 100) {
      const packet = protect(sender, n & 0xffff, Buffer.from([n & 0xff, 1, 2]));
      if (!lost(n) && typeof unprotect(receiver, packet) !== 'string') received.push(n);
      else if (!lost(n)) t.fail(`packet ${n} was refused`);
    }
    t.equal(received.at(-1), 65_536 * 2 + 499);
    t.end();
  });

  test(`${profile}: packets out of order around the wrap are accepted once each`, (t) => {
    const { sender, receiver } = pair(profile);
    const packets = Array.from({ length: 60 }, (_, i) => protect(sender, (65_510 + i) & 0xffff, randomBytes(20)));
    t.type(unprotect(receiver, packets[0]!), Buffer);
    for (let i = 59; i > 0; i--) t.type(unprotect(receiver, packets[i]!), Buffer, `packet ${i}`);
    for (const packet of packets) t.equal(unprotect(receiver, packet), 'replay');
    t.end();
  });

  test(`${profile}: a packet older than the replay window is refused`, (t) => {
    const { sender, receiver } = pair(profile);
    const packets = Array.from({ length: 130 }, (_, i) => protect(sender, i, randomBytes(10)));
    t.type(unprotect(receiver, packets[129]!), Buffer);
    t.equal(unprotect(receiver, packets[1]!), 'replay');
    t.type(unprotect(receiver, packets[2]!), Buffer);
    t.end();
  });

  test(`${profile}: a packet with any one bit changed is refused, and the genuine one is accepted afterwards`, (t) => {
    const { sender, receiver } = pair(profile);
    unprotect(receiver, protect(sender, 1, randomBytes(30)));
    const packet = protect(sender, 2, randomBytes(30));
    for (let bit = 0; bit < packet.length * 8; bit++) {
      const forged = Buffer.from(packet);
      forged[bit >> 3]! ^= 1 << (bit & 7);
      if (typeof unprotect(receiver, forged) !== 'string') t.fail(`bit ${bit}`);
    }
    t.type(unprotect(receiver, packet), Buffer);
    t.end();
  });

  test(`${profile}: no index is used twice, and a second source is refused`, (t) => {
    const { sender } = pair(profile);
    t.ok(protect(sender, 7, randomBytes(5)).length > 0);
    t.equal(protect(sender, 7, randomBytes(5)).length, 0);
    t.equal(protect(sender, 6, randomBytes(5)).length, 0);
    t.equal(protect(sender, 8, randomBytes(5), SSRC + 1).length, 0);
    t.ok(protect(sender, 8, randomBytes(5)).length > 0);
    t.equal(sender.protectRtp(Buffer.from(protect(sender, 9, randomBytes(5))), 12, 40), 0, 'without room for the tag');
    t.end();
  });

  test(`${profile}: a peer may change its source repeatedly, and no packet of a former one is accepted twice`, (t) => {
    const { ours, theirs } = keysOf(profile);
    const receiver = new SrtpSession(theirs);
    const captured: Buffer[] = [];
    for (let ssrc = 1; ssrc <= 60; ssrc++) {
      const sender = new SrtpSession(ours);
      for (const sequenceNumber of [5, 6, 8]) {
        const packet = protect(sender, sequenceNumber, randomBytes(9), ssrc);
        if (typeof unprotect(receiver, packet) === 'string') t.fail(`source ${ssrc}`);
        captured.push(packet);
      }
      // Lost on its way to us, but not to an eavesdropper.
      captured.push(protect(sender, 9, randomBytes(9), ssrc).subarray(0, ssrc > 52 ? 0 : undefined));
      if (ssrc <= 52) unprotect(receiver, captured.at(-1)!);
    }
    for (const packet of captured.filter(({ length }) => length > 0)) t.equal(unprotect(receiver, packet), 'replay');
    t.end();
  });

  test(`${profile}: a former source that continues is accepted`, (t) => {
    const { ours, theirs } = keysOf(profile);
    const receiver = new SrtpSession(theirs);
    const senders = Array.from({ length: 20 }, () => new SrtpSession(ours));
    for (const round of [0, 1, 2, 3]) {
      for (const [ssrc, sender] of senders.entries()) {
        const result = unprotect(receiver, protect(sender, (65_530 + round * 4) & 0xffff, randomBytes(9), ssrc));
        if (typeof result === 'string') t.fail(`round ${round}, source ${ssrc}: ${result}`);
      }
    }
    t.end();
  });

  test(`${profile}: the packets before the first wrap may all be lost`, (t) => {
    for (const first of [0, 5, 3000, 32_000]) {
      const { sender, receiver } = pair(profile);
      protect(sender, 65_530, randomBytes(9));
      for (let n = first; n < first + 3; n++) {
        const payload = randomBytes(20);
        const packet = protect(sender, n, payload);
        t.same(unprotect(receiver, packet), payload, `packet ${n}`);
        t.equal(unprotect(receiver, packet), 'replay');
      }
      t.equal(unprotect(receiver, protect(new SrtpSession(keysOf(profile).ours), first + 10, randomBytes(9))), 'auth');
    }
    t.end();
  });

  test(`${profile}: an outage of any length heals at once`, (t) => {
    for (const lost of [32_700, 32_768, 32_769, 40_000, 65_400, 65_500, 65_536, 65_537, 70_000, 98_000, 130_000]) {
      for (const start of [0, 100, 65_530]) {
        const { sender, receiver } = pair(profile);
        for (let n = start; n < start + 3; n++) unprotect(receiver, protect(sender, n & 0xffff, randomBytes(9)));
        // The sender's own counter advances in steps that it can follow.
        for (let n = start + 3; n < start + 3 + lost; n += 20_000) protect(sender, n & 0xffff, randomBytes(1));
        for (let n = start + 3 + lost; n < start + 6 + lost; n++) {
          const payload = randomBytes(9);
          t.same(unprotect(receiver, protect(sender, n & 0xffff, payload)), payload, `${lost} lost from ${start}`);
        }
      }
    }
    t.end();
  });

  test(`${profile}: after an outage of three sequence number cycles no more counters are tried`, (t) => {
    for (const [rounds, heals] of [
      [2, true],
      [3, false],
    ] as const) {
      const { sender, receiver } = pair(profile);
      unprotect(receiver, protect(sender, 0, randomBytes(9)));
      for (let n = 0; n < rounds * 65_536; n += 16_384) protect(sender, (n + 1) & 0xffff, randomBytes(1));
      const result = unprotect(receiver, protect(sender, 2, randomBytes(9)));
      t.equal(typeof result !== 'string', heals, `${rounds} cycles`);
    }
    t.end();
  });

  test(`${profile}: after many forged packets a lost wrap is still found, a little later`, (t) => {
    const { sender, receiver } = pair(profile);
    protect(sender, 65_530, randomBytes(9));
    const forger = new SrtpSession(keysOf(profile).ours);
    for (let i = 0; i < 1000; i++) {
      const forged = protect(forger, i, randomBytes(9));
      if (unprotect(receiver, forged) !== 'auth') t.fail('a forged packet was accepted');
    }
    const results = Array.from({ length: 20 }, (_, n) => unprotect(receiver, protect(sender, n, randomBytes(9))));
    const found = results.findIndex((result) => typeof result !== 'string');
    t.ok(found >= 0 && found < 16, `with packet ${found}`);
    t.ok(results.slice(found).every((result) => typeof result !== 'string'));
    t.end();
  });

  test(`${profile}: 64 forged packets in a row cost nothing, and after more of them every 16th packet is fully checked`, (t) => {
    for (const forgedPackets of [0, 1, 30, 63, 64, 65, 66, 79, 80, 81, 96, 111]) {
      const { sender, receiver } = pair(profile);
      protect(sender, 65_530, randomBytes(9));
      const damaged = protect(sender, 0, randomBytes(9));
      damaged[damaged.length - 1]! ^= 1;
      for (let i = 0; i < forgedPackets; i++) unprotect(receiver, damaged);
      let tries = 1;
      while (typeof unprotect(receiver, protect(sender, tries, randomBytes(9))) === 'string') tries++;
      const seen = forgedPackets + tries;
      const isRight = forgedPackets <= 64 ? tries === 1 : tries <= 16 && seen % 16 === 1;
      if (!isRight) t.fail(`after ${forgedPackets} forged packets genuine one ${tries} was the first to be accepted`);
    }
    t.end();
  });

  test(`${profile}: a genuine packet ends all doubts`, (t) => {
    const { sender, receiver } = pair(profile);
    unprotect(receiver, protect(sender, 30_000, randomBytes(9)));
    let sent = 30_000;
    const next = (step = 1) => {
      sent += step;
      return protect(sender, sent & 0xffff, randomBytes(9));
    };
    for (let outage = 0; outage < 3; outage++) {
      const forged = next();
      forged[forged.length - 1]! ^= 1;
      for (let i = 0; i < 64; i++) unprotect(receiver, forged);
      // The sender goes on for more packets than half of the sequence numbers.
      for (let i = 0; i < 4; i++) next(9000);
      t.type(unprotect(receiver, next()), Buffer, `outage ${outage}`);
    }
    t.end();
  });

  test(`${profile}: the first index is not used twice either, wherever it is`, (t) => {
    for (const first of [0, 1, 65_535]) {
      const { sender } = pair(profile);
      t.ok(protect(sender, first, randomBytes(9)).length > 0);
      t.equal(protect(sender, first, randomBytes(9)).length, 0);
      t.equal(protect(sender, (first + 1) & 0xffff, randomBytes(9), 77).length, 0, 'nor by another source');
      t.ok(protect(sender, (first + 1) & 0xffff, randomBytes(9)).length > 0);
    }
    t.end();
  });

  // RFC 3711 section 3.4.
  test(`${profile}: the index of SRTCP begins with 0 and increases by one`, (t) => {
    const { sender } = pair(profile);
    const transform = profile === 'AEAD_AES_128_GCM' ? 4 : 14;
    for (let index = 0; index < 3; index++) {
      const packet = Buffer.alloc(8 + SRTP_MAX_OVERHEAD);
      packet.writeUInt32BE(0x80c9_0001);
      const length = sender.protectRtcp(packet, 8);
      t.equal(packet.readUInt32BE(length - transform), 0x8000_0000 + index);
    }
    t.end();
  });

  test(`${profile}: there is room for ${MAX_SOURCES} sources of RTP and as many of RTCP, and those continue`, (t) => {
    const { ours, theirs } = keysOf(profile);
    const receiver = new SrtpSession(theirs);
    // A session sends one source only, but the packet protection itself does not care.
    const transform =
      profile === 'AEAD_AES_128_GCM' ? new GcmTransform(ours.local, 'send') : new CmTransform(ours.local);
    const rtp = (ssrc: number, sequenceNumber: number) => {
      const packet = Buffer.alloc(15 + transform.tagLength);
      writeRtpHeader(packet, 111, sequenceNumber, 0, ssrc, false);
      transform.sealRtp(packet, 12, 15, ssrc, sequenceNumber);
      return unprotect(receiver, packet);
    };
    // The SRTCP index continues from source to source.
    const rtcpSender = new SrtpSession(ours);
    const rtcp = (ssrc: number) => {
      const packet = Buffer.alloc(8 + SRTP_MAX_OVERHEAD);
      packet.writeUInt32BE(0x80c9_0001);
      packet.writeUInt32BE(ssrc, 4);
      return receiver.unprotectRtcp(packet.subarray(0, rtcpSender.protectRtcp(packet, 8)));
    };
    for (let ssrc = 0; ssrc < MAX_SOURCES; ssrc++) if (typeof rtp(ssrc, 1) === 'string') t.fail(`source ${ssrc}`);
    for (let ssrc = 0; ssrc < MAX_SOURCES; ssrc++) if (rtcp(ssrc) !== 8) t.fail(`source ${ssrc} of RTCP`);
    t.equal(rtp(MAX_SOURCES, 1), 'malformed');
    t.equal(rtcp(MAX_SOURCES), 'malformed');
    t.type(rtp(17, 2), Buffer);
    t.equal(rtcp(17), 8);
    t.end();
  });

  test(`${profile}: nothing is written beyond the end of a packet`, (t) => {
    for (let room = 0; room <= SRTP_MAX_OVERHEAD; room++) {
      const { sender, receiver } = pair(profile);
      const body = randomBytes(30);
      const report = Buffer.concat([Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 9]), body]);
      const rtp = Buffer.alloc(12 + body.length + room);
      writeRtpHeader(rtp, 111, 1, 1, SSRC, false);
      rtp.set(body, 12);
      const rtpEnd = sender.protectRtp(rtp, 12, 12 + body.length);
      if (rtpEnd === 0) t.ok(room < 16, `${room} bytes were enough for RTP`);
      else t.same(unprotect(receiver, rtp.subarray(0, rtpEnd)), body);
      const rtcp = Buffer.alloc(report.length + room);
      rtcp.set(report);
      const rtcpEnd = sender.protectRtcp(rtcp, report.length);
      if (rtcpEnd === 0) t.ok(room < 20, `${room} bytes were enough for RTCP`);
      else t.equal(receiver.unprotectRtcp(rtcp.subarray(0, rtcpEnd)), report.length);
    }
    t.equal(pair(profile).sender.protectRtcp(Buffer.alloc(100), 7), 0, 'RTCP is never shorter than its header');
    t.end();
  });

  test(`${profile}: SRTCP arrives, and is not accepted twice, forged or unencrypted`, (t) => {
    const { sender, receiver } = pair(profile);
    const report = Buffer.concat([Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 9]), randomBytes(24)]);
    for (let i = 0; i < 3; i++) {
      const packet = Buffer.alloc(report.length + SRTP_MAX_OVERHEAD);
      report.copy(packet);
      const sealed = packet.subarray(0, sender.protectRtcp(packet, report.length));
      const forged = Buffer.from(sealed);
      forged[10]! ^= 1;
      t.equal(receiver.unprotectRtcp(forged), 'auth');
      const clear = Buffer.from(sealed);
      clear[clear.length - (profile === 'AEAD_AES_128_GCM' ? 4 : 14)]! &= 0x7f;
      t.equal(receiver.unprotectRtcp(clear), 'malformed');
      const again = Buffer.from(sealed);
      const length = receiver.unprotectRtcp(sealed);
      t.equal(length, report.length);
      t.same(sealed.subarray(0, report.length), report);
      t.equal(receiver.unprotectRtcp(again), 'replay');
    }
    t.equal(receiver.unprotectRtcp(Buffer.alloc(12)), 'malformed');
    t.end();
  });

  test(`${profile}: werift understands us and we understand werift`, (t) => {
    const { ours } = keysOf(profile);
    const session = new SrtpSession(ours);
    const config = {
      profile: USE_SRTP_PROFILES[profile].id,
      keys: {
        localMasterKey: Buffer.from(ours.remote.key),
        localMasterSalt: Buffer.from(ours.remote.salt),
        remoteMasterKey: Buffer.from(ours.local.key),
        remoteMasterSalt: Buffer.from(ours.local.salt),
      },
    };
    const werift = new WeriftSrtpSession(config);
    const weriftRtcp = new SrtcpSession(config);
    for (let i = 0; i < 40; i++) {
      const payload = randomBytes(20 + i * 5);
      t.same(
        werift.decrypt(protect(session, 65_520 + i > 65_535 ? i - 16 : 65_520 + i, payload)).subarray(12),
        payload,
      );
      const header = new RtpHeader({ payloadType: 111, sequenceNumber: 100 + i, timestamp: i, ssrc: 77 });
      t.same(unprotect(session, werift.encrypt(payload, header)), payload);

      const report = Buffer.concat([Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 9]), randomBytes(8)]);
      const packet = Buffer.alloc(report.length + SRTP_MAX_OVERHEAD);
      report.copy(packet);
      t.same(weriftRtcp.decrypt(packet.subarray(0, session.protectRtcp(packet, report.length))), report);
      const theirs = weriftRtcp.encrypt(report);
      t.equal(session.unprotectRtcp(theirs), report.length);
      t.same(theirs.subarray(0, report.length), report);
    }
    t.end();
  });

  test(`${profile}: whatever bytes arrive, unprotecting neither throws nor accepts`, (t) => {
    const { receiver } = pair(profile);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        if (bytes.length > 0) bytes[0] = (bytes[0]! & 0x3f) | 0x80;
        return (
          typeof unprotect(receiver, bytes) === 'string' &&
          typeof receiver.unprotectRtcp(Buffer.from(bytes)) === 'string'
        );
      }),
    );
    t.end();
  });
}

test('the index is the one nearest to the reference', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 40_000, max: 2 ** 40 }),
      fc.integer({ min: -32_767, max: 32_767 }),
      (reference, distance) => {
        const index = reference + distance;
        return estimateIndex(reference, index % 65_536) === index;
      },
    ),
  );
  fc.assert(
    fc.property(fc.nat(70_000), fc.nat(65_535), (reference, sequenceNumber) => {
      const index = estimateIndex(reference, sequenceNumber);
      const isNearest = Math.abs(index - reference) <= 32_768;
      return index >= 0 && index % 65_536 === sequenceNumber && (isNearest || index < 65_536);
    }),
  );
  t.equal(estimateIndex(3, 65_535), 65_535, 'there is nothing before the first index');
  t.end();
});

test('the maximum overhead is the most that any profile adds to a report', (t) => {
  const added = PROFILES.map((profile) => pair(profile).sender.protectRtcp(Buffer.alloc(100), 8) - 8);
  t.equal(Math.max(...added), SRTP_MAX_OVERHEAD);
  t.end();
});

test('keys of the wrong length are refused', (t) => {
  const { ours } = keysOf('AEAD_AES_128_GCM');
  t.throws(() => new SrtpSession({ ...ours, profile: 'AES128_CM_HMAC_SHA1_80' }), RangeError);
  t.end();
});

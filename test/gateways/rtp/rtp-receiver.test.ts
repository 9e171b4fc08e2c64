import { randomBytes } from 'node:crypto';
import { test } from 'tap';
import { type DroppedPackets, RtpReceiver } from '../../../src/gateways/rtp/rtp-receiver.ts';
import { RtpSender } from '../../../src/gateways/rtp/rtp-sender.ts';
import { parseSdesKey } from '../../../src/gateways/rtp/sdes-key.ts';
import { writeRtpHeader } from '../../../src/rtc/rtp/rtp-packet.ts';
import { cases } from '../../helpers/cases.ts';
import { createPrng } from '../../helpers/prng.ts';

const SOUND = Uint8Array.of(0xf8, 1, 2, 3);
const STUDIO = '192.0.2.7';
const OTHER = '192.0.2.8';
const NONE: DroppedPackets = { otherSource: 0, otherStream: 0, malformed: 0, unauthentic: 0, tooMany: 0 };

interface Fields {
  readonly payloadType?: number;
  readonly sequenceNumber?: number;
  readonly timestamp?: number;
  readonly ssrc?: number;
  readonly payload?: Uint8Array;
}

function packet(fields: Fields = {}): Uint8Array {
  const { payloadType = 97, sequenceNumber = 1, timestamp = 960, ssrc = 5, payload = SOUND } = fields;
  const bytes = new Uint8Array(12 + payload.length);
  writeRtpHeader(bytes, payloadType, sequenceNumber, timestamp, ssrc, true);
  bytes.set(payload, 12);
  return bytes;
}

const plain = (source: string | null = null) => new RtpReceiver({ source, key: null, nowMs: 0 });

test('the first packet decides whose are heard', async (t) => {
  const receiver = plain();
  t.equal(receiver.source, null);
  t.equal(receiver.receive(packet({ payloadType: 33 }), OTHER, 0), 'dropped', 'not by what is no packet');
  t.equal(receiver.receive(packet(), STUDIO, 0), 'first');
  t.same(receiver.packet, { sequenceNumber: 1, timestamp: 960, payload: SOUND, levelDbov: null });
  t.equal(receiver.receive(packet({ sequenceNumber: 2 }), OTHER, 20), 'dropped');
  t.equal(receiver.receive(packet({ sequenceNumber: 2, timestamp: 1920 }), STUDIO, 20), 'next');
  t.match(receiver.packet, { sequenceNumber: 2, timestamp: 1920 });
  t.equal(receiver.receive(packet(), OTHER, 60_000), 'dropped', 'for ever');
  t.match(receiver, { source: STUDIO, ssrc: 5, packets: 2 });
  t.same(receiver.dropped, { ...NONE, malformed: 1, otherSource: 2 });
});

test('a sender that was named is the only one', async (t) => {
  const receiver = plain(STUDIO);
  t.equal(receiver.receive(packet(), OTHER, 0), 'dropped');
  t.equal(receiver.source, STUDIO);
  t.equal(receiver.receive(packet(), STUDIO, 0), 'first');
  t.same(receiver.dropped, { ...NONE, otherSource: 1 });
});

test('another stream is heard when the first has been silent for a second', async (t) => {
  const receiver = plain();
  receiver.receive(packet(), STUDIO, 1000);
  t.equal(receiver.isHeard(1999), true);
  t.equal(receiver.receive(packet({ ssrc: 6 }), STUDIO, 1999), 'dropped');
  t.equal(receiver.receive(packet({ payloadType: 111 }), STUDIO, 1999), 'dropped', 'nor with another payload type');
  t.equal(receiver.isHeard(2000), false);
  t.equal(receiver.receive(packet({ ssrc: 6, sequenceNumber: 900 }), STUDIO, 2000), 'first');
  t.match(receiver, { ssrc: 6, packets: 2 });
  t.equal(receiver.receive(packet({ ssrc: 5 }), STUDIO, 2020), 'dropped');
  t.equal(receiver.receive(packet({ ssrc: 6 }), STUDIO, 9000), 'next', 'the same goes on after a pause');
  t.equal(receiver.receive(packet({ ssrc: 6, payloadType: 127 }), STUDIO, 10_000), 'first');
  t.same(receiver.dropped, { ...NONE, otherStream: 3 });
});

test('dynamic payload types are heard, and those of RTCP are not', async (t) => {
  for (const [payloadType, kind] of [
    ...([
      [95, 'dropped'],
      [96, 'first'],
      [127, 'first'],
      [72, 'dropped'],
    ] as const),
  ])
    t.equal(plain().receive(packet({ payloadType }), STUDIO, 0), kind, String(payloadType));
});

test('numbers go on after they have begun again', async (t) => {
  const receiver = plain();
  receiver.receive(packet({ sequenceNumber: 65_535, timestamp: 0xffff_fc40 }), STUDIO, 0);
  t.match(receiver.packet, { sequenceNumber: 65_535, timestamp: 0xffff_fc40 });
  t.equal(receiver.receive(packet({ sequenceNumber: 0, timestamp: 0 }), STUDIO, 20), 'next');
  t.match(receiver.packet, { sequenceNumber: 0, timestamp: 0 });
});

test('padding is no sound, and what is no packet of Opus is dropped', async (t) => {
  const receiver = plain();
  const padded = packet({ payload: Uint8Array.of(...SOUND, 0, 0, 3) });
  padded[0]! |= 0x20;
  t.equal(receiver.receive(padded, STUDIO, 0), 'first');
  t.same(receiver.packet.payload, SOUND);
  const wrongPadding = packet({ payload: Uint8Array.of(0xf8, 200) });
  wrongPadding[0]! |= 0x20;
  const wrongVersion = packet();
  wrongVersion[0] = 0x40;
  const noSound = packet({ payload: new Uint8Array(0) });
  for (const wrong of [wrongPadding, wrongVersion, noSound, new Uint8Array(0), packet().subarray(0, 11)])
    t.equal(receiver.receive(wrong, STUDIO, 20), 'dropped');
  t.same(receiver.dropped, { ...NONE, malformed: 5 });
});

test('more than 500 packets a second are too many', async (t) => {
  const receiver = plain();
  let heard = 0;
  for (let n = 0; n < 800; n++) if (receiver.receive(packet({ sequenceNumber: n }), STUDIO, 0) !== 'dropped') heard++;
  t.equal(heard, 500);
  t.same(receiver.dropped, { ...NONE, tooMany: 300 });
  t.equal(receiver.receive(packet({ sequenceNumber: 801 }), STUDIO, 2), 'next');
});

test('with a key, only who has it is heard, over the end of the numbers', async (t) => {
  const key = parseSdesKey(randomBytes(30).toString('base64'));
  const sender = new RtpSender({ payloadType: 111, ssrc: 7, key });
  const stranger = new RtpSender({ payloadType: 111, ssrc: 7, key: parseSdesKey(randomBytes(30).toString('base64')) });
  const receiver = new RtpReceiver({ source: null, key, nowMs: 0 });
  t.equal(receiver.receive(stranger.packet(SOUND, 0), OTHER, 0), 'dropped');
  t.equal(receiver.source, null, 'a stranger is not the sender');
  t.equal(
    receiver.receive(packet({ payload: new Uint8Array(30).fill(0xf8) }), OTHER, 0),
    'dropped',
    'nor is who sends plain RTP',
  );
  const first = sender.packet(SOUND, 0);
  const again = first.slice();
  t.equal(receiver.receive(first, STUDIO, 0), 'first');
  t.same(receiver.packet.payload, SOUND);
  t.equal(receiver.receive(again, STUDIO, 0), 'dropped', 'nothing is heard twice');
  t.same(receiver.dropped, { ...NONE, unauthentic: 3 });
  for (let n = 1; n < 65_540; n++) {
    const datagram = sender.packet(SOUND, n * 960);
    if (n % 1000 === 0 || n > 65_530)
      t.equal(receiver.receive(datagram, STUDIO, n * 20), 'next', `packet ${n} of the sender`);
  }
});

test('nothing that arrives breaks it', async (t) => {
  const random = createPrng(14);
  const key = parseSdesKey(randomBytes(30).toString('base64'));
  for (const receiver of [plain(), new RtpReceiver({ source: null, key, nowMs: 0 })]) {
    for (let n = 0; n < cases(5000); n++) {
      const bytes = Uint8Array.from({ length: Math.floor(random() * 60) }, () => Math.floor(random() * 256));
      if (bytes.length > 1) {
        bytes[0] = 0x80 | (bytes[0]! & 0x3f);
        bytes[1] = 0x60 | bytes[1]!;
      }
      receiver.receive(bytes, STUDIO, n * 20);
    }
  }
  t.end();
});

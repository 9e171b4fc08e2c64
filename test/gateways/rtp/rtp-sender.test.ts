import { test } from 'tap';
import { RtpSender } from '../../../src/gateways/rtp/rtp-sender.ts';
import { parseSdesKey } from '../../../src/gateways/rtp/sdes-key.ts';
import { createRtpHeader, parseRtpHeader } from '../../../src/rtc/rtp/rtp-packet.ts';

const SOUND = Uint8Array.of(0xf8, 1, 2, 3);

function headerOf(packet: Uint8Array) {
  const header = createRtpHeader();
  parseRtpHeader(packet, header, null);
  return header;
}

test('packets have a header of twelve bytes, numbers that go on, and times that begin again', async (t) => {
  const sender = new RtpSender({ payloadType: 111, ssrc: 0xdead_beef, key: null });
  const first = sender.packet(SOUND, 0);
  t.same(first.subarray(12), Buffer.from(SOUND));
  const same = { payloadType: 111, ssrc: 0xdead_beef, headerLength: 12 };
  t.match(headerOf(first), { ...same, sequenceNumber: 0, timestamp: 0, marker: true });
  t.match(headerOf(sender.packet(SOUND, 960)), { ...same, sequenceNumber: 1, timestamp: 960, marker: false });
  t.match(headerOf(sender.packet(SOUND, 2 ** 32 + 960)), { sequenceNumber: 2, timestamp: 960 });
  for (let n = 3; n < 65_536; n++) sender.packet(SOUND, 0);
  t.match(headerOf(sender.packet(SOUND, 0)), { sequenceNumber: 0, marker: false });
  t.equal(sender.packets, 65_537);
});

test('with a key, the sound cannot be read, and ten bytes prove whose it is', async (t) => {
  const key = parseSdesKey(Buffer.alloc(30, 7).toString('base64'));
  const packet = new RtpSender({ payloadType: 96, ssrc: 1, key }).packet(SOUND, 0);
  t.equal(packet.length, 12 + SOUND.length + 10);
  t.notSame(packet.subarray(12, 16), Buffer.from(SOUND));
  t.match(headerOf(packet), { payloadType: 96, ssrc: 1, sequenceNumber: 0 });
});

test('a key of SDES is 16 bytes of key and 14 of salt', async (t) => {
  const bytes = Buffer.from(Array.from({ length: 30 }, (_, n) => n));
  const { key, salt } = parseSdesKey(bytes.toString('base64'));
  t.same(key, bytes.subarray(0, 16));
  t.same(salt, bytes.subarray(16));
});

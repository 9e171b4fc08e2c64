import { test } from 'tap';
import { ReceivedPacket } from '../../../src/rtc/rtp/received-packet.ts';

test('a new packet is empty, and packets do not share state', (t) => {
  const packet = new ReceivedPacket();
  t.match(packet, { sequenceNumber: 0, levelDbov: null, redundant: false, marker: false, headerLength: 12 });
  t.equal(packet.payload.length, 0);
  packet.sequenceNumber = 7;
  t.equal(new ReceivedPacket().sequenceNumber, 0);
  t.end();
});

test('the fields that hold 32 bits begin with a number that needs them', (t) => {
  const { timestamp, ssrc } = new ReceivedPacket();
  for (const value of [timestamp, ssrc]) t.ok(value > 2 ** 31 - 1 && value < 2 ** 32);
  t.end();
});

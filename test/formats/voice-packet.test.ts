import { test } from 'tap';
import { createVoicePacket } from '../../src/formats/voice-packet.ts';

test('a new packet is empty, and packets do not share state', (t) => {
  const packet = createVoicePacket();
  t.match(packet, { sequenceNumber: 0, timestamp: 0, levelDbov: null, redundant: false });
  t.equal(packet.payload.length, 0);
  packet.sequenceNumber = 7;
  t.equal(createVoicePacket().sequenceNumber, 0);
  t.end();
});

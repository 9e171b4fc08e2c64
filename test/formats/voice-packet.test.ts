import { test } from 'tap';
import { createVoicePacket } from '../../src/formats/voice-packet.ts';

test('a packet begins empty, and each is one of its own', (t) => {
  const packet = createVoicePacket();
  t.match(packet, { sequenceNumber: 0, timestamp: 0, levelDbov: null, redundant: false });
  t.equal(packet.payload.length, 0);
  packet.sequenceNumber = 7;
  t.equal(createVoicePacket().sequenceNumber, 0);
  t.end();
});

import { test } from 'tap';
import { createVoicePacket } from '../../../src/formats/voice-packet.ts';
import { writeRed } from '../../../src/rtc/rtp/red.ts';
import { RedReceiver } from '../../../src/rtc/rtp/red-receiver.ts';

test('each block is delivered with the number and the time of its original, including around a wrap', (t) => {
  const delivered: object[] = [];
  const receiver = new RedReceiver(111, ({ payload, ...packet }, nowMs) =>
    delivered.push({ ...packet, payload: Buffer.from(payload).toString(), nowMs }),
  );
  const payload = writeRed(Buffer.from('before'), 960, Buffer.from('now'), 111)!;
  receiver.receive({ ...createVoicePacket(), sequenceNumber: 0, timestamp: 100, levelDbov: -30, payload }, 7);
  t.strictSame(delivered, [
    { sequenceNumber: 65_535, timestamp: 2 ** 32 - 860, levelDbov: -30, redundant: true, payload: 'before', nowMs: 7 },
    { sequenceNumber: 0, timestamp: 100, levelDbov: -30, redundant: false, payload: 'now', nowMs: 7 },
  ]);
  t.end();
});

test('RED that is malformed or holds another payload type is not delivered', (t) => {
  const receiver = new RedReceiver(111, () => t.fail('delivered'));
  const payload = writeRed(Buffer.from('before'), 960, Buffer.from('now'), 109)!;
  receiver.receive({ ...createVoicePacket(), payload }, 0);
  receiver.receive(createVoicePacket(), 0);
  t.end();
});

import { test } from 'tap';
import { writeRed } from '../../../src/rtc/rtp/red.ts';
import { RedReceiver } from '../../../src/rtc/rtp/red-receiver.ts';

const blank = { sequenceNumber: 0, timestamp: 0, payload: new Uint8Array(0), levelDbov: null, redundant: false };

test('each block is delivered with the number and the time of its original, including around a wrap', (t) => {
  const delivered: object[] = [];
  const receiver = new RedReceiver(111, ({ payload, ...packet }, nowMs) =>
    delivered.push({ ...packet, payload: Buffer.from(payload).toString(), nowMs }),
  );
  const payload = writeRed(Buffer.from('before'), 960, Buffer.from('now'), 111)!;
  receiver.receive({ ...blank, sequenceNumber: 0, timestamp: 100, levelDbov: -30, payload }, 7);
  t.strictSame(delivered, [
    { sequenceNumber: 65_535, timestamp: 2 ** 32 - 860, levelDbov: -30, redundant: true, payload: 'before', nowMs: 7 },
    { sequenceNumber: 0, timestamp: 100, levelDbov: -30, redundant: false, payload: 'now', nowMs: 7 },
  ]);
  t.end();
});

test('RED that is malformed or holds another payload type is not delivered, even after good RED', (t) => {
  let delivered = 0;
  const receiver = new RedReceiver(111, () => delivered++);
  const good = writeRed(Buffer.from('before'), 960, Buffer.from('now'), 111)!;
  const others = writeRed(Buffer.from('before'), 960, Buffer.from('now'), 109)!;
  for (const payload of [others, good.subarray(0, 8), new Uint8Array(0)]) {
    const packet = { ...blank, sequenceNumber: 7, timestamp: 960, payload };
    receiver.receive(packet, 0);
    t.equal(delivered, 0);
    t.match(packet, { sequenceNumber: 7, timestamp: 960, payload }, 'nothing of it is used');
    receiver.receive({ ...blank, payload: good }, 0);
    t.equal(delivered, 2);
    delivered = 0;
  }
  t.end();
});

import { test } from 'tap';
import { levelDbov, SendGate } from '../../../web/sdk/websocket-media/send-gate.ts';
import { tone } from '../../helpers/signal.ts';

test('levels are those of RFC 6464', (t) => {
  t.equal(levelDbov(new Float32Array(960)), -127);
  t.equal(levelDbov(new Float32Array(960).fill(1)), -0);
  t.equal(levelDbov(tone({ frequencyHz: 400, samples: 960, amplitude: 1 })), -3);
  t.equal(levelDbov(tone({ frequencyHz: 400, samples: 960, amplitude: 0.01 })), -43);
  t.equal(levelDbov(new Float32Array(960).fill(1e-9)), -127);
  t.end();
});

test('while nothing is said, one frame in 400 ms is sent', (t) => {
  const gate = new SendGate();
  const sent = (level: number, frames: number) =>
    Array.from({ length: frames }, () => gate.next(level)).filter((isSent) => isSent).length;
  t.equal(sent(-30, 50), 50);
  t.equal(sent(-61, 15), 15, 'the end of a word');
  t.equal(sent(-61, 19), 0);
  t.equal(sent(-61, 1), 1);
  t.equal(sent(-127, 100), 5);
  t.equal(gate.next(-60), true, 'a word begins');
  t.equal(sent(-61, 15), 15);
  t.equal(sent(-61, 1), 0);
  t.end();
});

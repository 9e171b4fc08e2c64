import { test } from 'tap';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { PTIME_MS, SAMPLES_PER_MS } from '../../../src/mixer/format.ts';
import { threadKernels } from '../../../src/mixer/kernels/kernels.ts';
import { JitterBuffer } from '../../../src/mixer/source/jitter-buffer.ts';
import { PreRoll } from '../../../src/mixer/source/pre-roll.ts';
import { QuietPackets } from '../../../src/mixer/source/quiet-packets.ts';
import { Speech } from '../../../src/mixer/source/speech.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';

const DTX = Uint8Array.of(0x78);
const SOUND = Uint8Array.of(0x78, 1, 2, 3);
const QUIET_DBOV = -75;

function setUp() {
  const pool = new CodecPool(new PlainCodec(), () => 0, threadKernels());
  const jitter = new JitterBuffer(pool.counters);
  const speech = new Speech();
  const preRoll = new PreRoll();
  const added: Uint8Array[] = [];
  preRoll.add = (payload) => added.push(payload);
  const quiet = new QuietPackets(jitter, speech, preRoll);
  let frame = 0;
  /** Pushes the packet of a frame that comes so many frames after the last one. Returns whether it was taken. */
  const send = (payload: Uint8Array, levelDbov: number | null, frames = 20): boolean => {
    frame += frames;
    const nowMs = frame * PTIME_MS;
    jitter.push(sequence++, nowMs * SAMPLES_PER_MS, payload, levelDbov, false, nowMs);
    return quiet.take(nowMs);
  };
  let sequence = 100;
  return { pool, jitter, speech, added, send, quiet };
}

test('single packets of silence and of background are taken, and nothing waits or plays after them', (t) => {
  const { jitter, speech, added, send, pool } = setUp();
  for (let i = 0; i < 20; i++) {
    t.ok(send(SOUND, QUIET_DBOV));
    t.ok(jitter.idle);
    t.ok(send(DTX, -127, 1));
    t.ok(jitter.idle);
  }
  t.notOk(speech.voice.active);
  t.equal(pool.counters.packetsLost + pool.counters.packetsLate + pool.counters.packetsDiscarded, 0);
  t.same(added.slice(-2), [SOUND, DTX], 'a decoder that begins later knows them');
  t.end();
});

test('what is loud, or may be, waits for its tick', (t) => {
  for (const levelDbov of [-20, null]) {
    const { jitter, send, added } = setUp();
    t.notOk(send(SOUND, levelDbov));
    t.notOk(jitter.empty);
    t.same(added, []);
  }
  const { jitter, speech, send } = setUp();
  t.ok(send(SOUND, QUIET_DBOV));
  for (let i = 0; i < 20; i++) {
    speech.claim(-127, PTIME_MS);
    speech.measure(-127, -20, PTIME_MS, i * PTIME_MS);
  }
  t.notOk(send(SOUND, QUIET_DBOV), 'claims that were false are not believed');
  jitter.skip(0);
  t.ok(send(DTX, null), 'nothing is hidden in two bytes');
  t.end();
});

test('a steady stream is left to ticks after two packets, whatever it claims', (t) => {
  const { jitter, send } = setUp();
  for (const payload of [SOUND, DTX]) {
    t.same([send(payload, -127), send(payload, -127, 1), send(payload, -127, 1)], [true, true, false]);
    jitter.skip(0);
    t.equal(send(payload, -127, 6), false, '100 ms are no end');
    jitter.skip(0);
    t.equal(send(payload, -127, 7), true);
  }
  t.end();
});

test('packets of 120 ms are a steady stream as well', (t) => {
  const { send } = setUp();
  // Two frames of 60 ms.
  const long = Uint8Array.of(0x19, 1, 2, 3, 4);
  t.same([send(long, -127, 6), send(long, -127, 6), send(long, -127, 6)], [true, true, false]);
  t.end();
});

test('after a pause the packets before it do not count as speech', (t) => {
  const { speech, send } = setUp();
  for (let i = 0; i < 10; i++) send(SOUND, QUIET_DBOV);
  speech.claim(QUIET_DBOV, PTIME_MS);
  t.notOk(speech.isCheckDue(100, 1e6), 'nothing is decoded for single packets of background noise');
  t.end();
});

test('a packet that the buffer refused needs nothing', (t) => {
  const { quiet } = setUp();
  t.ok(quiet.take(0));
  t.end();
});

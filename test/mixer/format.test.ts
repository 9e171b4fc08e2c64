import { test } from 'tap';
import * as format from '../../src/mixer/format.ts';

test('a frame is 20 ms at the only RTP clock rate of Opus, and the longest packet is six frames', async (t) => {
  // RFC 7587 section 4.1: the RTP clock runs at 48 kHz.
  t.equal(format.SAMPLE_RATE, 48_000);
  t.equal(format.PTIME_MS, 20);
  t.equal(format.SAMPLES_PER_MS * 1000, format.SAMPLE_RATE);
  t.equal(format.FRAME_SAMPLES * (1000 / format.PTIME_MS), format.SAMPLE_RATE, '50 frames are a second');
  t.equal(format.MAX_PACKET_SAMPLES, 6 * format.FRAME_SAMPLES);
});

test('samples have the scale of 16-bit integers, and silence is at the RFC 6464 floor', async (t) => {
  t.equal(format.FULL_SCALE, 2 ** 15);
  t.equal(Int16Array.of(format.FULL_SCALE - 1)[0], format.FULL_SCALE - 1);
  t.equal(format.SILENCE_DBOV, -127);
});

import { test } from 'tap';
import { createFrameDecoder, createFrameEncoder } from './opus.ts';
import { createPrng, gaussian } from './prng.ts';
import { resample } from './resample.ts';
import {
  advance,
  clickRatio,
  concatInt16,
  findDelay,
  rmsDbfs,
  segmentalSnrDb,
  toFloat32,
  toInt16,
  tone,
  toneLevelDbfs,
} from './signal.ts';
import { speech } from './speech.ts';
import { formatWav, parseWav } from './wav.ts';

const SEED = 20_261_121;

test('the level of a tone is found beside a louder one, in both sample formats', async (t) => {
  const loud = tone({ frequencyHz: 1000, samples: 48_000, amplitude: 0.5 });
  const quiet = tone({ frequencyHz: 1300, samples: 48_000, amplitude: 0.0005 });
  const both = loud.map((sample, index) => sample + quiet[index]!);
  t.ok(Math.abs(toneLevelDbfs(both, 1000) + 6.02) < 0.05);
  t.ok(Math.abs(toneLevelDbfs(both, 1300) + 66.02) < 0.1);
  t.ok(Math.abs(toneLevelDbfs(toInt16(both), 1000) + 6.02) < 0.05);
  t.ok(toneLevelDbfs(both, 700) < -100);
  t.ok(Math.abs(rmsDbfs(loud) + 9.03) < 0.05);
});

test('a step in a tone is a click, and a smooth tone is none', async (t) => {
  const smooth = tone({ frequencyHz: 440, samples: 4800 });
  t.ok(clickRatio(smooth, 0, smooth.length, smooth) <= 1);
  const shifted = concatInt16([toInt16(smooth.subarray(0, 2400)), toInt16(smooth.subarray(2427))]);
  t.ok(clickRatio(shifted, 2300, 2500, smooth) > 10);
});

test('delay and segmental SNR of a delayed noisy copy of speech match how it was made', async (t) => {
  const prng = createPrng(SEED);
  const clean = (await speech('en-us', 3)).subarray(0, 3 * 48_000);
  const noisy = new Float32Array(clean.length + 2000);
  for (let index = 0; index < clean.length; index++) {
    noisy[index + 1234] = clean[index]! + gaussian(prng, 0, 1e-4);
  }
  const delay = findDelay(clean, noisy, -2000, 4000);
  t.equal(delay.samples, 1234);
  t.ok(delay.correlation > 0.99);
  t.ok(segmentalSnrDb(clean, advance(noisy, 1234, clean.length)) > 25, `seed ${SEED}`);
  t.ok(segmentalSnrDb(clean, advance(noisy, 1300, clean.length)) < 3, `seed ${SEED}`);
});

test('speech keeps its samples through the cache, and has pauses and no clipping', async (t) => {
  const first = await speech('en-gb+f3', 2);
  const again = await speech('en-gb+f3', 2);
  // Deep comparisons of this many samples take seconds.
  t.ok(Buffer.from(again.buffer).equals(Buffer.from(first.buffer)));
  t.ok(first.length > 2 * 48_000);
  t.ok(rmsDbfs(first) > -30 && rmsDbfs(first) < -10);
});

test('a WAVE file reads back as it was written', async (t) => {
  const wav = { sampleRate: 8000, channels: 2, samples: Int16Array.of(0, 1, -1, 32_767, -32_768, 5) };
  t.same(parseWav(formatWav(wav)), wav);
  t.throws(() => parseWav(Buffer.alloc(100)), /not a WAVE file/);
});

test('resampling keeps the frequency of a tone', async (t) => {
  const before = toInt16(tone({ frequencyHz: 1000, samples: 22_050, sampleRate: 22_050 }));
  const after = resample(before, 22_050, 48_000);
  t.ok(Math.abs(toneLevelDbfs(after, 1000) + 12.04) < 0.1);
  t.ok(toneLevelDbfs(after, 23_050) < -60);
});

test('a tone passes through the Opus helpers', async (t) => {
  const encode = createFrameEncoder();
  const decode = createFrameDecoder();
  const pcm = toInt16(tone({ frequencyHz: 600, samples: 50 * 960 }));
  const decoded = concatInt16(
    Array.from({ length: 50 }, (_, frame) => decode(encode(pcm.subarray(frame * 960, frame * 960 + 960)))),
  );
  t.ok(Math.abs(toneLevelDbfs(toFloat32(decoded).subarray(9600), 600) + 12.04) < 1);
  t.throws(() => encode(pcm.subarray(0, 100)), RangeError);
});

import { test } from 'tap';
import { createFrameEncoder, FRAME_SAMPLES } from './opus.ts';
import { createPrng } from './prng.ts';
import { createSharedEncoder } from './shared-encoder.ts';
import { toInt16 } from './signal.ts';
import { voiced } from './voiced.ts';

const SEED = Number(process.env['SEED'] ?? 4110);

test('encoders that share their packets give the same ones as encoders of their own, whatever they are given', (t) => {
  t.comment(`SEED=${SEED}`);
  const prng = createPrng(SEED);
  const voices = [1, 2].map((seed) => toInt16(voiced(seed, 0.2)));
  for (let round = 0; round < 20; round++) {
    const options = { complexity: round % 2 };
    const [shared, own] = [createSharedEncoder(options), createFrameEncoder(options)];
    for (let n = 0; n < 10; n++) {
      // Mostly the first voice, so that several begin in the same way.
      const voice = voices[prng() < 0.9 ? 0 : 1]!;
      const frame = voice.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES);
      t.equal(Buffer.compare(shared(frame), own(frame)), 0, `round ${round}, frame ${n}`);
    }
  }
  const [one, other] = [createSharedEncoder(), createSharedEncoder()];
  const frame = voices[0]!.subarray(0, FRAME_SAMPLES);
  t.equal(one(frame), other(frame), 'the same object');
  t.end();
});

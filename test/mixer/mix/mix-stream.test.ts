import fc from 'fast-check';
import { type Test, test } from 'tap';
import type { Codec, Decoder, Encoder, EncoderSettings } from '../../../src/mixer/codec/codec.ts';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { MixStream } from '../../../src/mixer/mix/mix-stream.ts';
import { cases } from '../../helpers/cases.ts';
import { inFrame } from '../../helpers/in-frame.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';

const SEED = Number(process.env['SEED'] ?? 1212);
const SETTINGS = { bitrate: 48_000, complexity: 10 };
const OTHERS = { bitrate: 40_000, complexity: 5 };

/** An encoder that remembers the frames it has encoded since its last reset. */
class SpyEncoder implements Encoder {
  readonly frames: Int16Array[] = [];
  /** The complexity of each frame. */
  readonly complexities: number[] = [];
  settings: EncoderSettings | undefined;

  configure(settings: EncoderSettings): void {
    this.settings = settings;
  }

  reset(): void {
    this.frames.length = 0;
    this.complexities.length = 0;
  }

  encode(frame: Int16Array): Uint8Array {
    this.frames.push(frame.slice());
    this.complexities.push(this.settings!.complexity);
    return new Uint8Array(0);
  }
}

function spyPool() {
  const encoders: SpyEncoder[] = [];
  const codec: Codec = {
    createEncoder: () => {
      const encoder = new SpyEncoder();
      encoders.push(encoder);
      return encoder;
    },
    createDecoder: (): Decoder => {
      throw new Error('a mix is never decoded');
    },
  };
  const clock = { nowMs: 0 };
  return { pool: new CodecPool(codec, () => clock.nowMs), encoders, clock };
}

const constant = (value: number) => inFrame(new Float32Array(FRAME_SAMPLES).fill(value));
/** The whole frame of this mix, as the encoder gets it. */
function encoded(stream: MixStream, encoders: readonly SpyEncoder[]): Int16Array {
  const before = encoders.map(({ frames }) => frames.length);
  stream.payload();
  return encoders.find(({ frames }, i) => frames.length !== (before[i] ?? 0))!.frames.at(-1)!;
}
const isAll = (frame: Int16Array, value: number) => frame.every((sample) => sample === value);
/** Frames that carry their number. */
const firstSamples = (frames: readonly Int16Array[]) => frames.map((frame) => frame[0]!);
const sameSettings = (t: Test, encoder: SpyEncoder, settings: EncoderSettings) =>
  t.match(encoder.settings, settings as object);

test('a mix of one or two talkers below the ceiling reaches the encoder unchanged', async (t) => {
  const { pool, encoders } = spyPool();
  const stream = new MixStream(pool, SETTINGS);
  for (const [n, talkers] of [1, 2, 1, 2, 2].entries()) {
    stream.setMix(constant(1000 + n), talkers);
    t.ok(isAll(encoded(stream, encoders), 1000 + n));
    t.equal(stream.frames, n + 1);
  }
  sameSettings(t, encoders[0]!, SETTINGS);
});

test('for any mixes, silences and listeners, an encoder was fed the six frames before the one it encodes, or all since silence', async (t) => {
  t.comment(`SEED=${SEED}`);
  const step = fc.record({ silent: fc.boolean(), runs: fc.integer({ min: 1, max: 12 }), wanted: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const { pool, encoders } = spyPool();
      const stream = new MixStream(pool, SETTINGS);
      let number = 0;
      let sinceSilence = 0;
      let given = 0;
      for (const { silent, runs, wanted } of steps) {
        for (let run = 0; run < runs; run++) {
          if (silent) {
            stream.setSilent();
            sinceSilence = 0;
            if (stream.frames !== 0 || pool.encodersInUse !== 0) return false;
            continue;
          }
          stream.setMix(constant(++number), 1);
          if (stream.frames !== ++sinceSilence) return false;
          if (!wanted) continue;
          const payload = stream.payload();
          if (stream.payload() !== payload) return false;
          given++;
          // There is only ever one encoder, because a released one is taken again.
          const known = firstSamples(encoders[0]!.frames);
          const needed = Math.min(sinceSilence, 7);
          const isInStep = known.slice(-needed).every((value, i) => value === number - needed + 1 + i);
          if (known.length < needed || !isInStep || encoders.length !== 1) return false;
          if (known.length > sinceSilence) return false;
        }
      }
      return pool.counters.framesEncoded === given;
    }),
    { seed: SEED, numRuns: cases(300) },
  );
});

test('an encoder with unused packets goes back, and the priming frames of a new one are counted', async (t) => {
  const { pool } = spyPool();
  const stream = new MixStream(pool, SETTINGS);
  for (let n = 0; n < 10; n++) {
    stream.setMix(constant(n), 1);
    t.equal(pool.encodersInUse, 0);
  }
  stream.payload();
  t.match(pool.counters, { framesEncoded: 1, framesPrimed: 6 });
  stream.setMix(constant(10), 1);
  t.equal(pool.encodersInUse, 1);
  stream.setMix(constant(11), 1);
  t.equal(pool.encodersInUse, 0);
  stream.payload();
  t.match(pool.counters, { framesEncoded: 2, framesPrimed: 12 });
});

test('each packet is a new one, and the encoding time is counted', async (t) => {
  const { pool, encoders, clock } = spyPool();
  const stream = new MixStream(pool, SETTINGS);
  const payloads = new Set<Uint8Array>();
  stream.setMix(constant(1), 1);
  payloads.add(stream.payload());
  const [encoder] = encoders;
  const encode = encoder!.encode.bind(encoder);
  encoder!.encode = (frame) => {
    clock.nowMs += 3;
    return encode(frame);
  };
  clock.nowMs = 1000;
  for (let n = 0; n < 5; n++) {
    stream.setMix(constant(n), 1);
    payloads.add(stream.payload());
    stream.payload();
    clock.nowMs += 17;
  }
  t.equal(payloads.size, 6);
  t.equal(pool.counters.encodeMs, 15);
});

test('a stream that takes over continues from the last six frames its listener heard', async (t) => {
  for (const before of [1, 2, 6, 7, 8, 20]) {
    const { pool, encoders } = spyPool();
    const shared = new MixStream(pool, SETTINGS);
    for (let n = 1; n <= before; n++) shared.setMix(constant(n), 1);
    const own = new MixStream(pool, OTHERS);
    own.takeOver(shared);
    t.equal(own.frames, Math.min(6, before - 1));
    own.setMix(constant(500), 1);
    own.payload();
    // The shared stream's frame of this tick is not among them.
    const heard = Array.from({ length: before - 1 }, (_, i) => i + 1).slice(-6);
    t.same(firstSamples(encoders[0]!.frames), [...heard, 500], `after ${before} frames`);
    sameSettings(t, encoders[0]!, OTHERS);
  }
});

test('a stream that takes over in the tick of a change crosses the border one frame later', async (t) => {
  const used = [];
  for (const [from, to] of [
    [10, 3],
    [3, 10],
  ] as const) {
    const { pool, encoders } = spyPool();
    pool.limitComplexity(from);
    const shared = new MixStream(pool, SETTINGS);
    const own = new MixStream(pool, OTHERS);
    for (let n = 0; n < 10; n++) {
      shared.setMix(constant(n), 1);
      shared.payload();
    }
    pool.limitComplexity(to);
    shared.setMix(constant(10), 1);
    own.takeOver(shared);
    own.setMix(constant(10), 1);
    own.payload();
    const { complexities, settings } = encoders.at(-1)!;
    used.push([...new Set(complexities), settings!.complexity]);
    t.notOk(own.isBeside(shared), 'and may not go back yet');
    shared.setMix(constant(11), 1);
    own.setMix(constant(11), 1);
    own.payload();
    shared.setMix(constant(12), 1);
    t.ok(own.isBeside(shared));
  }
  t.same(used, [
    [5, 3],
    [4, 5],
  ]);
});

test('a stream that takes over soon after a change is primed with each frame on the side where it was heard', async (t) => {
  const { pool, encoders } = spyPool();
  pool.limitComplexity(3);
  const shared = new MixStream(pool, SETTINGS);
  const own = new MixStream(pool, OTHERS);
  for (let n = 0; n < 10; n++) {
    if (n === 7) pool.limitComplexity(10);
    shared.setMix(constant(n), 1);
    if (n === 9) own.takeOver(shared);
    shared.payload();
  }
  own.setMix(constant(9), 1);
  own.payload();
  t.same(encoders.at(-1)!.complexities, [4, 4, 4, 4, 5, 5, 5], 'frames 3 to 9');
});

test('after silence a stream is on the side of the limit, even if it took over on the other and was not needed', async (t) => {
  const { pool, encoders } = spyPool();
  const shared = new MixStream(pool, SETTINGS);
  for (let n = 0; n < 3; n++) {
    shared.setMix(constant(n), 1);
    shared.payload();
  }
  const own = new MixStream(pool, OTHERS);
  own.takeOver(shared);
  own.setMix(constant(2), 1);
  own.setSilent();
  pool.limitComplexity(3);
  own.setMix(constant(3), 1);
  own.payload();
  t.same(encoders.at(-1)!.complexities, [3]);
});

/** The output for a mix of constant value, as gains. */
function gainsOf(talkers: readonly number[], value = 10_000): { stream: MixStream; gains: Float64Array[] } {
  const { pool, encoders } = spyPool();
  const stream = new MixStream(pool, SETTINGS);
  const gains = talkers.map((count) => {
    stream.setMix(constant(value), count);
    return Float64Array.from(encoded(stream, encoders), (sample) => sample / value);
  });
  return { stream, gains };
}

test('with three or more talkers the mix settles at the gain that leaves room for them', async (t) => {
  for (const talkers of [3, 4, 8, 50]) {
    const wanted = Math.sqrt(2 / talkers);
    const { gains } = gainsOf(Array(100).fill(talkers));
    t.ok(Math.abs(gains.at(-1)!.at(-1)! - wanted) < 1e-4, `${talkers}`);
    // 63 % of the way after 200 ms.
    const share = (1 - gains[9]!.at(-1)!) / (1 - wanted);
    t.ok(Math.abs(share - (1 - Math.exp(-1))) < 0.01, `${talkers}: ${share.toFixed(3)} after 200 ms`);
  }
});

test('for any number of talkers the gain never jumps within or between frames, and returns to exactly one', async (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 40 }), (talkers) => {
      const { gains } = gainsOf([...talkers, ...Array(120).fill(2)]);
      let last = 1;
      for (const frame of gains) {
        for (const gain of frame) {
          // A tenth of the way in a frame, and one 16-bit step.
          if (Math.abs(gain - last) > 0.1 / FRAME_SAMPLES + 1e-4) return false;
          last = gain;
        }
      }
      return gains.at(-1)!.every((gain) => gain === 1);
    }),
    { seed: SEED, numRuns: cases(40) },
  );
});

test('for any voices, each side of a stereo stream has the gains of a mono stream, and fades in and out like it', async (t) => {
  t.comment(`SEED=${SEED}`);
  const voices = fc.array(fc.nat(8), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(voices, fc.boolean(), fc.boolean(), fc.boolean(), (counts, fadesIn, fadesOut, isSame) => {
      const worlds = [SETTINGS, SETTINGS, { ...SETTINGS, channels: 2 } as const].map((settings) => {
        const { pool, encoders } = spyPool();
        return { pool, encoders, stream: new MixStream(pool, settings), other: new MixStream(pool, settings) };
      });
      const [left, right, both] = worlds as [(typeof worlds)[0], (typeof worlds)[0], (typeof worlds)[0]];
      const { frames } = both.pool.kernels;
      const sides = [frames.take(), frames.take()] as const;
      sides[0].samples.fill(5000);
      sides[1].samples.fill(isSame ? 5000 : 3000);
      const isRight = counts.every((count, n) => {
        for (const { stream, other } of worlds) {
          if (n === 0 && fadesIn) stream.fadeInto(other);
          if (n === counts.length - 1 && fadesOut) stream.fadeOut();
        }
        left.stream.setMix(sides[0], count);
        right.stream.setMix(sides[1], count);
        both.stream.setStereoMix(sides[0], isSame ? sides[0] : sides[1], count);
        const heard = encoded(both.stream, both.encoders);
        return [left, right].every(({ stream, encoders }, side) =>
          encoded(stream, encoders).every((sample, i) => heard[2 * i + side] === sample),
        );
      });
      for (const frame of sides) frames.release(frame);
      return isRight;
    }),
    { seed: SEED, numRuns: cases(100) },
  );
});

test('after silence the gains start over', async (t) => {
  const { pool, encoders } = spyPool();
  const stream = new MixStream(pool, SETTINGS);
  for (let n = 0; n < 60; n++) stream.setMix(constant(60_000), 8);
  stream.setSilent();
  stream.setMix(constant(5000), 2);
  t.ok(isAll(encoded(stream, encoders), 5000));
});

test('a stream that joins another one in the middle has the gains of that one before this tick', async (t) => {
  for (const join of ['takeOver', 'fadeInto'] as const) {
    const { pool, encoders } = spyPool();
    const shared = new MixStream(pool, SETTINGS);
    // It was so loud that the gain combines the slowly recovering limiter with the headroom.
    for (let n = 0; n < 6; n++) shared.setMix(constant(70_000), 5);
    shared.setMix(constant(5000), 5);
    const own = new MixStream(pool, SETTINGS);
    own[join](shared);
    own.setMix(constant(5000), 5);
    const ownFrame = encoded(own, encoders).slice();
    const sharedFrame = encoded(shared, encoders);
    t.ok(sharedFrame.at(-1)! < 4000);
    if (join === 'takeOver') t.same(ownFrame, sharedFrame);
    // It has only just become audible, but it ends at the same level.
    else t.equal(ownFrame.at(-1), sharedFrame.at(-1));
  }
});

test('a listener who comes from silence hears the first frame fade in, and only that one', async (t) => {
  const { pool, encoders } = spyPool();
  const shared = new MixStream(pool, SETTINGS);
  for (let n = 0; n < 3; n++) shared.setMix(constant(9600), 1);
  const own = new MixStream(pool, SETTINGS);
  own.fadeInto(shared);
  own.setMix(constant(9600), 1);
  t.equal(own.frames, 1, 'its listener has heard nothing');
  t.ok(encoded(own, encoders).every((sample, i) => Math.abs(sample - 10 * (i + 1)) <= 1));
  own.setMix(constant(9600), 1);
  t.ok(isAll(encoded(own, encoders), 9600));
});

test('the last frame fades out early enough for the encoder look-ahead, and a spare stream is not affected', async (t) => {
  const { pool, encoders } = spyPool();
  const stream = new MixStream(pool, SETTINGS);
  const LOOK_AHEAD = 120;
  stream.setMix(constant(8400), 1);
  stream.payload();
  stream.fadeOut();
  stream.setMix(constant(8400), 1);
  const last = encoded(stream, encoders);
  t.ok(isAll(last.subarray(FRAME_SAMPLES - LOOK_AHEAD), 0));
  t.ok(
    last.subarray(0, FRAME_SAMPLES - LOOK_AHEAD).every((sample, i) => Math.abs(sample - (8400 - 10 * (i + 1))) <= 1),
  );
  stream.setSilent();
  for (let n = 0; n < 2; n++) {
    stream.setMix(constant(8400), 1);
    t.ok(isAll(encoded(stream, encoders), 8400));
  }
});

test('a stream is mono unless its settings say otherwise', async (t) => {
  const pool = new CodecPool(new PlainCodec(), () => 0);
  const channelsOf = (channels?: 1 | 2) =>
    new MixStream(pool, { bitrate: 40_000, complexity: 5, ...(channels !== undefined && { channels }) }).channels;
  t.same([channelsOf(), channelsOf(1), channelsOf(2)], [1, 1, 2]);
});

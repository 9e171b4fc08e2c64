import { test } from 'tap';
import { MAX_OVERLOAD_LEVEL, overloadMeasures } from '../../../src/media/link/overload-measures.ts';
import type { Codec, Encoder } from '../../../src/mixer/codec/codec.ts';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { sideOf } from '../../../src/mixer/codec/complexity.ts';
import { opusCodec } from '../../../src/mixer/codec/opus.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { MixStream } from '../../../src/mixer/mix/mix-stream.ts';
import { cases } from '../../helpers/cases.ts';
import { inFrame } from '../../helpers/in-frame.ts';
import { Room } from '../../helpers/perfect-room.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { createPrng } from '../../helpers/prng.ts';
import { concatInt16, roundToInt16, sharedTone } from '../../helpers/signal.ts';
import { voiced } from '../../helpers/voiced.ts';

const SEED = Number(process.env['SEED'] ?? 311);
const COMPLEXITIES = Array.from(
  { length: MAX_OVERLOAD_LEVEL + 1 },
  (_, level) => overloadMeasures(level).maxComplexity,
);

/** What every packet was encoded by and how, read from the packet itself. */
class TracedCodec implements Codec {
  readonly origin = new Map<Uint8Array, { readonly encoder: Encoder; readonly complexity: number }>();
  readonly plain = new PlainCodec();

  createEncoder(): Encoder {
    let complexity = -1;
    const encoder: Encoder = {
      configure: (settings) => {
        complexity = settings.complexity;
      },
      reset: () => {},
      encode: (frame) => {
        const packet = this.plain.encode(frame);
        this.origin.set(packet, { encoder, complexity });
        return packet;
      },
    };
    return encoder;
  }

  createDecoder() {
    return this.plain.createDecoder();
  }
}

test('no listener goes from one encoder to another across the border, at any level and however the levels change', async (t) => {
  t.comment(`SEED=${SEED}`);
  t.ok(new Set(COMPLEXITIES.map(sideOf)).size > 1, 'the levels are on both sides of the border');
  const prng = createPrng(SEED);
  const seams = { all: 0, nearChange: 0 };
  for (const often of [0.002, 0.05, 0.5]) {
    const codec = new TracedCodec();
    const room = new Room(codec, (frame) => codec.plain.encode(frame));
    const people = Array.from({ length: 12 }, (_, i) =>
      room.join(sharedTone({ frequencyHz: 300 + 100 * i, samples: 48_000, amplitude: 0.05 })),
    );
    let changedAt = 0;
    for (let tick = 0; tick < cases(1000); tick++) {
      // Between two ticks, as in the engine.
      if (prng() < often) {
        room.pool.limitComplexity(COMPLEXITIES[Math.floor(prng() * COMPLEXITIES.length)]!);
        changedAt = tick;
      }
      for (const person of people) if (prng() < 0.03) person.talking = !person.talking;
      room.run();
      for (const { written } of people) {
        const [before, now] = written.slice(-2);
        if (before === undefined || now === undefined || now.tick !== tick || before.tick !== tick - 1) continue;
        const [from, to] = [codec.origin.get(before.payload), codec.origin.get(now.payload)];
        // Packets after silence packets depend on nothing before.
        if (from === undefined || to === undefined || from.encoder === to.encoder) continue;
        seams.all++;
        if (tick - changedAt < 2) seams.nearChange++;
        if (sideOf(from.complexity) !== sideOf(to.complexity))
          t.fail(`tick ${tick}: from complexity ${from.complexity} to ${to.complexity}`);
      }
      const limit = room.pool.sideOf({ bitrate: 1, complexity: 10 });
      const running = people.flatMap(({ written }) => codec.origin.get(written.at(-1)!.payload) ?? []);
      if (tick - changedAt > 1 && running.some(({ complexity }) => sideOf(complexity) !== limit))
        t.fail(`tick ${tick}: an encoder is not on the side of the limit`);
    }
  }
  t.ok(
    seams.all > cases(400) && seams.nearChange > cases(50),
    `${seams.all} seams, ${seams.nearChange} of them near a change`,
  );
});

const SHARED = { bitrate: 48_000, complexity: 10 };
const OWN = { bitrate: 40_000, complexity: 5 };
const PLAIN_COMPLEXITY = 3;
/** The delay of the encoder. */
const LOOK_AHEAD = 120;
const VOICES = [11, 12].map((seed) => voiced(seed, 8).map((sample) => sample * 32_768));
const SPEECH = VOICES[0]!.map((sample, i) => sample + 0.5 * VOICES[1]![i]!);
/** The frames at whose start something changes. */
const POINTS = Array.from({ length: 36 }, (_, i) => 30 + 10 * i);
const WARM_UP = 12;
const AFTER = 3;

type FrameEncoder = (n: number, frame: Float32Array) => Uint8Array;

function snrDb(decoded: Int16Array, from: number, to: number): number {
  let [signal, noise] = [0, 1];
  for (let i = from; i < to; i++) {
    signal += SPEECH[i - LOOK_AHEAD]! ** 2;
    noise += (SPEECH[i - LOOK_AHEAD]! - decoded[i - (from - (from % FRAME_SAMPLES))]!) ** 2;
  }
  return 10 * Math.log10(signal / noise);
}

/**
 * Three SNRs: of the 2.5 ms in which the packets before and after the seam overlap, of frame `point`, which begins with
 * them, and of the frame after it.
 */
function seamSnrDb(point: number, encode: FrameEncoder): [number, number, number] {
  const decoder = opusCodec.createDecoder();
  const heard: Int16Array[] = [];
  for (let n = point - WARM_UP; n < point + AFTER; n++) {
    const packet = encode(n, SPEECH.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES));
    heard[n] = decoder.decode(packet)!.slice();
  }
  const at = (n: number, samples = FRAME_SAMPLES) =>
    snrDb(concatInt16([heard[n]!, heard[n + 1]!]), n * FRAME_SAMPLES, n * FRAME_SAMPLES + samples);
  return [at(point, LOOK_AHEAD), at(point), at(point + 1)];
}

function unbroken(settings: typeof SHARED): FrameEncoder {
  const encoder = opusCodec.createEncoder();
  encoder.configure(settings);
  return (_, frame) => encoder.encode(toSamples(frame));
}

const toSamples = roundToInt16;

/** The same frames in the worse of two streams that never change. */
const NATURAL_SNR_DB = POINTS.map((point) => {
  const filtered = seamSnrDb(point, unbroken(OWN));
  const plain = seamSnrDb(point, unbroken({ ...OWN, complexity: PLAIN_COMPLEXITY }));
  return filtered.map((snr, i) => Math.min(snr, plain[i]!));
});

interface Loss {
  readonly mean: number;
  readonly oneInTwenty: number;
}

/** By how many dB the seam is worse than that, where the packets overlap and in the two frames that follow. */
function lossDb(encodeAt: (point: number) => FrameEncoder): { readonly overlap: Loss; readonly frames: Loss } {
  const losses = POINTS.map((point, index) =>
    seamSnrDb(point, encodeAt(point)).map((snr, i) => NATURAL_SNR_DB[index]![i]! - snr),
  );
  return {
    overlap: summary(losses.map(([overlap]) => overlap!)),
    frames: summary(losses.flatMap(([, ...frames]) => frames)),
  };
}

function summary(losses: readonly number[]): Loss {
  const worstFirst = losses.toSorted((a, b) => b - a);
  return {
    mean: losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
    oneInTwenty: worstFirst[Math.floor(losses.length / 20)]!,
  };
}

/** A listener who begins to talk at `point`, and so moves from the shared stream to their own. */
function leavesShared(point: number, changeLimit: (pool: CodecPool, n: number) => void): FrameEncoder {
  const pool = new CodecPool(opusCodec, () => 0);
  const shared = new MixStream(pool, SHARED);
  const own = new MixStream(pool, OWN);
  return (n, frame) => {
    changeLimit(pool, n);
    shared.setMix(inFrame(frame), 2);
    if (n < point) return shared.payload();
    if (n === point) own.takeOver(shared);
    own.setMix(inFrame(frame), 2);
    return own.payload();
  };
}

test('a limit that moves all encoders across the border is no more audible than any hand-over', async (t) => {
  const natural = lossDb((point) => leavesShared(point, () => {}));
  t.comment('hand-over on one side', natural);
  t.ok(natural.frames.mean <= 0 && natural.frames.oneInTwenty < 1);
  for (const [what, from, to] of [
    ['down', 10, PLAIN_COMPLEXITY],
    ['up', PLAIN_COMPLEXITY, 10],
  ] as const) {
    for (const [when, delay] of [
      ['in the tick of a hand-over', 0],
      ['in the tick after it', 1],
      ['in the tick before it', -1],
      ['without one', null],
    ] as const) {
      const crossing = lossDb((point) => {
        const at = delay === null ? point : point + delay;
        const change = (pool: CodecPool, n: number) => pool.limitComplexity(n < at ? from : to);
        return leavesShared(delay === null ? Number.POSITIVE_INFINITY : point, change);
      });
      t.comment(`${what} ${when}`, crossing);
      t.ok(crossing.frames.mean <= 0 && crossing.frames.oneInTwenty < 1, `${what} ${when}: the frames after it`);
      t.ok(crossing.overlap.mean < natural.overlap.mean + 1, `${what} ${when}: the overlap`);
      t.ok(crossing.overlap.oneInTwenty < natural.overlap.oneInTwenty + 2, `${what} ${when}: one overlap in twenty`);
    }
  }
  const across = lossDb((point) => {
    const before = unbroken(SHARED);
    const after = opusCodec.createEncoder();
    after.configure({ ...OWN, complexity: PLAIN_COMPLEXITY });
    after.reset();
    return (n, frame) => {
      const primed = n >= point - 6 ? after.encode(toSamples(frame)) : undefined;
      return n < point || primed === undefined ? before(n, frame) : primed;
    };
  });
  t.comment('hand-over across', across);
  t.ok(across.frames.mean > natural.frames.mean + 0.8, 'this measure detects a hand-over across the border');
  t.ok(across.overlap.oneInTwenty > natural.overlap.oneInTwenty + 3, 'most of all where the packets overlap');
  t.ok(across.frames.oneInTwenty > 1.8, `one in twenty ${across.frames.oneInTwenty.toFixed(2)} dB`);
});

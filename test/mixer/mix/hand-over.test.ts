import { test } from 'tap';
import { SILENCE_PACKET, SILENCE_REFRESH_PACKET } from '../../../src/formats/opus-packet.ts';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { opusCodec } from '../../../src/mixer/codec/opus.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { MixStream } from '../../../src/mixer/mix/mix-stream.ts';
import { cases } from '../../helpers/cases.ts';
import { inFrame } from '../../helpers/in-frame.ts';
import { concatInt16, maxSecondDifference } from '../../helpers/signal.ts';
import { voiced } from '../../helpers/voiced.ts';

const SHARED = { bitrate: 48_000, complexity: 10 };
const OWN = { bitrate: 40_000, complexity: 5 };
/** The delay of the encoder. */
const LOOK_AHEAD = 120;
const SECONDS = 6;
const VOICES = [11, 12, 13].map((seed) => voiced(seed, SECONDS).map((sample) => sample * 32_768));
/** What the listener in question must hear: two others. */
const OTHERS = VOICES[0]!.map((sample, i) => sample + 0.5 * VOICES[1]![i]!);
const OWN_VOICE = VOICES[2]!;

/** 440 and 630 Hz, in radians per sample. */
const TONE_STEPS = [440, 630].map((hz) => (2 * Math.PI * hz) / 48_000) as [number, number];

const frameOf = (signal: Float32Array, n: number) => signal.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES);

/** The shared mix in frame n, which includes the listener's own voice while they speak. */
function sharedMix(n: number, speaking: boolean): Float32Array {
  const mix = frameOf(OTHERS, n).slice();
  if (speaking) for (let i = 0; i < FRAME_SAMPLES; i++) mix[i]! += OWN_VOICE[n * FRAME_SAMPLES + i]!;
  return mix;
}

/** Frames before a switch in which encoders and decoders settle. */
const LEAD = 30;

/** SNR in dB of frame n (later by the look-ahead) against the expected signal, in sound that was decoded from frame `first` on. */
function snrDb(decoded: Int16Array, first: number, n: number): number {
  let signal = 0;
  let noise = 0;
  for (let i = n * FRAME_SAMPLES; i < (n + 1) * FRAME_SAMPLES; i++) {
    const wanted = OTHERS[i - LOOK_AHEAD]!;
    signal += wanted ** 2;
    noise += (wanted - decoded[i - first * FRAME_SAMPLES]!) ** 2;
  }
  return 10 * Math.log10(signal / noise);
}

/** What an encoder that always ran makes of what the listener must hear. */
const CONTINUOUS = (() => {
  const always = new MixStream(new CodecPool(opusCodec, () => 0), OWN);
  const decoder = opusCodec.createDecoder();
  return concatInt16(
    Array.from({ length: SECONDS * 50 }, (_, n) => {
      always.setMix(inFrame(frameOf(OTHERS, n)), 2);
      return decoder.decode(always.payload())!.slice();
    }),
  );
})();

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

interface Comparison {
  /**
   * How many dB the frame of the switch and the one after it lose against an encoder that always ran, by switch point.
   */
  readonly lossDb: readonly number[];
  readonly clickRatio: number;
}

/** What a listener hears from `LEAD` frames before each point on, in packets that switch at a frame. */
function compare(
  points: readonly number[],
  at: (point: number) => number,
  run: (point: number, pool: CodecPool) => (n: number) => Uint8Array,
): Comparison {
  const lossDb: number[] = [];
  let clickRatio = 0;
  for (const point of points) {
    const packet = run(point, new CodecPool(opusCodec, () => 0));
    const decoder = opusCodec.createDecoder();
    const heard: Int16Array[] = [];
    const first = point - LEAD;
    for (let n = first; n < at(point) + 3; n++) heard.push(decoder.decode(packet(n))!.slice());
    const switched = concatInt16(heard);
    for (const n of [at(point), at(point) + 1]) lossDb.push(snrDb(CONTINUOUS, 0, n) - snrDb(switched, first, n));
    const start = at(point) * FRAME_SAMPLES - 100;
    const end = start + 2 * FRAME_SAMPLES;
    // Encoders differ in how sharp they are, and the original is the best possible result.
    const sharpest = Math.max(
      maxSecondDifference(CONTINUOUS, start, end),
      maxSecondDifference(OTHERS, start - LOOK_AHEAD, end - LOOK_AHEAD) / 32_768,
    );
    const offset = first * FRAME_SAMPLES;
    clickRatio = Math.max(clickRatio, maxSecondDifference(switched, start - offset, end - offset) / sharpest);
  }
  return { lossDb, clickRatio };
}

const POINTS = Array.from({ length: cases(12) }, (_, i) => 30 + Math.floor((204 * i) / cases(12)));

test('a hand-over from the shared stream to a separate one in mid-sentence is inaudible', async (t) => {
  const { lossDb, clickRatio } = compare(
    POINTS,
    (point) => point,
    (point, pool) => {
      const shared = new MixStream(pool, SHARED);
      const own = new MixStream(pool, OWN);
      return (n) => {
        shared.setMix(inFrame(sharedMix(n, n >= point)), n >= point ? 3 : 2);
        const sharedPayload = shared.payload();
        if (n < point) return sharedPayload;
        if (n === point) own.takeOver(shared);
        own.setMix(inFrame(frameOf(OTHERS, n)), 2);
        return own.payload();
      };
    },
  );
  t.comment(
    `mean loss ${mean(lossDb).toFixed(2)} dB, worst ${Math.max(...lossDb).toFixed(1)}, clicks ${clickRatio.toFixed(2)}`,
  );
  t.ok(mean(lossDb) <= 1, `mean loss ${mean(lossDb).toFixed(2)} dB`);
  t.ok(Math.max(...lossDb) <= 4, `worst loss ${Math.max(...lossDb).toFixed(2)} dB`);
  t.ok(clickRatio <= 1.2, `click ratio ${clickRatio.toFixed(2)}`);
});

test('a hand-over to a separate stream during held tones is inaudible too, at any phase', async (t) => {
  const change = 16;
  const frames = change + 3;
  let worst = 0;
  for (let phase = 0; phase < cases(200); phase++) {
    const tones = Float32Array.from(
      { length: frames * FRAME_SAMPLES },
      (_, i) => 6500 * (Math.sin(TONE_STEPS[0] * i + phase) + Math.sin(TONE_STEPS[1] * i + 2.3 * phase)),
    );
    const pool = new CodecPool(opusCodec, () => 0);
    const shared = new MixStream(pool, SHARED);
    const own = new MixStream(pool, OWN);
    const decoder = opusCodec.createDecoder();
    const heard = concatInt16(
      Array.from({ length: frames }, (_, n) => {
        const mix = frameOf(tones, n);
        shared.setMix(inFrame(mix), 2);
        if (n === change) own.takeOver(shared);
        if (n >= change) own.setMix(inFrame(mix), 2);
        return decoder.decode((n < change ? shared : own).payload())!.slice();
      }),
    );
    const start = change * FRAME_SAMPLES - 100;
    const before = maxSecondDifference(heard, start - 10 * FRAME_SAMPLES, start);
    worst = Math.max(worst, maxSecondDifference(heard, start, heard.length) / before);
  }
  t.ok(worst <= 1.2, `click ratio ${worst.toFixed(2)}`);
});

test('a hand-over back after ten equal frames is inaudible, and an immediate one would not be', async (t) => {
  const back = (frames: number) =>
    compare(
      POINTS,
      (point) => point + frames,
      (point, pool) => {
        const shared = new MixStream(pool, SHARED);
        const own = new MixStream(pool, OWN);
        return (n) => {
          const from = point - LEAD + 10;
          const speaking = n >= from && n < point;
          shared.setMix(inFrame(sharedMix(n, speaking)), speaking ? 3 : 2);
          const sharedPayload = shared.payload();
          if (n < from || n >= point + frames) return sharedPayload;
          if (n === from) own.takeOver(shared);
          own.setMix(inFrame(frameOf(OTHERS, n)), 2);
          return own.payload();
        };
      },
    );
  const { lossDb, clickRatio } = back(10);
  t.comment(
    `mean loss ${mean(lossDb).toFixed(2)} dB, worst ${Math.max(...lossDb).toFixed(1)}, clicks ${clickRatio.toFixed(2)}`,
  );
  t.ok(mean(lossDb) <= 2, `mean loss ${mean(lossDb).toFixed(2)} dB`);
  t.ok(Math.max(...lossDb) <= 5, `worst loss ${Math.max(...lossDb).toFixed(2)} dB`);
  t.ok(clickRatio <= 1.2, `click ratio ${clickRatio.toFixed(2)}`);
  const atOnce = mean(back(0).lossDb);
  t.ok(atOnce > mean(lossDb) + 1, `this measure detects a bad switch: ${atOnce.toFixed(2)} dB at once`);
});

test('after silence packets, a stream starts as well as one that always ran', async (t) => {
  for (const settings of [SHARED, OWN]) {
    const { lossDb } = compare(
      POINTS,
      (point) => point,
      (point, pool) => {
        const stream = new MixStream(pool, settings);
        return (n) => {
          if (n >= point - 10 && n < point) {
            stream.setSilent();
            return n < point - 7 ? SILENCE_PACKET : SILENCE_REFRESH_PACKET;
          }
          stream.setMix(inFrame(frameOf(OTHERS, n)), 2);
          return stream.payload();
        };
      },
    );
    // A first frame without prediction gets more bits than any other, so there is no loss at all.
    t.ok(mean(lossDb) <= 0, `mean loss ${mean(lossDb).toFixed(2)} dB`);
    // The first frame lacks the overlap with silence, 2.5 ms that cannot be recovered.
    const second = Math.max(...lossDb.filter((_, i) => i % 2 === 1));
    t.ok(second <= 2, `worst loss of the second frame ${second.toFixed(2)} dB`);
  }
});

test('a stream whose packets went unused for a while is back in step when somebody needs it', async (t) => {
  const { lossDb, clickRatio } = compare(
    POINTS,
    (point) => point,
    (point, pool) => {
      const unwanted = new MixStream(pool, SHARED);
      const own = new MixStream(pool, OWN);
      return (n) => {
        unwanted.setMix(inFrame(frameOf(OTHERS, n)), 2);
        own.setMix(inFrame(frameOf(OTHERS, n)), 2);
        return n < point ? own.payload() : unwanted.payload();
      };
    },
  );
  t.ok(mean(lossDb) <= 1, `mean loss ${mean(lossDb).toFixed(2)} dB`);
  t.ok(clickRatio <= 1.2, `click ratio ${clickRatio.toFixed(2)}`);
});

test('a packet is encoded once, however many ask for it, and an encoder goes back to the pool when silence comes', async (t) => {
  const pool = new CodecPool(opusCodec, () => 0);
  const stream = new MixStream(pool, SHARED);
  for (let n = 0; n < 20; n++) {
    stream.setMix(inFrame(frameOf(OTHERS, n)), 1);
    t.equal(stream.payload(), stream.payload());
  }
  t.equal(pool.counters.framesEncoded, 20);
  t.equal(pool.counters.framesPrimed, 0);
  t.equal(pool.encodersInUse, 1);
  stream.setSilent();
  stream.setSilent();
  t.equal(pool.encodersInUse, 0);
  t.equal(stream.frames, 0);
});

import { test } from 'tap';
import type { EncoderSettings } from '../../../src/mixer/codec/codec.ts';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { opusCodec } from '../../../src/mixer/codec/opus.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import type { Frame } from '../../../src/mixer/kernels/frame.ts';
import { MixStream } from '../../../src/mixer/mix/mix-stream.ts';
import { cases } from '../../helpers/cases.ts';
import { inFrame } from '../../helpers/in-frame.ts';
import { createStereoDecoder } from '../../helpers/opus.ts';
import { concatInt16, rms, tone, toneLevelDbfs } from '../../helpers/signal.ts';
import { voiced } from '../../helpers/voiced.ts';

const STEREO = { bitrate: 72_000, complexity: 3, channels: 2 } as const;
/** The delay of the encoder. */
const LOOK_AHEAD = 120;
const SHARED = { bitrate: 56_000, complexity: 3 } as const;

function frames(signal: Float32Array, n: number): Float32Array {
  return signal.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES);
}

const toneOf = (frequencyHz: number) =>
  tone({ frequencyHz, samples: 96_000, amplitude: 0.1 }).map((sample) => sample * 32_768);

test('left stays left and right stays right through Opus', async (t) => {
  const pool = new CodecPool(opusCodec, () => 0);
  const stream = new MixStream(pool, STEREO);
  const [left, right] = [toneOf(440), toneOf(1100)];
  const [leftFrame, rightFrame] = [pool.kernels.frames.take(), pool.kernels.frames.take()];
  const decode = createStereoDecoder();
  const heard = { left: [] as Int16Array[], right: [] as Int16Array[] };
  for (let n = 0; n < 100; n++) {
    leftFrame.samples.set(frames(left, n));
    rightFrame.samples.set(frames(right, n));
    stream.setStereoMix(leftFrame, rightFrame, 1);
    const sides = decode(stream.payload());
    heard.left.push(sides.left);
    heard.right.push(sides.right);
  }
  for (const [side, own, other] of [
    ['left', 440, 1100],
    ['right', 1100, 440],
  ] as const) {
    const sound = concatInt16(heard[side].slice(10));
    t.ok(Math.abs(toneLevelDbfs(sound, own) + 20) < 0.5, `${side}: ${toneLevelDbfs(sound, own)} dBFS`);
    t.ok(toneLevelDbfs(sound, other) < -65, `${side}: the other side's tone at ${toneLevelDbfs(sound, other)} dBFS`);
  }
});

test('encoders of one kind are not reused for the other', async (t) => {
  const pool = new CodecPool(opusCodec, () => 0);
  const [mono, stereo] = [new MixStream(pool, SHARED), new MixStream(pool, STEREO)];
  const silence = inFrame(new Float32Array(FRAME_SAMPLES).fill(100));
  for (let n = 0; n < 3; n++) {
    mono.setMix(silence, 1);
    t.equal(mono.payload()[0]! & 4, 0, 'mono');
    mono.setSilent();
    stereo.setStereoMix(silence, silence, 1);
    t.equal(stereo.payload()[0]! & 4, 4, 'stereo (RFC 6716 section 3.1)');
    stereo.setSilent();
  }
  t.equal(pool.encodersInUse, 0);
});

const VOICE = voiced(21, 6).map((sample) => sample * 20_000);
const SEAMS = cases(200);
/** Enough for encoder and decoder to settle. */
const BEFORE = 8;

/** Both sides hear the same voice, so mono and stereo streams have the same content. */
const setMix = (stream: MixStream, frame: Frame): void => {
  if (stream.channels === 2) stream.setStereoMix(frame, frame, 1);
  else stream.setMix(frame, 1);
};

interface Seam {
  readonly at: number;
  readonly from: EncoderSettings;
  /** Undefined: the first stream continues. */
  readonly to: EncoderSettings | undefined;
}

/** The energy of the errors in the last 2.5 ms before the frame of a seam, and in that frame. */
function errorsAround({ at, from, to }: Seam, pool: CodecPool): [number, number] {
  const decode = createStereoDecoder();
  const first = new MixStream(pool, from);
  const second = to === undefined ? first : new MixStream(pool, to);
  const heard: Int16Array[] = [];
  for (let n = at - BEFORE; n < at + 2; n++) {
    const frame = inFrame(frames(VOICE, n));
    setMix(first, frame);
    if (n === at && second !== first) second.takeOver(first);
    if (n >= at && second !== first) setMix(second, frame);
    heard.push(decode((n < at ? first : second).payload()).left);
  }
  first.setSilent();
  second.setSilent();
  const sound = concatInt16(heard);
  const error = (start: number, end: number): number => {
    let sum = 1;
    for (let i = start; i < end; i++) sum += (sound[i]! - VOICE[(at - BEFORE) * FRAME_SAMPLES + i - LOOK_AHEAD]!) ** 2;
    return sum;
  };
  const start = BEFORE * FRAME_SAMPLES;
  return [error(start - LOOK_AHEAD, start), error(start, start + FRAME_SAMPLES)];
}

const steadyErrors = new Map<EncoderSettings, Map<number, [number, number]>>();

/** The errors around a frame when nothing changes there, which several hand-overs are compared with. */
function steadyErrorsAround(at: number, from: EncoderSettings, pool: CodecPool): [number, number] {
  const known = steadyErrors.get(from) ?? new Map<number, [number, number]>();
  steadyErrors.set(from, known);
  const errors = known.get(at) ?? errorsAround({ at, from, to: undefined }, pool);
  known.set(at, errors);
  return errors;
}

for (const [name, from, to] of [
  ['stereo to stereo', STEREO, STEREO],
  ['mono to stereo', SHARED, STEREO],
  ['stereo to mono', STEREO, SHARED],
] as const) {
  test(`hand-over from ${name} with one priming frame in speech`, async (t) => {
    const pool = new CodecPool(opusCodec, () => 0);
    const losses: number[] = [];
    for (let at = 10; losses.length < 2 * SEAMS; at++) {
      if (rms(frames(VOICE, at)) < 200) continue;
      const steady = steadyErrorsAround(at, from, pool);
      const switched = errorsAround({ at, from, to }, pool);
      for (const part of [0, 1] as const) losses.push(10 * Math.log10(switched[part] / steady[part]));
    }
    t.equal(pool.counters.framesPrimed, SEAMS);
    losses.sort((a, b) => b - a);
    const oneInTwenty = losses[losses.length / 20]!;
    t.comment(`one in twenty loses ${oneInTwenty.toFixed(1)} dB or more, the worst ${losses[0]!.toFixed(1)}`);
    t.ok(oneInTwenty <= 4, `one in twenty loses ${oneInTwenty} dB`);
    t.ok(losses[Math.floor(losses.length / 100)]! <= 8, 'at most 1 in 100 loses more than 8 dB');
  });
}

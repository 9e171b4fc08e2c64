import { test } from 'tap';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { Effect, type EffectKind, VoiceEffect } from '../../../src/mixer/mix/voice-effect.ts';
import { concatInt16, toInt16, tone, toneLevelDbfs } from '../../helpers/signal.ts';

/** A second of a tone through an effect, without its beginning. */
function through(kind: EffectKind, strength: number, frequencyHz: number, amplitude = 0.1): Int16Array {
  const sound = toInt16(tone({ frequencyHz, samples: 60 * FRAME_SAMPLES, amplitude }));
  const voice = new VoiceEffect(new Effect(kind, strength), 1);
  const frames: Int16Array[] = [];
  for (let at = 0; at < sound.length; at += FRAME_SAMPLES) {
    const out = new Float32Array(FRAME_SAMPLES);
    voice.process(out, Float32Array.from(sound.subarray(at, at + FRAME_SAMPLES)), false);
    frames.push(Int16Array.from(out));
  }
  return concatInt16(frames.slice(10));
}

const levelOf = (kind: EffectKind, strength: number, frequencyHz: number, amplitude?: number) =>
  toneLevelDbfs(through(kind, strength, frequencyHz, amplitude), frequencyHz);

test('a radio has a band from 400 to 3000 Hz; 200 Hz and 6 kHz are 20 dB below 1 kHz', (t) => {
  for (const amplitude of [0.02, 0.1, 0.2]) {
    const [low, middle, high] = [200, 1000, 6000].map((hz) => levelOf('radio', 1, hz, amplitude));
    t.ok(low! < middle! - 20 && high! < middle! - 20, `${low}, ${middle} and ${high} dBFS`);
  }
  const middle = levelOf('radio', 1, 1000);
  for (const hz of [450, 2800]) t.ok(Math.abs(levelOf('radio', 1, hz) - middle) < 3, `${hz} Hz passes`);
  t.end();
});

test('a telephone has the band of a telephone', (t) => {
  const middle = levelOf('phone', 1, 1000);
  for (const hz of [350, 3000]) t.ok(Math.abs(levelOf('phone', 1, hz) - middle) < 3, `${hz} Hz passes`);
  for (const hz of [100, 6000]) t.ok(levelOf('phone', 1, hz) < middle - 20, `${hz} Hz does not`);
  t.end();
});

test('at 1 kHz a voice is as loud as without the effect, and weak effects change less', (t) => {
  for (const kind of ['radio', 'phone'] as const) {
    for (const strength of [0.3, 1]) t.ok(Math.abs(levelOf(kind, strength, 1000, 0.02) - -34) < 0.5, kind);
  }
  const low = [0.1, 0.5, 1].map((strength) => levelOf('radio', strength, 150, 0.02));
  t.ok(low[0]! > -36 && low[0]! > low[1]! + 1 && low[1]! > low[2]! + 10, low.join(', '));
  t.end();
});

test('a radio clips softly: a loud voice gets harmonics, a quiet one hardly any', (t) => {
  const thirdOf = (amplitude: number) => {
    const sound = through('radio', 1, 600, amplitude);
    return toneLevelDbfs(sound, 1800) - toneLevelDbfs(sound, 600);
  };
  t.ok(thirdOf(0.5) > -20, `${thirdOf(0.5)} dB`);
  t.ok(thirdOf(0.02) < -35, `${thirdOf(0.02)} dB`);
  t.end();
});

test('noise accompanies a radio voice, is different for each, and ends with the voice', (t) => {
  const silence = new Float32Array(FRAME_SAMPLES);
  const run = (seed: number) => {
    const voice = new VoiceEffect(new Effect('radio', 1), seed);
    const [first, last, after] = [0, 1, 2].map((i) => {
      const out = new Float32Array(FRAME_SAMPLES);
      voice.process(out, silence, i === 1);
      return out;
    });
    return { first: first!, last: last!, after: after! };
  };
  const [one, other] = [run(1), run(2)];
  const rms = (frame: Float32Array) => Math.sqrt(frame.reduce((sum, x) => sum + x * x, 0) / frame.length);
  t.ok(rms(one.first) > 5 && rms(one.first) < 100, `${rms(one.first)}`);
  t.notSame(one.first, other.first);
  t.ok(one.last.subarray(-10).every((sample) => Math.abs(sample) < 1));
  t.ok(Math.abs(one.after[0]!) < 5);
  t.end();
});

test('noise goes on from frame to frame, as loud at their beginnings as at their ends, and never the same', (t) => {
  const silence = new Float32Array(FRAME_SAMPLES);
  const voice = new VoiceEffect(new Effect('radio', 1), 3);
  const frames = Array.from({ length: 20 }, () => {
    const out = new Float32Array(FRAME_SAMPLES);
    voice.process(out, silence, false);
    return out;
  });
  const rms = (samples: Float32Array) => Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
  const steady = frames.slice(1);
  const meanOf = (part: (frame: Float32Array) => Float32Array) =>
    steady.reduce((sum, frame) => sum + rms(part(frame)), 0) / steady.length;
  const [beginnings, ends] = [meanOf((frame) => frame.subarray(0, 100)), meanOf((frame) => frame.subarray(-100))];
  t.ok(beginnings / ends > 0.7 && beginnings / ends < 1.4, `${beginnings} and ${ends}`);
  for (const [n, frame] of steady.slice(1).entries()) {
    const difference = frame.map((sample, i) => sample - steady[n]![i]!);
    t.ok(rms(difference) > rms(frame), `frame ${n}`);
  }
  t.end();
});

test('a filter that rests has no denormals', (t) => {
  const voice = new VoiceEffect(new Effect('phone', 1), 1);
  const out = new Float32Array(FRAME_SAMPLES);
  voice.process(out, new Float32Array(FRAME_SAMPLES).fill(1000), false);
  const silence = new Float32Array(FRAME_SAMPLES);
  for (let i = 0; i < 50; i++) voice.process(out, silence, false);
  t.ok(out.every((sample) => sample === 0));
  t.end();
});

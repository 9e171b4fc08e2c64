import { test } from 'tap';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { threadKernels } from '../../../src/mixer/kernels/kernels.ts';
import { SpaceVoice } from '../../../src/mixer/mix/space-voice.ts';
import { rmsDbfs, toInt16, tone } from '../../helpers/signal.ts';

const kernels = threadKernels();
const FRAMES = 10;

/** What a voice sounds like behind walls, over ten frames of a tone. */
function muffled(frequencyHz: number, isNeeded: (n: number) => boolean = () => true): Float32Array[] {
  const sound = tone({ frequencyHz, samples: FRAMES * FRAME_SAMPLES, amplitude: 0.3 });
  const voice = new SpaceVoice(1, kernels);
  const frame = kernels.frames.take();
  const out: Float32Array[] = [];
  for (let n = 0; n < FRAMES; n++) {
    frame.samples.set(sound.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES).map((sample) => sample * 32_768));
    voice.begin(frame, n > 0, -26);
    out.push(isNeeded(n) ? voice.muffled.samples.slice() : new Float32Array(FRAME_SAMPLES));
  }
  voice.release();
  kernels.frames.release(frame);
  return out;
}

const levelOf = (frame: Float32Array) => rmsDbfs(toInt16(frame.map((sample) => sample / 32_768)));

test('the muffled copy is 3 dB quieter at 1.2 kHz, unchanged far below, and falls by 6 dB an octave far above', (t) => {
  const [bass, corner, treble, octave] = [100, 1200, 5000, 10_000].map((hz) => levelOf(muffled(hz).at(-1)!)) as [
    number,
    number,
    number,
    number,
  ];
  t.ok(Math.abs(bass - corner - 3) < 0.4, `${bass - corner} dB`);
  t.ok(treble - octave > 3.5 && treble - octave < 6.5, `${treble - octave} dB`);
  t.ok(bass - treble > 11 && bass - treble < 14, `${bass - treble} dB`);
  t.end();
});

test('the copy is made once in a tick, goes on smoothly, and begins from rest after a tick without one', (t) => {
  const frames = muffled(150);
  for (let n = 1; n < FRAMES; n++) {
    const [before, now] = [frames[n - 1]!, frames[n]!];
    const step = Math.abs(now[0]! - before[FRAME_SAMPLES - 1]!);
    const usual = Math.max(...now.subarray(1, 200).map((sample, i) => Math.abs(sample - now[i]!)));
    t.ok(step <= 1.2 * usual, `${step} and ${usual}`);
  }
  const paused = muffled(150, (n) => n !== 4);
  t.strictSame(paused[3], frames[3]);
  const restart = new SpaceVoice(2, kernels);
  const frame = kernels.frames.take();
  const sound = tone({ frequencyHz: 150, samples: FRAMES * FRAME_SAMPLES, amplitude: 0.3 });
  frame.samples.set(sound.subarray(5 * FRAME_SAMPLES, 6 * FRAME_SAMPLES).map((sample) => sample * 32_768));
  restart.begin(frame, false, -26);
  t.strictSame(paused[5], restart.muffled.samples, 'as a new voice would');
  const first = restart.muffled.samples.slice();
  frame.samples.fill(0);
  t.strictSame(restart.muffled.samples, first, 'only once in a tick');
  restart.release();
  kernels.frames.release(frame);
  t.end();
});

test('after a pause of the voice its copy begins from rest', (t) => {
  const voice = new SpaceVoice(1, kernels);
  const frame = kernels.frames.take();
  frame.samples.fill(1000);
  voice.begin(frame, false, -26);
  const first = voice.muffled.samples.slice();
  t.ok(first[0]! < 200 && first[FRAME_SAMPLES - 1]! > 990);
  voice.release();
  t.equal(voice.frame, undefined);
  voice.begin(frame, false, -26);
  t.strictSame(voice.muffled.samples, first);
  voice.release();
  kernels.frames.release(frame);
  t.end();
});

test('a frame is taken for the copy when it is needed, and given back once', (t) => {
  const taken = kernels.frames.taken;
  const voice = new SpaceVoice(1, kernels);
  const frame = kernels.frames.take();
  voice.begin(frame, false, -26);
  t.equal(kernels.frames.taken, taken + 1);
  t.equal(voice.muffled, voice.muffled);
  t.equal(kernels.frames.taken, taken + 2);
  voice.release();
  voice.release();
  kernels.frames.release(frame);
  t.equal(kernels.frames.taken, taken);
  t.end();
});

test('a new voice is nowhere until it sounds, and knows whether it sounded before', (t) => {
  const voice = new SpaceVoice(7, kernels);
  t.match(voice, { voice: 7, slot: 0, isPresent: false, soundedBefore: false, power: 1 });
  t.equal(voice.frame, undefined);
  t.ok(voice.channels.isEmpty && voice.channelsBefore.isEmpty);
  const frame = kernels.frames.take();
  for (const soundedBefore of [true, false]) {
    voice.begin(frame, soundedBefore, -26);
    t.strictSame([voice.frame, voice.soundedBefore], [frame, soundedBefore]);
  }
  kernels.frames.release(frame);
  t.end();
});

test('a louder voice has more weight, within 6 dB of the usual level', (t) => {
  const voice = new SpaceVoice(1, kernels);
  const frame = kernels.frames.take();
  const weightDb = (loudnessDbov: number) => {
    voice.begin(frame, true, loudnessDbov);
    return 10 * Math.log10(voice.power);
  };
  for (const [dbov, db] of [
    [-26, 0],
    [-23, 3],
    [-30, -4],
    [-20, 6],
    [-10, 6],
    [-32, -6],
    [-60, -6],
  ] as const)
    t.ok(Math.abs(weightDb(dbov) - db) < 1e-9, `${dbov} dBov`);
  kernels.frames.release(frame);
  t.end();
});

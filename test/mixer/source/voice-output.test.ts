import { test } from 'tap';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { threadKernels } from '../../../src/mixer/kernels/kernels.ts';
import { SampleQueue } from '../../../src/mixer/source/sample-queue.ts';
import { FADE_SAMPLES } from '../../../src/mixer/source/voice-decoder.ts';
import { VoiceOutput } from '../../../src/mixer/source/voice-output.ts';

const LEVEL = 1000;
/** RMS of 1,000, in dBov. */
const LEVEL_DBOV = 20 * Math.log10(LEVEL / 32_768);
const SPEECH = LEVEL_DBOV - 1;
const kernels = threadKernels();

function setUp() {
  const output = new VoiceOutput(kernels);
  const queue = new SampleQueue();
  const frames = (count: number, thresholdDbov: number | undefined = undefined, level = LEVEL) => {
    for (let i = 0; i < count; i++) {
      queue.append(new Int16Array(FRAME_SAMPLES).fill(level));
      output.write(queue, thresholdDbov);
      queue.advance();
      output.turnTo(output.gain);
    }
    return output.frame.samples;
  };
  return { output, queue, frames };
}

const isNear = (sample: number, value: number) => Math.abs(sample - value) < 0.01 * LEVEL;

test('a voice begins with a short fade, goes on unchanged, and ends over a whole frame', (t) => {
  const { output, frames } = setUp();
  t.equal(output.gain, 0);
  output.turnTo(1);
  t.equal(output.gain, 1);
  let samples = frames(1);
  t.ok(samples[0]! > 0 && samples[0]! < 0.01 * LEVEL);
  t.ok(isNear(samples[FADE_SAMPLES / 2]!, LEVEL / 2));
  t.ok(samples.subarray(FADE_SAMPLES).every((sample) => sample === LEVEL));
  samples = frames(1);
  t.ok(samples.every((sample) => sample === LEVEL));
  output.turnTo(0);
  samples = frames(1);
  t.ok(isNear(samples[0]!, LEVEL) && isNear(samples[FRAME_SAMPLES / 2]!, LEVEL / 2));
  t.equal(samples[FRAME_SAMPLES - 1], 0);
  t.ok(frames(1).every((sample) => sample === 0));
  t.end();
});

test('before it is turned to anything, a voice is silent', (t) => {
  const { frames } = setUp();
  t.ok(frames(2).every((sample) => sample === 0));
  t.end();
});

test('a blank frame is silent, whatever was in it before', (t) => {
  const { output, queue, frames } = setUp();
  output.turnTo(1);
  frames(2);
  queue.appendBlank(FRAME_SAMPLES);
  output.write(queue, undefined);
  t.ok(output.frame.samples.every((sample) => sample === 0));
  t.end();
});

test('it takes one frame from the pool while it sounds, and gives it back once', (t) => {
  const { output, frames } = setUp();
  const taken = kernels.frames.taken;
  output.releaseFrame();
  t.equal(kernels.frames.taken, taken);
  frames(3);
  t.equal(kernels.frames.taken, taken + 1);
  output.releaseFrame();
  output.releaseFrame();
  t.equal(kernels.frames.taken, taken);
  t.end();
});

test('with levelling, a quiet voice is raised while it speaks, and nothing else teaches the leveller', (t) => {
  for (const [threshold, isSpeech] of [
    [SPEECH, true],
    [LEVEL_DBOV + 0.01, false],
    [LEVEL_DBOV + 1, false],
    [undefined, false],
  ] as const) {
    const { output, frames } = setUp();
    output.setLevelling(true);
    output.turnTo(1);
    // A pause shows that the voice stands out from its background.
    frames(60, SPEECH, 1);
    frames(150, threshold);
    const isRaised = frames(1, threshold)[FRAME_SAMPLES - 1]! > 1.2 * LEVEL;
    t.equal(isRaised, isSpeech, `threshold ${threshold}`);
    t.equal(output.isUnlevelled, !isSpeech);
    output.releaseFrame();
  }
  t.end();
});

test('a level at the threshold is speech, and one that is only observed counts like one that is heard', (t) => {
  const { output, frames } = setUp();
  output.setLevelling(true);
  output.turnTo(1);
  for (let i = 0; i < 60; i++) output.observe(-80, SPEECH);
  for (let i = 0; i < 150; i++) output.observe(-30, -30);
  t.ok(frames(1)[FRAME_SAMPLES - 1]! > 1.2 * LEVEL);
  output.releaseFrame();
  t.end();
});

test('a voice is not levelled until it is asked for, and its gain goes back when it no longer is', (t) => {
  const { output, frames } = setUp();
  output.turnTo(1);
  for (let i = 0; i < 60; i++) output.observe(-80, SPEECH);
  frames(150, SPEECH);
  t.ok(output.isUnlevelled);
  t.equal(frames(1, SPEECH)[0], LEVEL);
  output.setLevelling(true);
  t.ok(output.isUnlevelled, 'it begins at 0 dB');
  frames(60, SPEECH, 1);
  frames(150, SPEECH);
  t.notOk(output.isUnlevelled);
  const raised = frames(1, SPEECH)[FRAME_SAMPLES - 1]!;
  output.setLevelling(false);
  const soon = frames(2, SPEECH)[FRAME_SAMPLES - 1]!;
  t.ok(soon < raised && soon > 0.9 * raised, 'not at once');
  for (let i = 0; i < 50; i++) output.observe(-40, -40);
  t.ok(frames(1, SPEECH)[FRAME_SAMPLES - 1]! <= soon, 'and not up again, whatever is heard meanwhile');
  frames(500, SPEECH);
  t.ok(output.isUnlevelled);
  t.equal(frames(1, SPEECH)[0], LEVEL);
  for (let i = 0; i < 200; i++) output.observe(-30, -30);
  t.equal(frames(1, SPEECH)[0], LEVEL, 'and nothing is learnt');
  output.releaseFrame();
  t.end();
});

test('levelling that is switched on again goes on from the gain that there is', (t) => {
  const { output, frames } = setUp();
  output.setLevelling(true);
  output.turnTo(1);
  frames(60, SPEECH, 1);
  const raised = frames(250, SPEECH)[FRAME_SAMPLES - 1]!;
  output.setLevelling(false);
  frames(2, SPEECH);
  output.setLevelling(true);
  t.ok(frames(1, SPEECH)[FRAME_SAMPLES - 1]! > 0.9 * raised);
  output.releaseFrame();
  t.end();
});

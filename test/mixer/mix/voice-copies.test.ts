import fc from 'fast-check';
import { test } from 'tap';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import type { Frame } from '../../../src/mixer/kernels/frame.ts';
import { Audience } from '../../../src/mixer/mix/audience.ts';
import { ChannelSet } from '../../../src/mixer/mix/channel-set.ts';
import { type ChannelSound, ChannelSounds, PLAIN_CHANNEL } from '../../../src/mixer/mix/channel-sounds.ts';
import { FLAT_ENCODERS } from '../../../src/mixer/mix/room-encoders.ts';
import { VoiceCopies } from '../../../src/mixer/mix/voice-copies.ts';
import { createPath, NO_PATH, type VoicePath } from '../../../src/mixer/mix/voice-path.ts';
import { cases } from '../../helpers/cases.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { stillVoice } from '../../helpers/still-voice.ts';

const SEED = Number(process.env['SEED'] ?? 4121);
const pool = new CodecPool(new PlainCodec(), () => 0);
const { kernels } = pool;
const everyone = new Audience(pool, ChannelSet.ROOM, FLAT_ENCODERS.shared);
const LEVEL = 100;

/** The gain of each of these channels; the effect is tested by itself. */
const GAINS = [1, 0.5, 2, 0] as const;
const paths = fc.constantFrom(NO_PATH, 0, 1, 2, 3);
const gainOf = (path: number) => (path === NO_PATH ? 0 : GAINS[path]!);

function copiesWith(sounds: Readonly<Record<number, Partial<ChannelSound>>>) {
  const all = new ChannelSounds();
  all.set(new Map(Object.entries(sounds).map(([channel, sound]) => [Number(channel), { ...PLAIN_CHANNEL, ...sound }])));
  all.endFrame();
  return { sounds: all, copies: new VoiceCopies(kernels, all) };
}

const withGains = () => copiesWith(Object.fromEntries(GAINS.map((gain, channel) => [channel, { gain }])));
const voiceOf = (soundedBefore: boolean, level = LEVEL) => {
  const voice = stillVoice(kernels, everyone, { voice: 1, level, soundedBefore });
  Object.assign(voice.source, { sounding: true });
  return voice;
};
const onPath = (before: number, now: number, more: Partial<VoicePath> = {}): VoicePath => ({
  ...createPath(ChannelSet.ROOM),
  before,
  now,
  ...more,
});
const endsOf = ({ samples }: Frame) => [samples[0]!, samples[FRAME_SAMPLES - 1]!] as const;
/** The gain at the first sample has already begun to move. */
const isNear = (one: number, other: number) => Math.abs(one - other) <= (3 * LEVEL) / FRAME_SAMPLES;

test('a voice moves from its gain on one path to that on the next, and one that begins has the last at once', (t) => {
  t.comment(`SEED=${SEED}`);
  const taken = kernels.frames.taken;
  fc.assert(
    fc.property(paths, paths, fc.boolean(), (before, now, soundedBefore) => {
      const { copies } = withGains();
      const voice = voiceOf(soundedBefore);
      const path = onPath(before, now);
      const frame = copies.frameOf(voice, path);
      const to = LEVEL * gainOf(now);
      const from = soundedBefore ? LEVEL * gainOf(before) : to;
      const mix = kernels.frames.take();
      mix.samples.fill(7);
      copies.addTo(mix, voice, path);
      const added = endsOf(mix).map((sample) => sample - 7);
      const isAdded = isNear(added[0]!, from) && isNear(added[1]!, to);
      let isRight = isAdded && (frame === undefined) === (from === 0 && to === 0);
      if (frame !== undefined) isRight &&= isNear(endsOf(frame)[0], from) && isNear(endsOf(frame)[1], to);
      for (const used of [mix, voice.frame]) kernels.frames.release(used);
      copies.close();
      return isRight;
    }),
    { seed: SEED, numRuns: cases(200) },
  );
  t.equal(kernels.frames.taken, taken, 'all frames are given back');
  t.end();
});

test('everybody on the same path gets the same frame in a tick, and others another', (t) => {
  const { copies } = withGains();
  const [voice, other] = [voiceOf(true), voiceOf(true)];
  t.equal(copies.frameOf(voice, onPath(0, 0)), voice.frame, 'what is unchanged is not copied');
  const fading = copies.frameOf(voice, onPath(0, NO_PATH));
  const beginning = copies.frameOf(voice, onPath(NO_PATH, 0));
  const quiet = copies.frameOf(voice, onPath(1, 1));
  t.equal(new Set([voice.frame, fading, beginning, quiet, copies.frameOf(other, onPath(1, 1))]).size, 5);
  t.equal(copies.frameOf(voice, onPath(0, NO_PATH)), fading);
  t.equal(copies.frameOf(voice, onPath(NO_PATH, 0)), beginning);
  t.equal(copies.frameOf(voice, onPath(1, 1)), quiet);
  copies.close();
  t.end();
});

test('a copy is made anew in each tick, and its frame is free after it', (t) => {
  const { copies } = withGains();
  const voice = voiceOf(true);
  const taken = kernels.frames.taken;
  for (const level of [10, 20]) {
    voice.frame.samples.fill(level);
    t.strictSame(endsOf(copies.frameOf(voice, onPath(1, 1))!), [level / 2, level / 2]);
    t.equal(kernels.frames.taken, taken + 1);
    copies.endFrame();
    t.equal(kernels.frames.taken, taken);
  }
  t.end();
});

test('a path may have gains of its own, for a listener who has set one', (t) => {
  const { copies } = withGains();
  const voice = voiceOf(true);
  const mix = kernels.frames.take();
  for (const [from, to] of [
    [0.5, 1],
    [0, 2],
    [1, 0],
    [0, 0],
  ] as const) {
    mix.samples.fill(0);
    copies.addTo(mix, voice, onPath(1, 1, { from, to }));
    const [first, last] = endsOf(mix);
    t.ok(isNear(first, LEVEL * 0.5 * from) && isNear(last, LEVEL * 0.5 * to), `${first}…${last}`);
  }
  t.end();
});

test('each side of a stereo mix has its own copy of a voice that comes from one side', (t) => {
  const { copies } = copiesWith({ 1: { pan: 1 } });
  const voice = voiceOf(true);
  const side = (one: VoicePath['side']) => copies.frameOf(voice, onPath(1, 1, { side: one, sideBefore: one }))!;
  t.equal(side('both'), voice.frame);
  t.equal(side('right'), voice.frame);
  t.ok(endsOf(side('left'))[1] < LEVEL / 2);
  const moving = copies.frameOf(voice, onPath(1, 1, { side: 'left', sideBefore: 'right' }))!;
  t.ok(isNear(endsOf(moving)[0], LEVEL) && endsOf(moving)[1] < LEVEL / 2);
  copies.close();
  t.end();
});

test('a voice that moves into a channel with an effect fades from one sound into the other', (t) => {
  const { copies } = copiesWith({ 1: { effect: 'radio' }, 2: { effect: 'phone', gain: 0.5 } });
  const voice = voiceOf(true);
  const treated = (channel: number) => copies.frameOf(voice, onPath(channel, channel))!.samples.slice();
  const [plain, radio, phone] = [voice.frame.samples, treated(1), treated(2)];
  t.notSame(radio, plain);
  for (const [before, now, from, to] of [
    [0, 1, plain, radio],
    [1, 0, radio, plain],
    [1, 2, radio, phone],
    [NO_PATH, 1, new Float32Array(FRAME_SAMPLES), radio],
    [2, NO_PATH, phone, new Float32Array(FRAME_SAMPLES)],
  ] as const) {
    const { samples } = copies.frameOf(voice, onPath(before, now))!;
    const isMiddle = samples.every((sample, i) => {
      const part = (i + 1) / FRAME_SAMPLES;
      return Math.abs(sample - from[i]! * (1 - part) - to[i]! * part) < 0.02;
    });
    t.ok(isMiddle, `from ${before} to ${now}`);
  }
  copies.close();
  t.end();
});

import fc from 'fast-check';
import { test } from 'tap';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import type { Frame } from '../../../src/mixer/kernels/frame.ts';
import { Audience } from '../../../src/mixer/mix/audience.ts';
import { ChannelSet } from '../../../src/mixer/mix/channel-set.ts';
import { ChannelSounds, PLAIN_CHANNEL } from '../../../src/mixer/mix/channel-sounds.ts';
import type { MixLink } from '../../../src/mixer/mix/mix-link.ts';
import { FLAT_ENCODERS } from '../../../src/mixer/mix/room-encoders.ts';
import { VoiceCopies } from '../../../src/mixer/mix/voice-copies.ts';
import { cases } from '../../helpers/cases.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { addressOf, stillVoice } from '../../helpers/still-voice.ts';

const SEED = Number(process.env['SEED'] ?? 3012);
const codec = new PlainCodec();
const pool = new CodecPool(codec, () => 0);
const { kernels } = pool;
const { frames } = kernels;

const audienceOf = (...channels: number[]) => new Audience(pool, ChannelSet.of(channels), FLAT_ENCODERS.shared);
const isNear = (sample: number, value: number) => Math.abs(sample - value) < 0.2;
/** The values at both ends of a frame. */
const endsOf = ({ samples }: Frame) => [samples[0]!, samples[FRAME_SAMPLES - 1]!] as const;

const CHANNELS = [0, 1, 31, 32, 63];
const channels = fc.subarray(CHANNELS);
const said = fc.array(
  fc.record({
    level: fc.integer({ min: 1, max: 9 }),
    soundedBefore: fc.boolean(),
    now: channels,
    before: channels,
  }),
  { maxLength: 6 },
);

/** Adds the same value to every sample. */
function linkOf(level: number, talkers: number, ticks: number[] = []): MixLink {
  return {
    add: (tick, mix) => {
      ticks.push(tick);
      for (let i = 0; i < FRAME_SAMPLES; i++) mix.samples[i]! += level;
      return talkers;
    },
  } as Partial<MixLink> as MixLink;
}

test('the sum is what each voice adds: those that go on, and those that begin, end or move in a ramp', async (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(said, channels, (voices, heard) => {
      const copies = new VoiceCopies(kernels, new ChannelSounds());
      const audience = audienceOf(...heard);
      const reaches = (into: readonly number[]) => into.some((channel) => heard.includes(channel));
      const contributors = voices.map(({ level, soundedBefore, now, before }, i) =>
        stillVoice(kernels, audience, {
          voice: i + 1,
          level,
          soundedBefore,
          address: addressOf(now),
          addressBefore: addressOf(before),
        }),
      );
      const parts = voices.map(({ level, soundedBefore, now, before }) => {
        const to = reaches(now) ? level : 0;
        return { from: soundedBefore ? (reaches(before) ? level : 0) : to, to };
      });
      const heardParts = parts.filter(({ from, to }) => from > 0 || to > 0);
      audience.sumUp(contributors, copies);
      const [first, last] = endsOf(audience.sum);
      const isRight =
        isNear(
          first,
          parts.reduce((sum, { from }) => sum + from, 0),
        ) &&
        isNear(
          last,
          parts.reduce((sum, { to }) => sum + to, 0),
        ) &&
        audience.voices === heardParts.length;
      // Whoever is in the sum can be subtracted from it.
      const isExact = contributors.every((voice, i) => {
        const frame = audience.frameOf(voice, copies);
        const { from, to } = parts[i]!;
        if (audience.hears(voice) !== (frame !== undefined)) return false;
        if (frame === undefined) return from === 0 && to === 0;
        const ends = endsOf(frame);
        return isNear(ends[0], from) && isNear(ends[1], to) && frame === audience.frameOf(voice, copies);
      });
      copies.endFrame();
      audience.close();
      return isRight && isExact;
    }),
    { seed: SEED, numRuns: cases(400) },
  );
});

test('two audiences hear the same if the same of their channels sound', async (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(channels, channels, channels, (mine, yours, sounding) => {
      const [a, b] = [audienceOf(...mine), audienceOf(...yours)];
      const { low, high } = ChannelSet.of(sounding);
      for (const audience of [a, b]) audience.begin(low, high);
      const soundingOf = (heard: readonly number[]) => heard.filter((channel) => sounding.includes(channel)).join();
      return (
        a.isSilent === (soundingOf(mine) === '') &&
        a.hearsTheSameAs(b) === (soundingOf(mine) === soundingOf(yours)) &&
        a.hearsTheSameAs(b) === b.hearsTheSameAs(a)
      );
    }),
    { seed: SEED, numRuns: cases(400) },
  );
});

test('in a new audience nothing sounds, and nobody is in sync with its stream', async (t) => {
  const audience = audienceOf(...CHANNELS);
  t.ok(audience.isNew && audience.isSilent && audience.isAtRest);
  t.equal(audience.voices, 0);
  t.equal(audience.sameTicks, 0);
  t.equal(audience.size, 0);
  t.equal(audience.leader, audience);
});

test('voices from other parts of the room are added and counted', async (t) => {
  const audience = audienceOf(0);
  const copies = new VoiceCopies(kernels, new ChannelSounds());
  audience.sumUp([stillVoice(kernels, audience, { voice: 1, level: 5 })], copies);
  const ticks: number[] = [];
  audience.addLinked(linkOf(7, 2, ticks), 41);
  t.strictSame(ticks, [41]);
  t.equal(audience.voices, 3);
  t.strictSame(endsOf(audience.sum), [12, 12]);
  const more = frames.take();
  more.samples.fill(3);
  audience.add(more, 4, copies.sounds);
  t.equal(audience.voices, 7);
  t.strictSame(endsOf(audience.sum), [15, 15]);
  audience.add(more, 0, copies.sounds);
  t.equal(audience.voices, 7);
  t.strictSame(endsOf(audience.sum), [15, 15], 'no voices, so nothing is added');
});

test('an audience that follows has the sum, the voices and the stream of its leader, and holds no frame', async (t) => {
  const [leader, follower] = [audienceOf(0), audienceOf(0, 1)];
  const copies = new VoiceCopies(kernels, new ChannelSounds());
  const voice = stillVoice(kernels, leader, { voice: 1, level: 5 });
  for (const audience of [leader, follower]) {
    audience.begin(1, 0);
    audience.sumUp([voice], copies);
    audience.setMix();
  }
  const taken = frames.taken;
  t.not(follower.stream, leader.stream);
  t.notOk(follower.isAtRest);
  follower.sameTicks = 7;
  follower.follow(leader);
  t.equal(frames.taken, taken - 1);
  t.equal(follower.stream, leader.stream);
  t.equal(follower.sum, leader.sum);
  t.equal(follower.voices, 1);
  t.equal(follower.leader, leader);
  t.equal(follower.sameTicks, 0);
  t.ok(follower.isAtRest && !leader.isAtRest);
  leader.close();
  follower.close();
});

test('an audience that leaves its leader continues in its own stream, which has heard the same', async (t) => {
  for (const soundsBefore of [3, 9]) {
    const [leader, follower] = [audienceOf(0), audienceOf(0, 1)];
    const copies = new VoiceCopies(kernels, new ChannelSounds());
    const voice = stillVoice(kernels, leader, { voice: 1, level: 5, address: addressOf([0]) });
    const mate = stillVoice(kernels, leader, { voice: 2, level: 3, soundedBefore: false, address: addressOf([1]) });
    follower.follow(leader);
    for (let tick = 0; tick < soundsBefore; tick++) {
      for (const audience of [leader, follower]) audience.begin(1, 0);
      leader.sumUp([voice], copies);
      leader.setMix();
      leader.stream.payload();
    }
    for (const audience of [leader, follower]) audience.begin(3, 0);
    leader.sumUp([voice, mate], copies);
    leader.setMix();
    follower.sameTicks = 4;
    follower.leaveLeader();
    t.equal(follower.leader, follower);
    t.equal(follower.left, leader);
    t.equal(follower.sameTicks, 0);
    t.equal(follower.stream.frames, Math.min(6, soundsBefore), 'the frames that its listeners have heard');
    follower.sumUp([voice, mate], copies);
    follower.setMix();
    const primed = pool.counters.framesPrimed;
    t.strictSame([...codec.decode(follower.stream.payload())].slice(-1), [8]);
    t.equal(pool.counters.framesPrimed - primed, Math.min(6, soundsBefore));
    follower.begin(1, 0);
    t.equal(follower.left, undefined, 'until the next tick');
    for (const audience of [leader, follower]) audience.close();
  }
});

test('an audience that leaves a leader who is silent now has heard also its last frame', async (t) => {
  const [leader, follower] = [audienceOf(0), audienceOf(0, 1)];
  const copies = new VoiceCopies(kernels, new ChannelSounds());
  follower.follow(leader);
  for (const audience of [leader, follower]) audience.begin(1, 0);
  for (let tick = 0; tick < 3; tick++) {
    leader.sumUp([stillVoice(kernels, leader, { voice: 1, level: 5 })], copies);
    leader.setMix();
  }
  for (const audience of [leader, follower]) audience.begin(2, 0);
  follower.leaveLeader();
  t.equal(follower.stream.frames, 3);
  for (const audience of [leader, follower]) audience.close();
});

test('at rest, an audience leads itself, has no voices and gives its frame back', async (t) => {
  const taken = frames.taken;
  const [leader, audience] = [audienceOf(0), audienceOf(1)];
  const copies = new VoiceCopies(kernels, new ChannelSounds());
  audience.follow(leader);
  audience.rest();
  t.equal(audience.leader, audience);
  const voice = stillVoice(kernels, audience, { voice: 1, level: 5, address: addressOf([1]) });
  audience.sumUp([voice], copies);
  audience.setMix();
  audience.stream.payload();
  audience.sameTicks = 5;
  t.notOk(audience.isAtRest);
  t.equal(pool.encodersInUse, 1);
  audience.rest();
  t.equal(audience.voices, 0);
  t.equal(audience.sameTicks, 0);
  t.ok(audience.isAtRest);
  t.equal(pool.encodersInUse, 0);
  frames.release(voice.frame);
  t.equal(frames.taken, taken);
});

test('while a lone voice is passed on, there is one voice, and the stream is silent', async (t) => {
  const audience = audienceOf(0);
  audience.sumUp(
    [stillVoice(kernels, audience, { voice: 1, level: 5 })],
    new VoiceCopies(kernels, new ChannelSounds()),
  );
  audience.setMix();
  audience.passOn();
  t.equal(audience.voices, 1);
  t.ok(audience.isAtRest);
  audience.close();
});

test('the stream is beside another if both encoders are on the same side of the complexity border', async (t) => {
  const [a, b] = [audienceOf(0), audienceOf(1)];
  t.notOk(a.isBeside(b), 'nothing was encoded');
  a.sumUp([stillVoice(kernels, a, { voice: 1, level: 5 })], new VoiceCopies(kernels, new ChannelSounds()));
  a.setMix();
  a.stream.payload();
  t.ok(a.isBeside(b));
  b.retune({ bitrate: 48_000, complexity: 3 });
  t.notOk(a.isBeside(b));
  a.close();
});

test('listeners in stereo have two sides while one of their channels is not in the middle and sounds', async (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(channels, channels, channels, fc.boolean(), (heard, sounding, panned, isStereo) => {
      const encoder = isStereo ? FLAT_ENCODERS.stereo : FLAT_ENCODERS.shared;
      const audience = new Audience(pool, ChannelSet.of(heard), encoder);
      const sounds = new ChannelSounds();
      sounds.set(new Map(panned.filter((one) => one > 0).map((one) => [one, { ...PLAIN_CHANNEL, pan: 1 }])));
      sounds.endFrame();
      const copies = new VoiceCopies(kernels, sounds);
      const [low, high] = [ChannelSet.of(sounding).low, ChannelSet.of(sounding).high];
      audience.begin(low, high, sounds.pannedInFrame);
      const voices = sounding.map((channel, i) =>
        stillVoice(kernels, audience, { voice: i + 1, level: 8, address: addressOf([channel]) }),
      );
      audience.sumUp(voices, copies);
      const reached = sounding.filter((channel) => heard.includes(channel));
      const aside = reached.filter((channel) => channel > 0 && panned.includes(channel));
      const isPanned = isStereo && aside.length > 0;
      const [left, right] = [endsOf(audience.sum)[1], endsOf(audience.right)[1]];
      const isRight =
        (audience.right !== audience.sum) === isPanned &&
        isNear(right, 8 * reached.length) &&
        isNear(left, 8 * reached.length - (isPanned ? 6 * aside.length : 0));
      audience.close();
      copies.close();
      for (const { frame } of voices) frames.release(frame);
      return isRight;
    }),
    { seed: SEED, numRuns: 200 },
  );
});

import fc from 'fast-check';
import { test } from 'tap';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import type { Frame } from '../../../src/mixer/kernels/frame.ts';
import { threadKernels } from '../../../src/mixer/kernels/kernels.ts';
import { Audience } from '../../../src/mixer/mix/audience.ts';
import { ChannelSet } from '../../../src/mixer/mix/channel-set.ts';
import { ChannelSounds } from '../../../src/mixer/mix/channel-sounds.ts';
import type { Ears } from '../../../src/mixer/mix/ears.ts';
import type { MixLink } from '../../../src/mixer/mix/mix-link.ts';
import type { Heard, Place } from '../../../src/mixer/mix/mix-participant.ts';
import { heardPersonally, isTouched, isWhispering, sumFor } from '../../../src/mixer/mix/personal-mix.ts';
import { FLAT_ENCODERS } from '../../../src/mixer/mix/room-encoders.ts';
import { VoiceCopies } from '../../../src/mixer/mix/voice-copies.ts';
import type { Address } from '../../../src/mixer/mix/voice-path.ts';
import { cases } from '../../helpers/cases.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { addressOf, stillVoice } from '../../helpers/still-voice.ts';

const SEED = Number(process.env['SEED'] ?? 2209);
const kernels = threadKernels();
const everyone = new Audience(new CodecPool(new PlainCodec(), () => 0), ChannelSet.ROOM, FLAT_ENCODERS.shared);
const copies = new VoiceCopies(kernels, new ChannelSounds());

interface Voice {
  readonly level: number;
  readonly soundedBefore: boolean;
  /** Undefined if the listener has set no gain. */
  readonly gain: { readonly from: number; readonly to: number } | undefined;
}

const gainValue = fc.constantFrom(0, 0.25, 0.5, 1, 1.5, 2);
const voices = fc.array(
  fc.record<Voice>({
    level: fc.integer({ min: 1, max: 9 }),
    soundedBefore: fc.boolean(),
    gain: fc.option(fc.record({ from: gainValue, to: gainValue }), { nil: undefined }),
  }),
  { maxLength: 6 },
);

const place = (voice: number, level: number, soundedBefore = true) =>
  stillVoice(kernels, everyone, { voice, level, soundedBefore });

/** The voices with numbers from 1, and a listener with these gains for them, who talks as well. */
function people(said: readonly Voice[]): { listener: Place; contributors: Place[] } {
  const listener = place(100, 1000);
  const gains = (which: 'from' | 'to') =>
    new Map(said.flatMap(({ gain }, i) => (gain === undefined ? [] : [[i + 1, gain[which]] as const])));
  listener.hearing.set(gains('from'));
  listener.hearing.endFrame();
  listener.hearing.set(gains('to'));
  const contributors = said.map(({ level, soundedBefore }, i) => place(i + 1, level, soundedBefore));
  contributors.splice(said.length >> 1, 0, listener);
  return { listener, contributors };
}

const link = (answers: { touches?: boolean; heard?: Heard; level?: number; voices?: number }) =>
  ({
    touches: () => answers.touches ?? false,
    heardBy: () => answers.heard ?? 'nothing',
    addFor: (_hearing, mix: Frame) => {
      for (let i = 0; i < FRAME_SAMPLES; i++) mix.samples[i]! += answers.level ?? 0;
      return answers.voices ?? 0;
    },
  }) as Partial<MixLink> as MixLink;

/** The gain at the start of the frame: a voice that starts has its final gain at once. */
const startOf = ({ soundedBefore, gain }: Voice) => (soundedBefore ? (gain?.from ?? 1) : (gain?.to ?? 1));
const endOf = ({ gain }: Voice) => gain?.to ?? 1;

test('each voice has its gain at both ends of the frame, and the listener is never in their own mix', (t) => {
  t.comment(`SEED=${SEED}`);
  const mix = kernels.frames.take();
  fc.assert(
    fc.property(voices, fc.boolean(), (said, linked) => {
      const { listener, contributors } = people(said);
      mix.samples.fill(12_345);
      const other = linked ? link({ level: 7, voices: 3 }) : undefined;
      const count = sumFor(listener, { contributors, copies, link: other }, mix);
      const sum = (gainOf: (voice: Voice) => number) =>
        said.reduce((total, voice) => total + gainOf(voice) * voice.level, linked ? 7 : 0);
      const slack = 1e-3 + said.reduce((total, one) => total + (one.level * 2) / FRAME_SAMPLES, 0);
      return (
        Math.abs(mix.samples[0]! - sum(startOf)) < slack &&
        Math.abs(mix.samples[FRAME_SAMPLES - 1]! - sum(endOf)) < slack &&
        Math.abs(mix.samples[FRAME_SAMPLES / 2]! - (sum(startOf) + sum(endOf)) / 2) < slack &&
        count === said.filter((voice) => endOf(voice) > 0).length + (linked ? 3 : 0)
      );
    }),
    { seed: SEED, numRuns: cases(300) },
  );
  t.end();
});

test('a voice without a gain counts and is added as it is, bit by bit', (t) => {
  const { listener, contributors } = people([{ level: 0, soundedBefore: true, gain: undefined }]);
  const [voice] = contributors.filter((one) => one !== listener);
  voice!.frame.samples.forEach((_, i, samples) => {
    samples[i] = Math.sin(i);
  });
  const mix = kernels.frames.take();
  t.equal(sumFor(listener, { contributors, copies, link: undefined }, mix), 1);
  t.same(mix.samples, voice!.frame.samples);
  t.end();
});

test('of a silenced voice nothing is left, whatever it is', (t) => {
  const { listener, contributors } = people([{ level: Infinity, soundedBefore: true, gain: { from: 0, to: 0 } }]);
  const mix = kernels.frames.take();
  t.equal(sumFor(listener, { contributors, copies, link: undefined }, mix), 0);
  t.same(mix.samples, new Float32Array(FRAME_SAMPLES));
  t.end();
});

test('a mix is touched by a gain for a voice that sounds, here or in another part, and not by one for oneself', (t) => {
  fc.assert(
    fc.property(voices, fc.constantFrom(undefined, false, true), (said, elsewhere) => {
      const { listener, contributors } = people(said);
      // Nobody sounds with this number.
      listener.hearing.set(
        new Map([...said.flatMap(({ gain }, i) => (gain ? [[i + 1, gain.to] as const] : [])), [77, 0], [100, 0]]),
      );
      const other = elsewhere === undefined ? undefined : link({ touches: elsewhere });
      const expected = elsewhere === true || said.some(({ gain }) => gain !== undefined);
      return isTouched(listener, { contributors, copies, link: other }) === expected;
    }),
    { seed: SEED, numRuns: cases(300) },
  );
  t.end();
});

test('what a listener hears is the most that any voice gives them: a voice that goes on, one that begins, or nothing', (t) => {
  const heardElsewhere = fc.constantFrom<Heard | undefined>(undefined, 'nothing', 'beginnings', 'more');
  const rank = { nothing: 0, beginnings: 1, more: 2 } as const;
  fc.assert(
    fc.property(voices, heardElsewhere, (said, elsewhere) => {
      const { listener, contributors } = people(said);
      const each = said.map((voice): Heard => {
        if (voice.soundedBefore && startOf(voice) > 0) return 'more';
        return endOf(voice) > 0 ? 'beginnings' : 'nothing';
      });
      const most = Math.max(0, ...[...each, elsewhere ?? 'nothing'].map((heard) => rank[heard]));
      const other = elsewhere === undefined ? undefined : link({ heard: elsewhere });
      return rank[heardPersonally(listener, { contributors, copies, link: other })] === most;
    }),
    { seed: SEED, numRuns: cases(500) },
  );
  t.end();
});

/** Where a voice may go, in a room with a second channel: listener 100 hears both. */
const addresses = fc
  .record({ channels: fc.subarray([0, 1]), people: fc.subarray([100, 200]) })
  .map(({ channels, people }) => addressOf(channels, people));
const spoken = fc.array(
  fc.record({
    level: fc.integer({ min: 1, max: 9 }),
    soundedBefore: fc.boolean(),
    address: addresses,
    addressBefore: addresses,
    gain: fc.option(gainValue, { nil: undefined }),
  }),
  { maxLength: 5 },
);
type Spoken = typeof spoken extends fc.Arbitrary<infer Voices> ? Voices : never;

/** Someone who hears these channels, and heard those of `before`, with the number 100, and what is spoken around them. */
function among(said: Spoken, channels: readonly number[], before: readonly number[]) {
  const pool = new CodecPool(new PlainCodec(), () => 0);
  const audience = new Audience(pool, ChannelSet.of(channels), FLAT_ENCODERS.shared);
  const listener = stillVoice(kernels, audience, { voice: 100, level: 1000 });
  listener.channelsBefore = ChannelSet.of(before);
  const gains = said.flatMap(({ gain }, i) => (gain === undefined ? [] : [[i + 1, gain] as const]));
  listener.hearing.set(new Map(gains));
  listener.hearing.endFrame();
  const contributors = said.map((voice, i) => stillVoice(kernels, audience, { ...voice, voice: i + 1 }));
  return { listener, voices: { contributors, copies, link: undefined } };
}

const channelsHeard = fc.subarray([0, 1]);

test('a listener hears each voice that reaches them in channels or whispers, once, and as far as it does', (t) => {
  const reaches = ({ channels, whispersTo }: Address, heard: readonly number[]) =>
    heard.some((channel) => channels.has(channel)) || whispersTo.has(100);
  fc.assert(
    fc.property(spoken, channelsHeard, channelsHeard, (said, now, before) => {
      const { listener, voices: around } = among(said, now, before);
      const mix = kernels.frames.take();
      const count = sumFor(listener, around, mix);
      const ends = said.map(({ address, level, gain = 1 }) => (reaches(address, now) ? gain * level : 0));
      const starts = said.map(({ addressBefore, level, soundedBefore, gain = 1 }, i) => {
        if (!soundedBefore) return ends[i]!;
        return reaches(addressBefore, before) ? gain * level : 0;
      });
      const sumOf = (levels: readonly number[]) => levels.reduce((sum, level) => sum + level, 0);
      const [first, last] = [mix.samples[0]!, mix.samples[FRAME_SAMPLES - 1]!];
      kernels.frames.release(mix);
      const goesOn = said.some(({ soundedBefore }, i) => soundedBefore && starts[i]! > 0);
      const heard = goesOn ? 'more' : sumOf(ends) > 0 ? 'beginnings' : 'nothing';
      return (
        Math.abs(first - sumOf(starts)) < 0.2 &&
        Math.abs(last - sumOf(ends)) < 0.2 &&
        count === ends.filter((level) => level > 0).length &&
        heardPersonally(listener, around) === heard
      );
    }),
    { seed: SEED, numRuns: cases(500) },
  );
  t.end();
});

test('a mix is touched by whispers to the listener, now and in the previous tick if the voice sounded then', (t) => {
  fc.assert(
    fc.property(spoken, (said) => {
      const { listener, voices: around } = among(said, [0], [0]);
      const expected = said.some(
        ({ address, addressBefore, soundedBefore, gain }) =>
          (gain ?? 1) !== 1 || address.whispersTo.has(100) || (soundedBefore && addressBefore.whispersTo.has(100)),
      );
      return isTouched(listener, around) === expected;
    }),
    { seed: SEED, numRuns: cases(500) },
  );
  t.end();
});

test('somebody whispers if any voice goes to single listeners, or did in the previous tick', (t) => {
  fc.assert(
    fc.property(spoken, (said) => {
      const { voices: around } = among(said, [0], [0]);
      const whispers = ({ address, addressBefore }: Spoken[number]) =>
        address.whispersTo.size + addressBefore.whispersTo.size > 0;
      return isWhispering(around) === said.some(whispers);
    }),
    { seed: SEED, numRuns: cases(300) },
  );
  const whisper = addressOf([], [100]);
  const [now, before, never] = [{ address: whisper }, { address: addressOf([0]), addressBefore: whisper }, {}].map(
    (voice) => stillVoice(kernels, everyone, { ...voice, voice: 1, level: 1 }),
  );
  const isWhispered = (...contributors: Place[]) => isWhispering({ contributors, copies, link: undefined });
  t.ok(isWhispered(now!) && isWhispered(before!) && isWhispered(never!, never!, before!));
  t.notOk(isWhispered() || isWhispered(never!, never!));
  t.end();
});

test('the nearer a voice is in space, the less of it is heard in channels', (t) => {
  const near = fc.record({ from: gainValue.filter((gain) => gain <= 1), to: gainValue.filter((gain) => gain <= 1) });
  fc.assert(
    fc.property(near, fc.boolean(), fc.boolean(), fc.boolean(), (nearness, heardSpace, soundedBefore, isInChannel) => {
      const address = addressOf(isInChannel ? [0] : [1]);
      const said = [
        { level: 8, soundedBefore, address, addressBefore: address, gain: undefined },
        // This one is not in space.
        { level: 100, soundedBefore: true, address: addressOf([0]), addressBefore: addressOf([0]), gain: undefined },
      ];
      const { listener, voices: around } = among(said, [0], [0]);
      const ears: Partial<Ears> = { nearnessOf: (voice) => (voice === 1 ? nearness : undefined) };
      listener.ears = ears as Ears;
      listener.heardSpace = heardSpace;
      const mix = kernels.frames.take();
      sumFor(listener, around, mix);
      const [first, last] = [mix.samples[0]!, mix.samples[FRAME_SAMPLES - 1]!];
      kernels.frames.release(mix);
      const level = isInChannel ? 8 : 0;
      // Whoever did not hear it in space heard all of it in the channel.
      const from = heardSpace || !soundedBefore ? level * (1 - nearness.from) : level;
      // A voice that starts in this tick starts with what it has at the end of it.
      const start = soundedBefore ? [from] : [from, level * (1 - nearness.to)];
      return (
        start.some((value) => Math.abs(first - 100 - value) < 0.2) &&
        Math.abs(last - 100 - level * (1 - nearness.to)) < 0.2 &&
        isTouched(listener, around) === isInChannel
      );
    }),
    { seed: SEED, numRuns: cases(200) },
  );
  t.end();
});

test('voices from other parts of the room are turned down by a channel with priority, and nothing is left of them', (t) => {
  const sounds = new ChannelSounds();
  const ducked = new VoiceCopies(kernels, sounds);
  Object.assign(sounds.ducking, { active: ChannelSet.of([1]), gainBefore: () => 0.5, gainNow: () => 0.25 });
  const { listener } = people([]);
  const mix = kernels.frames.take();
  for (const level of [400, 80, 0]) {
    const other = link({ level, voices: level > 0 ? 3 : 0 });
    t.equal(sumFor(listener, { contributors: [], copies: ducked, link: other }, mix), level > 0 ? 3 : 0);
    const [first, last] = [mix.samples[0]!, mix.samples[FRAME_SAMPLES - 1]!];
    t.ok(Math.abs(first - level * 0.5) < 0.2 && Math.abs(last - level * 0.25) < 0.01, `${level}: ${first}…${last}`);
  }
  kernels.frames.release(mix);
  t.end();
});

test('who does not hear the room does not hear its other parts', (t) => {
  const { listener, voices: around } = among([], [1], [1]);
  const other = link({ level: 7, voices: 3, heard: 'more' });
  const mix = kernels.frames.take();
  t.equal(sumFor(listener, { ...around, link: other }, mix), 0);
  t.equal(mix.samples[0], 0);
  t.equal(heardPersonally(listener, { ...around, link: other }), 'nothing');
  kernels.frames.release(mix);
  t.end();
});

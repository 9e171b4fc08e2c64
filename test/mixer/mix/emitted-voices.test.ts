import fc from 'fast-check';
import { test } from 'tap';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { ChannelSet } from '../../../src/mixer/mix/channel-set.ts';
import { ChannelSounds, PLAIN_CHANNEL } from '../../../src/mixer/mix/channel-sounds.ts';
import type { Contributor } from '../../../src/mixer/mix/contributor.ts';
import { EmittedVoices } from '../../../src/mixer/mix/emitted-voices.ts';
import { NO_SLOT } from '../../../src/mixer/mix/mix-participant.ts';
import { SpaceVoice } from '../../../src/mixer/mix/space-voice.ts';
import { VoiceCopies } from '../../../src/mixer/mix/voice-copies.ts';
import { createPath, NO_PATH } from '../../../src/mixer/mix/voice-path.ts';
import type { Emitter } from '../../../src/mixer/space/space-settings.ts';
import { cases } from '../../helpers/cases.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { addressOf } from '../../helpers/still-voice.ts';

const SEED = Number(process.env['SEED'] ?? 4123);
const { kernels } = new CodecPool(new PlainCodec(), () => 0);

/** The gain of each channel. */
const GAINS = new Map([
  [3, 1],
  [4, 0.5],
  [5, 0],
]);
/** With slots below 1024, these are as close to each other as two voices can be. */
const VOICES = [1, 2, 1025];

interface Said {
  readonly voice: number;
  readonly channels: readonly number[];
  readonly channelsBefore: readonly number[];
  readonly soundedBefore: boolean;
  readonly level: number;
  readonly loudnessDbov: number;
}

const channel = fc.constantFrom(...GAINS.keys());
const voice = fc.constantFrom(...VOICES);
const source = fc.oneof(
  channel.map((one) => ({ channel: one, voice: null })),
  voice.map((one) => ({ channel: null, voice: one })),
);
const slot: fc.Arbitrary<number> = fc.constantFrom(0, 7, 8);
const emitter: fc.Arbitrary<Emitter> = fc
  .tuple(slot, source, fc.boolean())
  .map(([slot, plays, instead]) => ({ slot, ...plays, instead }));
const emitters = fc.array(emitter, { maxLength: 4 });
const said: fc.Arbitrary<Said> = fc.record({
  voice,
  channels: fc.array(channel, { minLength: 1, maxLength: 2 }),
  channelsBefore: fc.array(channel, { maxLength: 2 }),
  soundedBefore: fc.boolean(),
  level: fc.integer({ min: 1, max: 1000 }),
  loudnessDbov: fc.integer({ min: -40, max: -10 }),
});
const tick = fc.record({
  /** Those set since the last tick, one after the other. */
  changes: fc.oneof(fc.constant([]), fc.array(emitters, { minLength: 1, maxLength: 2 })),
  said: fc.uniqueArray(said, { selector: (one) => one.voice, minLength: 1, maxLength: VOICES.length }),
  isMuffledNeeded: fc.boolean(),
});

function contributorOf({ voice, channels, channelsBefore, level, ...rest }: Said): Contributor {
  const frame = kernels.frames.take();
  frame.samples.fill(level);
  const [address, addressBefore] = [addressOf(channels), addressOf(channelsBefore)];
  return { voice, address, addressBefore, frame, slot: NO_SLOT, isEnding: false, ...rest };
}

function channelCopies(): VoiceCopies {
  const sounds = new ChannelSounds();
  sounds.set(new Map([...GAINS].map(([channel, gain]) => [channel, { ...PLAIN_CHANNEL, gain }])));
  sounds.endFrame();
  return new VoiceCopies(kernels, sounds);
}

const keyOf = ({ voice }: { readonly voice: number }, { slot }: { readonly slot: number }) => `${voice} at ${slot}`;
const nameOf = ({ slot, channel, voice }: Emitter) => `${slot} ${channel} ${voice}`;
const pathThrough = (before: boolean, now: boolean, channel: number) => ({
  ...createPath(ChannelSet.NONE),
  before: before ? channel : NO_PATH,
  now: now ? channel : NO_PATH,
});

/** What is heard in each tick, with a voice for each that is heard, and for each that ends. */
class Model {
  emitters: readonly Emitter[] = [];
  #gone: Emitter[] = [];
  #known = new Map<string, SpaceVoice>();

  set(next: readonly Emitter[]): void {
    const names = next.map(nameOf);
    this.#gone.push(...this.emitters.filter((emitter) => !names.includes(nameOf(emitter))));
    this.emitters = next;
  }

  tick(contributors: readonly Contributor[], copies: VoiceCopies) {
    const sounding = new Map<string, SpaceVoice>();
    for (const emitter of this.emitters) {
      for (const contributor of contributors) {
        const key = keyOf(contributor, emitter);
        if (sounding.has(key)) continue;
        const voice = this.#begin(emitter, contributor, copies, this.#known.get(key));
        if (voice !== undefined) sounding.set(key, voice);
      }
    }
    const ending = new Map<string, SpaceVoice>();
    for (const emitter of this.#gone) {
      for (const contributor of contributors) {
        const key = keyOf(contributor, emitter);
        const known = this.#known.get(key);
        if (known === undefined || sounding.has(key) || ending.has(key)) continue;
        const voice = this.#begin(emitter, contributor, copies, known);
        if (voice !== undefined) ending.set(key, voice);
      }
    }
    this.#gone = [];
    const all = new Map([...sounding, ...ending]);
    for (const [key, voice] of this.#known) if (!all.has(key)) voice.release();
    this.#known = all;
    return { sounding, all };
  }

  close(): void {
    for (const voice of this.#known.values()) voice.release();
  }

  #begin(emitter: Emitter, one: Contributor, copies: VoiceCopies, known: SpaceVoice | undefined) {
    const { channel } = emitter;
    const isIn = ({ channels }: Contributor['address']) => channel !== null && channels.has(channel);
    const frame =
      channel === null
        ? [one.frame].find(() => emitter.voice === one.voice)
        : copies.frameOf(one, pathThrough(isIn(one.addressBefore), isIn(one.address), channel));
    if (frame === undefined) return undefined;
    const voice = known ?? new SpaceVoice(one.voice, kernels);
    voice.slot = emitter.slot;
    voice.channels = one.address.channels;
    voice.channelsBefore = one.addressBefore.channels;
    voice.begin(frame, one.soundedBefore, one.loudnessDbov);
    return voice;
  }
}

function difference(voice: SpaceVoice, expected: SpaceVoice, isMuffledNeeded: boolean): string | undefined {
  const fields = ['voice', 'slot', 'frame', 'soundedBefore', 'power', 'channels', 'channelsBefore'] as const;
  const different = fields.find((field) => voice[field] !== expected[field]);
  if (different !== undefined || !isMuffledNeeded) return different;
  const { samples } = expected.muffled;
  return voice.muffled.samples.every((sample, i) => sample === samples[i]) ? undefined : 'muffled';
}

test('for any emitters, each voice at each emitter that plays it sounds there, fades when it ends, and is given back', (t) => {
  t.comment(`SEED=${SEED}`);
  const taken = kernels.frames.taken;
  let sounded = 0;
  let faded = 0;
  fc.assert(
    fc.property(fc.array(tick, { minLength: 2, maxLength: 6 }), (ticks) => {
      const [emitted, model, copies] = [new EmittedVoices(kernels), new Model(), channelCopies()];
      let before = new Map<string, SpaceVoice>();
      const past = new Set<SpaceVoice>();
      for (const { changes, said: voices, isMuffledNeeded } of ticks) {
        for (const next of changes) {
          emitted.emitters = next;
          model.set(next);
        }
        const contributors = voices.map(contributorOf);
        const sounding: SpaceVoice[] = [];
        emitted.sound(contributors, copies, sounding);
        const expected = model.tick(contributors, copies);
        const keys = sounding.map((one) => keyOf(one, one));
        if (keys.join() !== [...expected.sounding.keys()].join()) throw new Error(`heard: ${keys}`);
        const now = new Map<string, SpaceVoice>();
        for (const [key, voice] of expected.all) {
          const heard = sounding[keys.indexOf(key)] ?? before.get(key)!;
          const wrong = difference(heard, voice, isMuffledNeeded);
          if (wrong !== undefined) throw new Error(`${key}: ${wrong}`);
          if (!heard.isPresent) throw new Error(`${key} is not present`);
          // A voice that was forgotten begins anew.
          if (before.has(key) ? before.get(key) !== heard : past.has(heard)) throw new Error(`${key}: another voice`);
          now.set(key, heard);
          past.add(heard);
          if (!expected.sounding.has(key)) faded++;
        }
        for (const [key, voice] of before) {
          if (!now.has(key) && voice.frame !== undefined) throw new Error(`${key} was not released`);
        }
        before = now;
        sounded += sounding.length;
        copies.endFrame();
        for (const { frame } of contributors) kernels.frames.release(frame);
      }
      emitted.close();
      model.close();
      copies.close();
      return kernels.frames.taken === taken && [...before.values()].every(({ frame }) => frame === undefined);
    }),
    { seed: SEED, numRuns: cases(500) },
  );
  t.ok(sounded > cases(500) && faded > cases(50), `${sounded} sounded, ${faded} faded`);
  t.end();
});

test('after closing, voices begin anew', (t) => {
  const [emitted, copies] = [new EmittedVoices(kernels), channelCopies()];
  emitted.emitters = [{ slot: 7, channel: null, voice: 1, instead: false }];
  const one = contributorOf({
    voice: 1,
    channels: [],
    channelsBefore: [],
    soundedBefore: true,
    level: 1,
    loudnessDbov: -26,
  });
  const heard: SpaceVoice[] = [];
  emitted.sound([one], copies, heard);
  emitted.close();
  t.equal(heard[0]!.frame, undefined);
  emitted.sound([one], copies, heard);
  t.equal(heard.length, 2);
  t.not(heard[1], heard[0]);
  emitted.close();
  kernels.frames.release(one.frame);
  t.end();
});

test('whose voice is heard from where, and instead of from where they are', (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(emitters, emitters, said, fc.uniqueArray(slot), (earlier, now, one, near) => {
      const emitted = new EmittedVoices(kernels);
      emitted.emitters = earlier;
      emitted.emitters = now;
      const people = new Set(now.map((each) => each.voice).filter((each) => each !== null));
      const speaker = contributorOf(one);
      kernels.frames.release(speaker.frame);
      const playing = now.filter((each) =>
        each.channel === null ? each.voice === one.voice : one.channels.includes(each.channel),
      );
      return (
        emitted.people.size === people.size &&
        [...people].every((each) => emitted.people.has(each)) &&
        emitted.isHeard(one.voice, (slot) => near.includes(slot)) ===
          now.some((each) => each.voice === one.voice && near.includes(each.slot)) &&
        emitted.isElsewhere(speaker) === playing.some(({ instead }) => instead)
      );
    }),
    { seed: SEED, numRuns: cases(300) },
  );
  t.end();
});

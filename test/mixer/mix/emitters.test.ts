/** Emitters: places from which a channel or the voice of one person is heard. */
import fc from 'fast-check';
import { test } from 'tap';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../../../src/mixer/format.ts';
import { ChannelSet } from '../../../src/mixer/mix/channel-set.ts';
import { type ChannelSound, PLAIN_CHANNEL } from '../../../src/mixer/mix/channel-sounds.ts';
import type { MixParticipant } from '../../../src/mixer/mix/mix-participant.ts';
import { Mixer } from '../../../src/mixer/mix/mixer.ts';
import { NOBODY } from '../../../src/mixer/mix/voice-path.ts';
import { DEFAULT_SPACE, type Emitter } from '../../../src/mixer/space/space-settings.ts';
import { cases } from '../../helpers/cases.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { type BodyOptions, World } from '../../helpers/world.ts';

const SEED = Number(process.env['SEED'] ?? 1204);
const PEOPLE = 4;
const EMITTERS = 2;
const CHANNEL = 3;
const START_TICK = 100;
/** Until gains, fades and headroom have arrived. */
const SETTLE_TICKS = 90;

function level(who: number): number {
  return 300 * 2 ** who;
}

/** A room in which people say constant levels, so that a sum tells who is in it, and how loud. */
class LevelRoom {
  readonly world = new World();
  readonly codec = new PlainCodec();
  readonly mixer = new Mixer(new CodecPool(this.codec, () => 0), { maxTalkers: 0, levelling: false });
  readonly talks: boolean[] = [];
  readonly people: MixParticipant[] = [];
  readonly #levels: number[] = [];
  readonly #last: (Int16Array | undefined)[] = [];
  #tick = START_TICK;

  setEmitters(emitters: readonly Emitter[]): void {
    this.mixer.setSpace({ bodies: this.world.writer.memory, settings: { ...DEFAULT_SPACE, voices: 32, emitters } });
  }

  join(says: number): number {
    const who = this.people.length;
    const write = (payload: Uint8Array) => {
      this.#last[who] = this.codec.decode(payload).slice();
    };
    const options = { muted: false, deafened: false, takesStereo: true, voice: who + 1, sink: { write } };
    this.people.push(this.mixer.add(options));
    this.#levels.push(says);
    this.talks.push(false);
    return who;
  }

  speak(who: number, channels: readonly number[]): void {
    this.mixer.setAddress(this.people[who]!, { channels: ChannelSet.of(channels), whispersTo: NOBODY });
  }

  run(ticks: number): void {
    for (let n = 0; n < ticks; n++, this.#tick++) {
      this.#last.fill(undefined);
      for (const [who, participant] of this.people.entries()) {
        if (!this.talks[who]) continue;
        const packet = {
          sequenceNumber: this.#tick & 0xffff,
          timestamp: (this.#tick * FRAME_SAMPLES) >>> 0,
          payload: this.codec.encode(new Int16Array(FRAME_SAMPLES).fill(this.#levels[who]!)),
          levelDbov: Math.round(20 * Math.log10(this.#levels[who]! / 32_768)),
          redundant: false,
        };
        this.mixer.push(participant, packet, this.#tick * PTIME_MS);
      }
      this.mixer.tick(this.#tick, this.#tick * PTIME_MS + 5);
    }
  }

  /** The last samples, left and right. */
  heard(who: number): readonly [number, number] {
    const last = this.#last[who];
    if (last === undefined) return [0, 0];
    const right = last.at(-1)!;
    return [last.length > FRAME_SAMPLES ? last.at(-2)! : right, right];
  }
}

interface Placed {
  readonly body: BodyOptions;
  readonly source:
    | { readonly channel: number; readonly voice: null }
    | { readonly channel: null; readonly voice: number };
  readonly instead: boolean;
}
interface Scene {
  readonly people: readonly { readonly body: BodyOptions; readonly talks: boolean; readonly onRadio: boolean }[];
  readonly emitters: readonly Placed[];
  /** Nobody hears this person's voice but with this gain. */
  readonly gains: readonly (readonly [listener: number, who: number, gain: number])[];
}

const coordinate = fc.integer({ min: -10, max: 10 });
const person = fc.integer({ min: 0, max: PEOPLE - 1 });
const body: fc.Arbitrary<BodyOptions> = fc.record({
  at: fc.tuple(coordinate, fc.constant(0), coordinate),
  yaw: fc.integer({ min: -180, max: 180 }),
  range: fc.constantFrom(6, 25),
  enclosure: fc.constantFrom(0, 0, 1),
  layers: fc.constantFrom(1, 1, 2),
});
const scene: fc.Arbitrary<Scene> = fc.record({
  people: fc.array(fc.record({ body, talks: fc.boolean(), onRadio: fc.boolean() }), {
    minLength: PEOPLE,
    maxLength: PEOPLE,
  }),
  emitters: fc.array(
    fc.record({
      body,
      source: fc.oneof(
        fc.constant({ channel: CHANNEL, voice: null } as const),
        person.map((who) => ({ channel: null, voice: who + 1 }) as const),
      ),
      instead: fc.boolean(),
    }),
    { maxLength: EMITTERS },
  ),
  gains: fc.array(fc.tuple(person, person, fc.constantFrom(0, 0.5)), { maxLength: 2 }),
});

function plays({ source }: Placed, who: number, onRadio: boolean): boolean {
  return source.channel === null ? source.voice === who + 1 : onRadio;
}

/** With emitters: the bodies of people come first, those of emitters after them. */
function withEmitters() {
  const room = new LevelRoom();
  for (let who = 0; who < PEOPLE; who++) room.join(level(who));
  const show = ({ people, emitters, gains }: Scene) => {
    for (const [who, { body, talks, onRadio }] of people.entries()) {
      room.world.put(who, body);
      room.talks[who] = talks;
      room.speak(who, onRadio ? [0, CHANNEL] : [0]);
      const own = gains.filter(([listener]) => listener === who);
      room.mixer.setHearing(room.people[who]!, new Map(own.map(([, heard, gain]) => [heard + 1, gain])));
    }
    for (let n = 0; n < EMITTERS; n++) {
      room.world.put(PEOPLE + n, { ...(emitters[n]?.body ?? { placed: false }), voice: 0, hears: 0 });
    }
    room.setEmitters(emitters.map(({ source, instead }, n) => ({ slot: PEOPLE + n, ...source, instead })));
  };
  return { room, show };
}

/** The same with somebody else at the place of each emitter, who says what each person says. */
function withDoubles() {
  const room = new LevelRoom();
  for (let who = 0; who < PEOPLE; who++) room.join(level(who));
  for (let n = 0; n < EMITTERS; n++) for (let who = 0; who < PEOPLE; who++) room.join(level(who));
  const doubleOf = (n: number, who: number) => PEOPLE * (n + 1) + who;
  room.setEmitters([]);
  const show = ({ people, emitters, gains }: Scene) => {
    for (const [who, { body, talks, onRadio }] of people.entries()) {
      room.world.put(who, body);
      room.talks[who] = talks;
      const hearing = new Map<number, number>();
      for (const [listener, heard, gain] of gains) {
        if (listener !== who) continue;
        hearing.set(heard + 1, gain);
        for (let n = 0; n < EMITTERS; n++) hearing.set(doubleOf(n, heard) + 1, gain);
      }
      for (const [other, { onRadio }] of people.entries())
        if (emitters.some((emitter) => emitter.instead && plays(emitter, other, onRadio))) hearing.set(other + 1, 0);
      for (let n = 0; n < EMITTERS; n++) {
        const emitter = emitters[n];
        const double = doubleOf(n, who);
        hearing.set(double + 1, 0);
        room.world.put(double, { ...(emitter?.body ?? { placed: false }), voice: double + 1, hears: 0 });
        room.talks[double] = talks && emitter !== undefined && plays(emitter, who, onRadio);
      }
      room.mixer.setHearing(room.people[who]!, hearing);
    }
  };
  return { room, show };
}

test('what emitters play is heard as if others stood there and said the same, and nobody hears themselves', async (t) => {
  t.comment(`SEED=${SEED}`);
  let heardSomething = 0;
  fc.assert(
    fc.property(fc.array(scene, { minLength: 1, maxLength: 3 }), (scenes) => {
      const [one, other] = [withEmitters(), withDoubles()];
      for (const each of scenes) {
        for (const { room, show } of [one, other]) {
          show(each);
          room.run(SETTLE_TICKS);
        }
        for (let who = 0; who < PEOPLE; who++) {
          const [heard, expected] = [one.room.heard(who), other.room.heard(who)];
          if (heard.some((side) => side !== 0)) heardSomething++;
          if (heard.some((side, n) => Math.abs(side - expected[n]!) > 3))
            throw new Error(`person ${who} hears ${heard}, not ${expected}`);
        }
      }
    }),
    { seed: SEED, numRuns: cases(60) },
  );
  t.ok(heardSomething > cases(50), `${heardSomething} times somebody heard something`);
});

const RADIO: ChannelSound = { ...PLAIN_CHANNEL, gain: 0.5 };
const ON_THE_TABLE: readonly Emitter[] = [{ slot: 2, channel: CHANNEL, voice: null, instead: false }];

function tableRoom() {
  const room = new LevelRoom();
  const [talker, listener] = [room.join(8000), room.join(0)] as [number, number];
  room.world.put(talker, { at: [500, 0, 0] });
  room.world.put(listener, { at: [0, 0, 0] });
  room.world.put(2, { at: [0, 0, -1], voice: 0, hears: 0 });
  room.mixer.setChannelSounds(new Map([[CHANNEL, RADIO]]));
  room.talks[talker] = true;
  room.speak(talker, [CHANNEL]);
  room.setEmitters(ON_THE_TABLE);
  return { room, talker, listener };
}

test('a radio sounds like its channel, also for somebody who hears the channel, and then once', async (t) => {
  const { room, listener } = tableRoom();
  room.run(SETTLE_TICKS);
  t.same(room.heard(listener).map(Math.round), [4000, 4000]);
  room.mixer.setChannels(room.people[listener]!, ChannelSet.of([0, CHANNEL]));
  room.run(SETTLE_TICKS);
  t.same(room.heard(listener).map(Math.round), [4000, 4000], 'so near, nothing of the channel is heard beside it');
  room.world.put(2, { at: [0, 0, -15], voice: 0, hears: 0 });
  room.run(SETTLE_TICKS);
  const [left] = room.heard(listener);
  t.ok(left > 3700 && left < 4500, `${left}: from the channel and the radio together`);
});

test('when an emitter is removed or plays something else, its sound fades within a frame', async (t) => {
  for (const emitters of [[], [{ ...ON_THE_TABLE[0]!, channel: 9 }]]) {
    const { room, listener } = tableRoom();
    room.run(SETTLE_TICKS);
    const frames: Int16Array[] = [];
    const decode = room.codec.decode.bind(room.codec);
    room.codec.decode = (packet) => {
      const frame = decode(packet);
      if (frame.length > FRAME_SAMPLES) frames.push(frame.slice());
      return frame;
    };
    room.setEmitters(emitters);
    room.run(4);
    const samples = frames.flatMap((frame) => [...frame.filter((_, i) => i % 2 === 0)]);
    const steps = samples.map((sample, i) => Math.abs(sample - (samples[i - 1] ?? 4000)));
    t.ok(Math.max(...steps) < 20, `no step of more than ${Math.max(...steps)}`);
    t.ok(Math.abs(samples.at(-1) ?? 0) < 20);
    t.same(room.heard(listener), [0, 0]);
  }
});

import fc from 'fast-check';
import { test } from 'tap';
import { SILENCE_PACKET, SILENCE_REFRESH_PACKET } from '../../../src/formats/opus-packet.ts';
import type { Codec, Encoder } from '../../../src/mixer/codec/codec.ts';
import { opusCodec } from '../../../src/mixer/codec/opus.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../../../src/mixer/format.ts';
import { ChannelSet } from '../../../src/mixer/mix/channel-set.ts';
import type { MixLink } from '../../../src/mixer/mix/mix-link.ts';
import { createStanding, type TalkerStanding } from '../../../src/mixer/source/talker-places.ts';
import { DEFAULT_SPACE } from '../../../src/mixer/space/space-settings.ts';
import { cases } from '../../helpers/cases.ts';
import { complaint, fitGain, runAtRandom } from '../../helpers/mix-check.ts';
import { type Person, Room, type Written } from '../../helpers/perfect-room.ts';
import { HYBRID, PlainCodec } from '../../helpers/plain-codec.ts';
import { createPrng } from '../../helpers/prng.ts';
import { clickRatio, concatInt16, rmsDbfs, sharedTone, toInt16, toneLevelDbfs } from '../../helpers/signal.ts';
import { voiced } from '../../helpers/voiced.ts';
import { World } from '../../helpers/world.ts';

const SEED = Number(process.env['SEED'] ?? 4106);

function plainRoom({ levelling = false } = {}) {
  const codec = new PlainCodec();
  return { codec, room: new Room(codec, (frame) => codec.encode(frame), { levelling }) };
}

const toneOf = (index: number, amplitude = 0.05) =>
  sharedTone({ frequencyHz: 350 + 150 * index, samples: 48_000, amplitude });

test('for any talk, mutes, deafens, joins and leaves, everybody hears the sum of the others and never themselves', async (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 2, max: 9 }), fc.boolean(), (salt, size, levelling) => {
      const prng = createPrng(salt);
      const { codec, room } = plainRoom({ levelling });
      let joined = 0;
      const join = () => room.join(toneOf(joined++ % 12), { muted: prng() < 0.1, deafened: prng() < 0.1 });
      for (let i = 0; i < size; i++) join();
      let deafenedBefore = new Set<Person>();
      runAtRandom({
        room,
        codec,
        prng,
        join,
        beforeTick: () => {
          deafenedBefore = new Set(room.people.filter(({ place }) => place.deafened));
        },
        change: (person) => {
          if (prng() < 0.01) room.mixer.setDeafened(person.participant, !person.place.deafened);
        },
        mayFade: (listener) => !deafenedBefore.has(listener),
      });
      return room.pool.encodersInUse === 0 && room.pool.decodersInUse === 0;
    }),
    { seed: SEED, numRuns: cases(6) },
  );
  t.pass();
});

test('with a steady number of talkers the headroom gain is the one for that number', async (t) => {
  for (const talkers of [2, 3, 4, 8]) {
    const { codec, room } = plainRoom();
    const people = Array.from({ length: talkers + 1 }, (_, i) => room.join(toneOf(i)));
    for (const person of people.slice(1)) person.talking = true;
    room.run(150);
    for (const [who, others] of [
      [people[0]!, talkers],
      [people[1]!, talkers - 1],
    ] as const) {
      const sum = new Float32Array(FRAME_SAMPLES);
      for (const person of people) {
        if (person !== who && person.contributes)
          for (let i = 0; i < FRAME_SAMPLES; i++) sum[i]! += person.twin.frame.samples[i]!;
      }
      const payload = who.written.at(-1)!.payload;
      const silent = payload === SILENCE_PACKET;
      const { from, to, deviation } = fitGain(silent ? new Int16Array(FRAME_SAMPLES) : codec.decode(payload), sum);
      const wanted = others > 2 ? Math.sqrt(2 / others) : 1;
      t.ok(Math.abs(from - wanted) < 0.002 && Math.abs(to - wanted) < 0.002, `${others} others: ${to}`);
      t.ok(deviation < 1.01);
    }
  }
});

test('nobody hears a click when a voice is muted, unmuted, joins or leaves, or its listener is deafened for a while', async (t) => {
  const { codec, room } = plainRoom();
  // A tone whose phase differs after a frame.
  const loud = sharedTone({ frequencyHz: 1013, samples: 48_000, amplitude: 0.3 });
  const other = sharedTone({ frequencyHz: 1500, samples: 48_000, amplitude: 0.1 });
  const listener = room.join(other);
  const [first, second] = [room.join(loud), room.join(other)];
  second.talking = true;
  room.run(30);
  first.talking = true;
  room.run(30);
  room.mute(first, true);
  room.run(30);
  room.mute(first, false);
  room.run(30);
  room.mute(first, true);
  room.run(3);
  room.mute(first, false);
  room.run(30);
  for (const ticks of [30, 1]) {
    room.mixer.setDeafened(listener.participant, true);
    room.run(ticks);
    room.mixer.setDeafened(listener.participant, false);
    room.run(20);
  }
  const late = room.join(other);
  room.run(30);
  room.leave(first);
  room.run(30);
  for (const [name, person] of [
    ['the listener', listener],
    ['the other talker', second],
    ['the latecomer', late],
  ] as const) {
    // Everybody comes from silence.
    const frames = person.written.map(({ payload }) => codec.decode(payload));
    const heard = concatInt16([new Int16Array(FRAME_SAMPLES), ...frames]);
    const reference = concatInt16([sharedTone({ frequencyHz: 1013, samples: 9600, amplitude: 0.3 })]);
    const both = reference.map((sample, i) => sample + other[i]!);
    const ratio = clickRatio(heard, 2, heard.length, both);
    t.ok(ratio < 1.4, `${name}: ${ratio.toFixed(2)}`);
  }
});

test('a lone talker costs one encode per tick, is heard by all, and hears silence', async (t) => {
  const { room } = plainRoom();
  const people = Array.from({ length: 5 }, (_, i) => room.join(toneOf(i)));
  people[0]!.talking = true;
  room.run(50);
  const before = room.pool.counters.framesEncoded;
  const written = people.map((person) => person.written.length);
  room.run(40);
  t.equal(room.pool.counters.framesEncoded - before, 40);
  t.equal(room.pool.encodersInUse, 1);
  t.equal(people[0]!.written.length - written[0]!, 2, 'two refreshes in 800 ms');
  t.ok(people.slice(1).every((person, i) => person.written.length - written[i + 1]! === 40));
  const payloads = new Set(people.slice(1).map((person) => person.written.at(-1)!.payload));
  t.equal(payloads.size, 1, 'one packet for all');
});

test('with two or more talkers and listeners, every tick encodes one packet per talker plus one', async (t) => {
  for (const talkers of [2, 3, 5]) {
    const { room } = plainRoom();
    const people = Array.from({ length: 12 }, (_, i) => room.join(toneOf(i)));
    for (const person of people.slice(0, talkers)) person.talking = true;
    room.run(50);
    const { framesEncoded, framesPrimed } = room.pool.counters;
    room.run(100);
    t.equal(room.pool.counters.framesEncoded - framesEncoded, 100 * (talkers + 1));
    t.equal(room.pool.counters.framesPrimed, framesPrimed, 'nothing is primed in a steady state');
    t.equal(room.pool.encodersInUse, talkers + 1);
    const payloads = people.map((person) => person.written.at(-1)!.payload);
    t.equal(new Set(payloads).size, talkers + 1);
  }
});

test('a newcomer in a running conversation soon shares the packets of the others', async (t) => {
  const { codec, room } = plainRoom();
  const people = Array.from({ length: 4 }, (_, i) => room.join(toneOf(i)));
  for (const person of people.slice(0, 3)) person.talking = true;
  room.run(50);
  const late = room.join(toneOf(9));
  for (let i = 0; i < 20; i++) {
    room.run();
    t.equal(complaint(room, late, codec), undefined);
  }
  t.ok(late.written.every(({ marker }, i) => marker === (i === 0)));
  t.equal(late.written.length, 20, 'a packet in each tick');
  t.equal(late.written.at(-1)!.payload, people[3]!.written.at(-1)!.payload);
  t.equal(room.pool.encodersInUse, 4);
});

test('a participant who spoke keeps a separate encoder until ten equal frames have passed', async (t) => {
  const { room } = plainRoom();
  const people = Array.from({ length: 4 }, (_, i) => room.join(toneOf(i)));
  const [speaker, , , listener] = people;
  for (const person of people.slice(0, 3)) person.talking = true;
  room.run(50);
  speaker!.talking = false;
  while (speaker!.contributes) room.run();
  const shared = [];
  for (let i = 0; i < 15; i++) {
    shared.push(speaker!.written.at(-1)!.payload === listener!.written.at(-1)!.payload);
    room.run();
  }
  t.same(shared, [...Array(10).fill(false), ...Array(5).fill(true)]);
});

test('a participant who starts speaking in a crowd keeps hearing it at the same level, from the first sample', async (t) => {
  const { codec, room } = plainRoom();
  const people = Array.from({ length: 6 }, (_, i) => room.join(toneOf(i)));
  for (const person of people.slice(0, 4)) person.talking = true;
  room.run(100);
  // Two start at once, so the gain of the shared mix moves in the tick of the hand-over.
  people[4]!.talking = true;
  people[5]!.talking = true;
  while (!people[4]!.contributes) room.run();
  const sum = new Float32Array(FRAME_SAMPLES);
  for (const person of people) {
    if (person !== people[4]) for (let i = 0; i < FRAME_SAMPLES; i++) sum[i]! += person.twin.frame.samples[i]!;
  }
  const { from } = fitGain(codec.decode(people[4]!.written.at(-1)!.payload), sum);
  t.ok(Math.abs(from - Math.sqrt(2 / 4)) < 0.002, `${from}`);
});

test('when nobody talks there is no encoder, only three silence packets and then one every 400 ms', async (t) => {
  const { room } = plainRoom();
  const people = Array.from({ length: 3 }, (_, i) => room.join(toneOf(i)));
  people[0]!.talking = true;
  people[1]!.talking = true;
  room.run(50);
  people[0]!.talking = false;
  people[1]!.talking = false;
  room.run(50);
  t.equal(room.pool.encodersInUse, 0);
  const { framesEncoded } = room.pool.counters;
  room.run(200);
  t.equal(room.pool.counters.framesEncoded, framesEncoded);
  t.equal(room.pool.decodersInUse, 0);
  for (const { written } of people) {
    const end = written.findLastIndex(
      ({ payload }) => payload !== SILENCE_PACKET && payload !== SILENCE_REFRESH_PACKET,
    );
    const silence = written.slice(end + 1);
    t.ok(
      silence.slice(0, 3).every(({ payload, tick }, i) => payload === SILENCE_PACKET && tick === silence[0]!.tick + i),
    );
    const rest = silence.slice(3);
    t.ok(rest.length >= 10 && rest.every(({ payload }) => payload === SILENCE_REFRESH_PACKET));
    t.ok(
      rest.slice(1).every(({ tick }, i) => tick - rest[i]!.tick === 20),
      'every 20 ticks',
    );
  }
});

test('timestamps belong to ticks, including skipped ticks and the wrap of 2^32, and the marker is set after silence', async (t) => {
  const { room } = plainRoom();
  const [listener, talker] = [room.join(toneOf(0)), room.join(toneOf(1))];
  room.tick = Math.floor(2 ** 32 / FRAME_SAMPLES) - 20;
  talker.talking = true;
  room.run(30);
  room.tick += 7;
  room.run(30);
  t.ok(listener.written.every(({ tick, timestamp }) => timestamp === (tick * FRAME_SAMPLES) % 2 ** 32));
  const first = listener.written.findIndex(({ payload }) => payload !== SILENCE_PACKET);
  t.same(
    listener.written.flatMap(({ marker }, i) => (marker ? [i] : [])),
    [first],
  );
});

test('a participant who leaves in mid-word gets no more packets, and all their resources go back', async (t) => {
  const { room } = plainRoom();
  const people = Array.from({ length: 3 }, (_, i) => room.join(toneOf(i)));
  for (const person of people) person.talking = true;
  room.run(50);
  const leaver = people[0]!;
  room.leave(leaver);
  room.mixer.remove(leaver.participant);
  const count = leaver.written.length;
  const packet = { sequenceNumber: 9, timestamp: 9, payload: SILENCE_PACKET, levelDbov: -20, redundant: false };
  room.mixer.push(leaver.participant, packet, room.tick * PTIME_MS);
  room.run(20);
  t.equal(leaver.written.length, count);
  t.equal(room.pool.decodersInUse, 2);
  t.equal(room.pool.encodersInUse, 2, 'two talkers, and nobody who only listens');
  let speakers = 0;
  room.mixer.forEachSpeaker(() => speakers++);
  t.equal(speakers, 2);
  room.mixer.close();
  room.mixer.close();
  t.equal(room.pool.decodersInUse + room.pool.encodersInUse, 0);
});

test('in a crowd of talkers every encoder is as good as in a small room', async (t) => {
  const plain = new PlainCodec();
  const complexities = new Map<object, number>();
  const codec: Codec = {
    createDecoder: () => plain.createDecoder(),
    createEncoder: () => {
      const encoder: Encoder = {
        ...plain.createEncoder(),
        configure: ({ complexity }) => complexities.set(encoder, complexity),
      };
      return encoder;
    },
  };
  const room = new Room(codec, (frame) => plain.encode(frame));
  const people = Array.from({ length: 13 }, (_, index) => room.join(toneOf(index)));
  for (const person of people.slice(0, 12)) person.talking = true;
  room.run(40);
  const running = Array.from(complexities.values()).sort((a, b) => b - a);
  t.same(running, [10, ...Array(12).fill(5)], 'those of the listener and of each talker');
  for (const person of people) person.talking = false;
  room.run(80);
  t.equal(room.pool.encodersInUse, 0);
});

/**
 * The expected packets of a listener from joining on: sound where there is any; otherwise three silence packets, then
 * one every 400 ms.
 */
class Expectation {
  #silentTicks = 0;
  #wasSounding = false;

  /** @returns what is wrong with the packets of this tick, if anything is */
  check(room: Room, listener: Person): string | undefined {
    const tick = room.tick - 1;
    const packets = listener.written
      .slice(-2)
      .filter((packet) => packet.tick === tick)
      .map(({ payload }) => payload);
    const others = room.people.some((person) => person !== listener && person.contributes);
    const hears = others && !listener.place.deafened;
    // What deafened listeners heard fades out, if somebody still sounds.
    const fades = others && !hears && this.#wasSounding;
    this.#wasSounding = hears;
    if (hears || fades) {
      this.#silentTicks = 0;
      const isSound = packets.length === 1 && packets[0] !== SILENCE_PACKET && packets[0] !== SILENCE_REFRESH_PACKET;
      return isSound ? undefined : 'no sound';
    }
    this.#silentTicks++;
    const isRefresh = tick % 20 === 0;
    const wanted = this.#silentTicks <= 3 ? [SILENCE_PACKET] : isRefresh ? [SILENCE_REFRESH_PACKET] : [];
    const isRight = packets.length === wanted.length && packets[0] === wanted[0];
    return isRight ? undefined : `silent for ${this.#silentTicks} ticks: ${packets.length} packets`;
  }
}

test('for any talk, each listener gets a sound packet in each tick with sound, and silence packets on schedule', async (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 5 }), (salt, size) => {
      const prng = createPrng(salt);
      const { room } = plainRoom();
      const expectations = new Map<Person, Expectation>();
      const join = () => expectations.set(room.join(toneOf(0), { deafened: prng() < 0.2 }), new Expectation());
      for (let i = 0; i < size; i++) join();
      for (let tick = 0; tick < 250; tick++) {
        // Rare enough that everybody is silent at times.
        for (const person of room.people) {
          if (prng() < (person.talking ? 0.1 : 0.02)) person.talking = !person.talking;
          if (prng() < 0.02) room.mixer.setDeafened(person.participant, !person.place.deafened);
        }
        if (prng() < 0.02) join();
        const quiet = room.people.find((person) => !person.talking && !person.twin.awake);
        if (prng() < 0.01 && quiet !== undefined) room.leave(quiet);
        room.run();
        for (const person of room.people) {
          const wrong = expectations.get(person)!.check(room, person);
          if (wrong !== undefined) throw new Error(`tick ${tick}: ${wrong}`);
        }
      }
      return true;
    }),
    { seed: SEED, numRuns: cases(6) },
  );
});

test('people who start talking in the same tick hear each other from the first sample', async (t) => {
  const { codec, room } = plainRoom();
  const [ada, ben] = [room.join(toneOf(0)), room.join(toneOf(1))];
  room.run(10);
  for (const person of [ada, ben]) person.talking = true;
  while (!ada.contributes) room.run();
  t.ok(ben.contributes);
  for (const [listener, other] of [
    [ada, ben],
    [ben, ada],
  ] as const) {
    const heard = codec.decode(listener.written.at(-1)!.payload);
    t.ok(heard.every((sample, i) => Math.abs(sample - other.twin.frame.samples[i]!) <= 0.5));
  }
});

test('a silent participant is not awake, and a room that everybody left is deserted once the last voice has faded', async (t) => {
  const { room } = plainRoom();
  const [talker, listener] = [room.join(toneOf(0)), room.join(toneOf(1))];
  t.notOk(room.mixer.deserted);
  talker.talking = true;
  room.run(30);
  talker.talking = false;
  room.run(60);
  for (const person of [talker, listener]) room.leave(person);
  t.ok(room.mixer.deserted, 'nobody was left on the list of those who are awake');

  const cut = room.join(toneOf(0));
  cut.talking = true;
  room.run(30);
  room.leave(cut);
  t.notOk(room.mixer.deserted, 'the voice still sounds');
  room.run(2);
  t.ok(room.mixer.deserted);
  const packet = { sequenceNumber: 1, timestamp: 1, payload: SILENCE_PACKET, levelDbov: -20, redundant: false };
  room.mixer.push(cut.participant, packet, room.tick * PTIME_MS);
  t.ok(room.mixer.deserted, 'a packet that was still in transit wakes nobody');
});

test('in steady silence a tick visits no listener, except for the refresh every 400 ms', async (t) => {
  const { room } = plainRoom();
  const people = Array.from({ length: 3 }, (_, i) => room.join(toneOf(i)));
  let looks = 0;
  Object.defineProperty(people[2]!.place, 'arriving', {
    get: () => {
      looks++;
      return false;
    },
  });
  const looksIn = (ticks: number) => {
    looks = 0;
    room.run(ticks);
    return looks;
  };
  for (let turn = 0; turn < 3; turn++) {
    people[0]!.talking = true;
    t.ok(looksIn(40) >= 37, 'sound is for everybody');
    room.mixer.setDeafened(people[1]!.participant, turn !== 1);
    t.ok(looksIn(20) >= 20);
    people[0]!.talking = false;
    room.run(60);
    t.equal(looksIn(200), 10, `turn ${turn}`);
    const newcomer = room.join(toneOf(5));
    t.ok(looksIn(20) >= 3, 'somebody has joined');
    if (turn === 1) room.leave(newcomer);
    t.equal(looksIn(200), 10);
    room.leave(people[1]!);
    people[1] = room.join(toneOf(1));
    room.run(20);
  }
});

test('a participant who comes back from silence is awake again, whoever else is', async (t) => {
  const { codec, room } = plainRoom();
  const people = Array.from({ length: 6 }, (_, i) => room.join(toneOf(i)));
  // They wake up and go to sleep one after another, so they leave the list from its middle and its ends.
  for (let turn = 0; turn < 12; turn++) {
    for (const [i, person] of people.entries()) person.talking = (turn * 5 + i) % 7 < 2;
    for (let tick = 0; tick < 40; tick++) {
      room.run();
      for (const listener of people) {
        const wrong = complaint(room, listener, codec);
        if (wrong !== undefined) t.fail(`turn ${turn}: ${wrong}`);
      }
    }
  }
  const speakers = new Set<unknown>();
  room.mixer.forEachSpeaker((participant) => speakers.add(participant));
  t.same(speakers, new Set(people.filter(({ talking }) => talking).map(({ participant }) => participant)));
});

test('a change of levelling applies to later participants', async (t) => {
  for (const levelling of [true, false]) {
    const { codec, room } = plainRoom({ levelling: !levelling });
    room.mixer.setLevelling(levelling);
    const [listener, talker] = [room.join(toneOf(0)), room.join(toneOf(1, 0.7))];
    Object.assign(talker, { talking: true, levelDbov: -6 });
    room.run(100);
    const peak = Math.max(...codec.decode(listener.written.at(-1)!.payload)) / 32_768;
    t.ok(levelling ? peak < 0.4 : peak > 0.69, `${levelling}: ${peak}`);
  }
});

test('when a room is closed, all frames of its voices are given back', async (t) => {
  const { room } = plainRoom();
  room.run();
  const { frames } = room.pool.kernels;
  const before = frames.taken;
  const people = Array.from({ length: 4 }, (_, i) => room.join(toneOf(i)));
  for (const person of people.slice(0, 3)) person.talking = true;
  room.run(30);
  t.ok(frames.taken > before);
  for (const person of people) person.twin.close();
  room.leave(people[0]!);
  room.mixer.close();
  t.ok(room.mixer.deserted);
  // The mixers keep scratch frames.
  t.ok(frames.taken <= before + 1, `${frames.taken - before}`);
  t.equal(room.pool.decodersInUse + room.pool.encodersInUse, 0);
});

test('the mix for everybody gets more bits than the mix for one', async (t) => {
  const bitrates = new Map<Encoder, number>();
  const plain = new PlainCodec();
  const codec: Codec = {
    createDecoder: () => plain.createDecoder(),
    createEncoder: () => {
      const encoder: Encoder = {
        ...plain.createEncoder(),
        configure: ({ bitrate }) => bitrates.set(encoder, bitrate),
      };
      return encoder;
    },
  };
  const room = new Room(codec, (frame) => plain.encode(frame));
  const people = Array.from({ length: 3 }, (_, i) => room.join(toneOf(i)));
  for (const person of people.slice(0, 2)) person.talking = true;
  room.run(20);
  t.same([...bitrates.values()].sort(), [40_000, 40_000, 48_000]);
});

interface Told {
  readonly mix: Float32Array;
  readonly talkers: number;
  readonly standing: TalkerStanding;
}

/** The parts of one room, and what they have reported to each other tick by tick. */
class DividedRoom {
  readonly codec = new PlainCodec();
  readonly parts: Room[] = [];
  readonly told: Map<number, Told>[] = [];
  readonly #maxTalkers: number;
  /** The first tick for which all parts report. */
  #since = 0;

  /** @param parts the level of each voice, in dBov */
  constructor(parts: readonly (readonly number[])[], maxTalkers = 0) {
    this.#maxTalkers = maxTalkers;
    for (const levels of parts) this.add(levels);
  }

  get people(): Person[][] {
    return this.parts.map(({ people }) => people);
  }

  /** How many sound in all parts. */
  get sounding(): number {
    return this.told.reduce((sum, part, i) => sum + part.get(this.parts[i]!.tick - 1)!.talkers, 0);
  }

  add(levels: readonly number[]): void {
    const room = new Room(this.codec, (frame) => this.codec.encode(frame), { maxTalkers: this.#maxTalkers });
    room.tick = this.parts[0]?.tick ?? 0;
    this.#since = room.tick;
    const joined = this.people.flat().length;
    for (const [i, levelDbov] of levels.entries()) {
      const sound = toneOf(joined + i, Math.SQRT2 * 10 ** (levelDbov / 20));
      Object.assign(room.join(sound), { levelDbov });
    }
    const position = this.parts.push(room) - 1;
    const told = new Map<number, Told>();
    this.told.push(told);
    for (const [i, part] of this.parts.entries()) part.mixer.setLink(this.#linkOf(i));
    if (position === 0) room.mixer.setLink(undefined);
  }

  run(ticks: number, each: () => void = () => {}, reversed = false): void {
    for (let i = 0; i < ticks; i++) {
      for (const room of reversed ? this.parts.toReversed() : this.parts) room.run();
      each();
    }
  }

  /** The tones that this listener has heard lately, as indexes into `people` of all parts. */
  tonesHeardBy({ written }: Person): number[] {
    const sound = concatInt16(written.slice(-10).map(({ payload }) => this.codec.decode(payload)));
    return this.people.flat().flatMap((_, i) => (toneLevelDbfs(sound, 350 + 150 * i) > -50 ? [i] : []));
  }

  #linkOf(position: number): MixLink {
    const own = this.told[position]!;
    const others = (tick: number) => {
      const parts = this.told.filter((told) => told !== own).map((told) => told.get(tick));
      if (tick >= this.#since && parts.includes(undefined)) throw new Error(`not all have told about tick ${tick}`);
      return parts;
    };
    return {
      position,
      publish: (tick, mix, talkers, { places, claims }) =>
        own.set(tick, { mix: mix.slice(), talkers, standing: { places, claims: claims.slice() } }),
      add: (tick, { samples }) => {
        let talkers = 0;
        for (const part of others(tick)) {
          if (part === undefined || part.talkers === 0) continue;
          talkers += part.talkers;
          for (let i = 0; i < FRAME_SAMPLES; i++) samples[i]! += part.mix[i]!;
        }
        return talkers;
      },
      targeted: () => [],
      touches: () => false,
      heardBy: () => 'nothing',
      addFor: () => 0,
      standings: (tick, standing) => {
        others(tick);
        return this.told.map((told) => (told === own ? standing : (told.get(tick)?.standing ?? createStanding())));
      },
    };
  }
}

/** The level of human speech. */
const VOICES = [-29, -29, -29];

/** The sum of those people's voices in the mix of this tick, except one. */
function sumOf(people: readonly Person[], apartFrom?: Person): Float32Array {
  const sum = new Float32Array(FRAME_SAMPLES);
  for (const person of people) {
    if (person === apartFrom || !person.contributes) continue;
    for (let i = 0; i < FRAME_SAMPLES; i++) sum[i]! += person.twin.frame.samples[i]!;
  }
  return sum;
}

for (const reversed of [false, true]) {
  const order = reversed ? 'last' : 'first';
  test(`in a room of parts everybody hears their own part now and the others a tick later, mixed ${order}`, async (t) => {
    const room = new DividedRoom([VOICES, VOICES]);
    let before: Float32Array[] = room.people.map(() => new Float32Array(FRAME_SAMPLES));
    let compared = 0;
    const check = () => {
      for (const [i, people] of room.people.entries()) {
        for (const listener of people) {
          const elsewhere = before[1 - i]!;
          const wanted = sumOf(people, listener).map((sample, k) => sample + elsewhere[k]!);
          const packet = listener.written.at(-1)!;
          const isNew = packet.tick === room.parts[i]!.tick - 1;
          const heard = isNew ? room.codec.decode(packet.payload) : new Int16Array(FRAME_SAMPLES);
          const { deviation, from, to } = fitGain(heard, wanted);
          if (deviation > 1.01) t.fail(`off by ${deviation}`);
          if (!wanted.some((sample) => sample !== 0)) continue;
          compared++;
          // With more than two talkers the sum is turned down.
          if (from > 1.01 || to > 1.01 || to < 0.7) t.fail(`gain from ${from} to ${to}`);
        }
      }
      before = room.people.map((people) => sumOf(people));
    };
    for (const counts of [
      [1, 0],
      [1, 1],
      [2, 0],
      [0, 2],
      [0, 0],
      [2, 1],
    ]) {
      for (const [i, people] of room.people.entries()) {
        for (const [n, person] of people.entries()) person.talking = n < counts[i]!;
      }
      room.run(40, check, reversed);
    }
    t.ok(compared > 500, `${compared} frames with sound`);
  });
}

test('the places of a limit go to the loudest of all parts, and no more are taken than there are', async (t) => {
  // 7 dB apart, and the three loudest are in two parts. The last one listens.
  const parts = [
    [-60, -25, -18, -53],
    [-32, -39, -11, -46],
    [-57, -57],
  ];
  const room = new DividedRoom(parts, 3);
  const everybody = room.people.flat();
  for (const person of everybody.slice(0, -1)) person.talking = true;
  // All begin at once, when no part knows of the talkers in the others yet.
  room.run(20);
  room.run(180, () => {
    if (room.sounding > 3) t.fail(`${room.sounding} sound`);
  });
  t.same(room.tonesHeardBy(everybody.at(-1)!), [1, 2, 6]);
});

test('people keep being heard when a part is added, and a part on its own again has all places', async (t) => {
  const room = new DividedRoom([[...VOICES, ...VOICES]], 4);
  const [, , , , unheard, listener] = room.people[0] as Person[];
  for (const person of room.people[0]!) person.talking = person !== unheard && person !== listener;
  room.run(60);
  unheard!.talking = true;
  room.run(40);
  t.same(room.tonesHeardBy(listener!), [0, 1, 2, 3]);
  room.add([-12, -12]);
  const heard = room.people[0]!.slice(0, 4);
  room.run(60, () => {
    t.equal(room.sounding, 4);
    t.ok(heard.every(({ place }) => place.source.admitted));
  });
  t.same(room.tonesHeardBy(listener!), [0, 1, 2, 3]);
  // Much louder, so that they take places from this part.
  for (const person of room.people[1]!) person.talking = true;
  room.run(100);
  t.equal(room.tonesHeardBy(listener!).filter((i) => i >= 6).length, 2);
  t.equal(room.sounding, 4);
  room.parts[0]!.mixer.setLink(undefined);
  room.parts[0]!.run(60);
  t.equal(room.tonesHeardBy(listener!).filter((i) => i < 6).length, 4);
});

test('with real Opus, the talker goes from shared to separate and back without a click, a gap or themselves', async (t) => {
  const encoders = new Map<Person, ReturnType<typeof opusCodec.createEncoder>>();
  const room = new Room(opusCodec, (frame, person) => {
    let encoder = encoders.get(person);
    if (encoder === undefined) {
      encoder = opusCodec.createEncoder();
      encoder.configure({ bitrate: 64_000, complexity: 5 });
      encoders.set(person, encoder);
    }
    return encoder.encode(frame);
  });
  const [a, b, c, listener] = [21, 22, 23, 24].map((seed) => room.join(toInt16(voiced(seed, 4))));
  a!.talking = true;
  b!.talking = true;
  room.run(60);
  const from = c!.written.length;
  // Others keep talking, and c says three short things.
  for (let i = 0; i < 3; i++) {
    c!.talking = true;
    room.run(25);
    c!.talking = false;
    room.run(45);
  }
  const decode = (written: readonly Written[]) => {
    const decoder = opusCodec.createDecoder();
    return concatInt16(written.map(({ payload }) => decoder.decode(payload)!.slice()));
  };
  t.ok(
    c!.written
      .slice(from)
      .every(({ timestamp }, i) => timestamp === (c!.written[from]!.timestamp + i * FRAME_SAMPLES) >>> 0),
  );
  t.equal(c!.written.length, listener!.written.length, 'one packet per tick');
  t.equal(c!.written.filter(({ marker }) => marker).length, 1);
  const heard = decode(c!.written).subarray(from * FRAME_SAMPLES);
  // The voices begin again after 200 ticks, which is a sharp edge in itself.
  const sum = concatInt16([a!.sound, a!.sound]).map((sample, n) => sample + b!.sound[n % b!.sound.length]!);
  const ratio = clickRatio(heard, 2, heard.length, sum);
  t.ok(ratio < 1.2, `no sharper than the voices: ${ratio.toFixed(2)}`);
  t.equal(c!.written.at(-1)!.payload, listener!.written.at(-1)!.payload, 'back to the shared stream');
  t.equal(room.pool.encodersInUse, 3);
});

test('a voice is passed on from its beginning after silence, and never after another voice', async (t) => {
  const codec = new PlainCodec(HYBRID);
  const room = new Room(codec, (frame) => codec.encode(frame));
  const [first, second] = [0, 1, 2].map((index) => room.join(toneOf(index))) as [Person, Person, Person];
  for (const person of [first, second]) person.levelDbov = -29;
  const passedIn = (ticks: number) => {
    const before = room.pool.counters.framesPassed;
    room.run(ticks);
    return room.pool.counters.framesPassed - before;
  };
  first.talking = true;
  t.ok(passedIn(20) > 15);
  second.talking = true;
  passedIn(2);
  t.equal(passedIn(10), 0);
  second.talking = false;
  t.equal(passedIn(30), 0, 'not in mid-sentence');
  first.talking = false;
  room.run(30);
  first.talking = true;
  t.ok(passedIn(20) > 15);
});

test('a lone voice that is passed on is mixed as well for a listener with a gain of their own', async (t) => {
  const codec = new PlainCodec(HYBRID);
  const room = new Room(codec, (frame) => codec.encode(frame));
  const [talker, plain, quiet] = [0, 1, 2].map((index) => room.join(toneOf(index))) as [Person, Person, Person];
  talker.levelDbov = -29;
  room.mixer.setHearing(quiet.participant, new Map([[talker.place.voice, 0.5]]));
  room.run(3);
  talker.talking = true;
  room.run(30);
  t.ok(room.pool.counters.framesPassed > 15);
  const levelDbfs = ({ written }: Person) => rmsDbfs(codec.decode(written.at(-1)!.payload).slice());
  const quieterDb = levelDbfs(plain) - levelDbfs(quiet);
  t.ok(Math.abs(quieterDb - 6) < 0.2, `${quieterDb.toFixed(2)} dB`);
});

test('only those with ears in space are visited as such', async (t) => {
  const codec = new PlainCodec();
  const room = new Room(codec, (frame) => codec.encode(frame));
  const world = new World();
  const [placed] = [0, 1].map((index) => room.join(toneOf(index))) as [Person, Person];
  world.put(0, { voice: placed.place.voice });
  const inSpace = () => {
    const found: unknown[] = [];
    room.mixer.forEachInSpace((participant) => found.push(participant));
    return found;
  };
  room.run();
  t.strictSame(inSpace(), []);
  room.mixer.setSpace({ bodies: world.writer.memory, settings: DEFAULT_SPACE });
  room.run();
  t.ok(inSpace().length === 1 && inSpace()[0] === placed.participant);
});

test('what is set for somebody who has left changes nothing for the others', async (t) => {
  const codec = new PlainCodec(HYBRID);
  const room = new Room(codec, (frame) => codec.encode(frame));
  const [talker, , gone] = [0, 1, 2].map((index) => room.join(toneOf(index))) as [Person, Person, Person];
  talker.levelDbov = -29;
  room.leave(gone);
  room.mixer.setChannels(gone.participant, ChannelSet.of([5]));
  room.mixer.setAddress(gone.participant, { channels: ChannelSet.of([5]), whispersTo: new Set() });
  room.mixer.remove(gone.participant);
  talker.talking = true;
  room.run(30);
  t.ok(room.pool.counters.framesPassed > 20, 'everyone hears the same channels');
  room.leave(talker);
  room.run(5);
  room.leave(room.people[0]!);
  room.run(2);
  t.ok(room.mixer.deserted);
});

test('a listener in steady silence hears a whisper from its first tick', async (t) => {
  const { codec, room } = plainRoom();
  const [talker, listener] = [0, 1, 2].map((index) => room.join(toneOf(index))) as [Person, Person];
  room.run(50);
  room.speakTo(talker, [], [listener]);
  room.run(2);
  talker.talking = true;
  const before = listener.written.length;
  room.run(10);
  const heard = listener.written.slice(before).map(({ payload }) => codec.decode(payload));
  t.ok(heard.filter((frame) => frame.some((sample) => sample !== 0)).length >= 9);
});

/** A talker who speaks to one channel, and listeners of others. */
function channelRoom() {
  const { codec, room } = plainRoom();
  const [talker, inRoom, inRed] = [[0], [0], [0, 1]].map((channels, index) =>
    room.join(toneOf(index), { channels }),
  ) as [Person, Person, Person];
  talker.talking = true;
  /** The loudest sample that each of them heard in the last tick. */
  const loudness = () =>
    [talker, inRoom, inRed].map(({ written }) => {
      const last = written.at(-1);
      if (last === undefined || last.tick !== room.tick - 1) return 0;
      return Math.round(Math.max(...codec.decode(last.payload).map(Math.abs)) / 100);
    });
  return { room, talker, inRoom, inRed, loudness };
}

test('people hear the channels that they listen to, and voices go where they are addressed, from the next tick on', async (t) => {
  const { room, talker, inRoom, inRed, loudness } = channelRoom();
  room.run(30);
  t.same(loudness(), [0, 16, 16]);
  room.speakTo(talker, [1]);
  room.run(2);
  t.same(loudness(), [0, 0, 16]);
  room.listenTo(inRoom, [1]);
  room.listenTo(inRed, [0]);
  room.run(2);
  t.same(loudness(), [0, 16, 0]);
  room.speakTo(talker, [], [inRed]);
  room.run(2);
  t.same(loudness(), [0, 0, 16]);
  room.speakTo(talker, [0]);
  room.hear(inRed, new Map([[talker, 0.5]]));
  room.run(2);
  t.same(loudness(), [0, 0, 8]);
  room.hear(inRed, new Map());
  room.run(2);
  t.same(loudness(), [0, 0, 16]);
  room.run(20);
  t.equal(room.pool.encodersInUse, 1, 'nobody keeps a mix of their own without need');
});

test('a channel with a gain of 0 is heard by nobody, and comes back with its gain', async (t) => {
  const { room, talker, loudness } = channelRoom();
  room.speakTo(talker, [1]);
  room.run(30);
  for (const [gain, heard] of [
    [0, 0],
    [0.5, 8],
    [1, 16],
  ] as const) {
    room.setSounds(new Map([[1, { gain }]]));
    room.run(3);
    t.same(loudness(), [0, 0, heard], `${gain}`);
  }
});

test('a lone voice is not passed on where some hear other channels, where others are linked, or in space', async (t) => {
  for (const change of ['nothing', 'channels', 'space', 'parts'] as const) {
    const codec = new PlainCodec(HYBRID);
    const room = new Room(codec, (frame) => codec.encode(frame));
    const [talker] = [0, 1].map((index) => room.join(toneOf(index))) as [Person];
    talker.levelDbov = -29;
    if (change === 'channels') room.join(toneOf(2), { channels: [0, 1] });
    if (change === 'space') room.mixer.setSpace({ bodies: new World().writer.memory, settings: DEFAULT_SPACE });
    if (change === 'parts') {
      const link: Partial<MixLink> = {
        publish: () => {},
        add: () => 0,
        targeted: () => [],
        touches: () => false,
        heardBy: () => 'nothing',
        addFor: () => 0,
        standings: (_tick, own) => [own],
        position: 0,
      };
      room.mixer.setLink(link as MixLink);
    }
    room.run(3);
    talker.talking = true;
    room.run(30);
    t.equal(room.pool.counters.framesPassed > 0, change === 'nothing', change);
    t.equal(room.pool.counters.framesEncoded > 0, change !== 'nothing', change);
  }
});

test('a listener who has no gains is as steady as before if none are set', async (t) => {
  const { room, inRoom } = channelRoom();
  room.run(30);
  t.ok(inRoom.place.steady);
  room.mixer.setHearing(inRoom.participant, new Map());
  t.ok(inRoom.place.steady);
  room.mixer.setHearing(inRoom.participant, new Map([[999, 0.5]]));
  t.notOk(inRoom.place.steady);
});

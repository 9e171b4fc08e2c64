import fc from 'fast-check';
import { test } from 'tap';
import { SILENCE_PACKET, SILENCE_REFRESH_PACKET } from '../../../src/formats/opus-packet.ts';
import { FRAME_SAMPLES, FULL_SCALE } from '../../../src/mixer/format.ts';
import { pairGains } from '../../../src/mixer/space/pair.ts';
import { DEFAULT_SPACE, type SpaceSettings } from '../../../src/mixer/space/space-settings.ts';
import { cases } from '../../helpers/cases.ts';
import { fitGain } from '../../helpers/mix-check.ts';
import { type Person, Room } from '../../helpers/perfect-room.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { createPrng } from '../../helpers/prng.ts';
import { sharedTone } from '../../helpers/signal.ts';
import { MuffledVoices, ReferenceEars } from '../../helpers/space-reference.ts';
import { speech, VOICES } from '../../helpers/speech.ts';
import { type BodyOptions, World } from '../../helpers/world.ts';

const SEED = Number(process.env['SEED'] ?? 3110);
const GAINS = [0, 0.25, 0.5, 1.5, 2];
const toneOf = (index: number, amplitude = 0.05) =>
  sharedTone({ frequencyHz: 350 + 250 * index, samples: 48_000, amplitude });

/** A room with space, and bodies in it. */
function spaceRoom(settings: Partial<SpaceSettings> = {}) {
  const codec = new PlainCodec();
  const room = new Room(codec, (frame) => codec.encode(frame));
  const world = new World();
  const space = { bodies: world.writer.memory, settings: { ...DEFAULT_SPACE, ...settings } };
  room.mixer.setSpace(space);
  let joined = 0;
  const join = (body: BodyOptions | undefined, takesStereo = true): Person => {
    const person = room.join(toneOf(joined % 12), { takesStereo });
    if (body !== undefined) world.put(joined, { ...body, voice: person.place.voice });
    joined++;
    return person;
  };
  return { codec, room, world, space, join };
}

/** Both sides of the packet of the last tick; undefined for silence. */
function heardBy(room: Room, { written }: Person, codec: PlainCodec) {
  const last = written.at(-1);
  if (last === undefined || last.tick !== room.tick - 1) return undefined;
  if (last.payload === SILENCE_PACKET || last.payload === SILENCE_REFRESH_PACKET) return undefined;
  const both = codec.decode(last.payload);
  if (both.length === FRAME_SAMPLES) return { left: both, right: both };
  return { left: both.filter((_, i) => i % 2 === 0), right: both.filter((_, i) => i % 2 === 1) };
}

const loudest = (frame: Int16Array) => frame.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);

test('for any places, moves, gains, joins and leaves, everybody hears the slow reference, in stereo or mono', async (t) => {
  t.comment(`SEED=${SEED}`);
  let compared = 0;
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 2, max: 7 }), (salt, size) => {
      const prng = createPrng(salt);
      const { codec, room, world, space, join } = spaceRoom({ voices: 32 });
      const muffled = new MuffledVoices();
      const ears = new Map<Person, ReferenceEars>();
      const slots = new Map<Person, number>();
      const stereo = new Set<Person>();
      const randomBody = (person: Person): BodyOptions => ({
        at: [30 * prng() - 15, 2 * prng(), 30 * prng() - 15],
        yaw: 720 * prng() - 360,
        range: prng() < 0.1 ? 3 : 20,
        layers: prng() < 0.9 ? 1 : 2,
        hears: prng() < 0.9 ? 1 : 3,
        enclosure: prng() < 0.8 ? 0 : 1,
        voice: person.place.voice,
      });
      const enter = () => {
        const takesStereo = prng() < 0.7;
        const person = join({}, takesStereo);
        slots.set(person, slots.size);
        if (takesStereo) stereo.add(person);
        world.put(slots.get(person)!, randomBody(person));
        ears.set(person, new ReferenceEars(person));
      };
      for (let i = 0; i < size; i++) enter();
      let unknown = 0;
      for (let tick = 0; tick < 150; tick++) {
        for (const person of [...room.people]) {
          if (prng() < 0.04) person.talking = !person.talking;
          if (prng() < 0.01) room.mute(person, !person.muted);
          if (prng() < 0.1) world.put(slots.get(person)!, randomBody(person));
          if (prng() < 0.02) {
            const others = room.people.filter((other) => prng() < 0.5 && other !== person);
            room.hear(person, new Map(others.map((other) => [other, GAINS[Math.floor(prng() * GAINS.length)]!])));
          }
          if (prng() < 0.002 && room.people.length > 2) {
            room.leave(person);
            unknown = 2;
          }
        }
        if (prng() < 0.01) enter();
        room.run();
        muffled.tick(room.people);
        for (const listener of room.people) {
          const expected = ears.get(listener)!.hear(room.people, muffled, world, space.settings);
          if (unknown > 0) continue;
          const heard = heardBy(room, listener, codec);
          const where = `tick ${tick}, ${room.people.length} people`;
          if (expected === undefined) {
            if (heard !== undefined) throw new Error(`${where}: sound where silence belongs`);
            continue;
          }
          if (heard === undefined) throw new Error(`${where}: silence where sound belongs`);
          compared++;
          const mean = expected.left.map((sample, i) => (sample + expected.right[i]!) / 2);
          for (const side of ['left', 'right'] as const) {
            const wanted = stereo.has(listener) ? expected[side] : mean;
            const { deviation, from, to } = fitGain(heard[side], wanted);
            const isQuiet = wanted.every((sample) => Math.abs(sample) < 30);
            if (deviation > 1.6) throw new Error(`${where}: ${side} is off by ${deviation}`);
            if (!isQuiet && (from > 1.03 || to > 1.03 || from < 0.4 || to < 0.4)) {
              throw new Error(`${where}: ${side} has a gain from ${from} to ${to}`);
            }
          }
        }
        unknown--;
      }
      room.mixer.close();
      return room.pool.encodersInUse === 0 && room.pool.decodersInUse === 0;
    }),
    { seed: SEED, numRuns: cases(12) },
  );
  t.comment(`${compared} mixes compared`);
  t.ok(compared > cases(1000));
});

test('a voice out of range is in nobody’s packets, bit for bit, and is not even decoded', async (t) => {
  const [packets, decoded] = [[] as string[][], [] as number[]];
  for (const talks of [true, false]) {
    const { room, join } = spaceRoom();
    const [listener, near, far] = [join({}), join({ at: [3, 0, -2] }), join({ at: [60, 0, 0] })] as [
      Person,
      Person,
      Person,
    ];
    for (let tick = 0; tick < 100; tick++) {
      near.talking = tick > 5;
      far.talking = talks && tick % 40 > 10;
      room.run();
    }
    packets.push(listener.written.map(({ payload }) => Buffer.from(payload).toString('hex')));
    decoded.push(room.pool.counters.framesDecoded);
    t.equal(room.pool.encodersInUse, 1, 'one encoder for the one who hears');
  }
  t.equal(packets[0]!.length, packets[1]!.length);
  t.equal(decoded[0], decoded[1]);
});

test('people without a place hear only each other, and nobody else hears them', async (t) => {
  const { codec, room, world, join } = spaceRoom();
  const [placed, other, lobby, guest] = [join({}), join({ at: [1, 0, 0] }), join(undefined), join(undefined)] as [
    Person,
    Person,
    Person,
    Person,
  ];
  lobby.talking = true;
  room.run(20);
  t.ok(heardBy(room, guest, codec));
  t.equal(heardBy(room, placed, codec), undefined);
  world.put(2, { at: [0, 0, -1], voice: lobby.place.voice });
  room.run(20);
  t.equal(heardBy(room, guest, codec), undefined);
  t.ok(heardBy(room, placed, codec) && heardBy(room, other, codec));
  world.writer.setMode('flat');
  room.run(20);
  t.ok(
    [placed, other, guest].every((person) => heardBy(room, person, codec)),
    'flat: everybody hears everybody',
  );
  world.writer.setMode('muted');
  room.run(20);
  t.ok(
    [placed, other, guest].every((person) => heardBy(room, person, codec) === undefined),
    'muted',
  );
  world.writer.setMode('on');
  room.mixer.setSpace(undefined);
  room.run(20);
  t.ok(
    [placed, other, guest].every((person) => heardBy(room, person, codec)),
    'the space has ended',
  );
});

test('of a crowd everybody hears the loudest eight, the nearest among them, and nobody changes without need', async (t) => {
  const { room, world, join } = spaceRoom();
  const prng = createPrng(SEED);
  const people = Array.from({ length: 40 }, () => join({ at: [20 * prng(), 0, 20 * prng()], range: 50 }));
  for (const person of people) person.talking = true;
  let changes = 0;
  const before = new Map<Person, string>();
  for (let tick = 0; tick < 60; tick++) {
    room.run();
    if (tick < 30) continue;
    const heard = new Map<Person, number[]>(people.map((person) => [person, []]));
    const byPlace = new Map(people.map((person) => [person.participant, person]));
    room.mixer.forEachHeard((listener, voice) => heard.get(byPlace.get(listener)!)!.push(voice));
    for (const [person, voices] of heard) {
      t.equal(voices.length, 8);
      const key = voices.sort((a, b) => a - b).join();
      if (before.has(person) && before.get(person) !== key) changes++;
      before.set(person, key);
    }
  }
  t.equal(changes, 0);
  const bodies = world.read();
  for (const [slot, person] of people.entries()) {
    const distance = (other: number) =>
      Math.hypot(
        bodies.floats[16 * slot]! - bodies.floats[16 * other]!,
        bodies.floats[16 * slot + 2]! - bodies.floats[16 * other + 2]!,
      );
    const nearest = people
      .map((_, other) => other)
      .filter((other) => other !== slot)
      .sort((a, b) => distance(a) - distance(b))[0]!;
    if (distance(nearest) > 2) t.ok(before.get(person)!.split(',').includes(String(people[nearest]!.place.voice)));
  }
});

test('in a crowd of levelled talkers nobody’s mix is turned down by more than 12 dB, at any moment', async (t) => {
  t.comment(`SEED=${SEED}`);
  const { codec, room, world, space } = spaceRoom();
  const prng = createPrng(SEED);
  const ticks = 60;
  const voices = await Promise.all(VOICES.map((voice) => speech(voice, 8)));
  const people = Array.from({ length: 100 }, (_, index) => {
    // Each begins somewhere else in the speech. Those who do not talk listen.
    const voice = voices[index % VOICES.length]!;
    const start = Math.floor(prng() * (voice.length / FRAME_SAMPLES - ticks)) * FRAME_SAMPLES;
    const sound = Int16Array.from(voice.subarray(start, start + ticks * FRAME_SAMPLES), (x) => x * FULL_SCALE);
    const person = room.join(sound, { takesStereo: true });
    person.talking = index < 40;
    world.put(index, { at: [20 * prng(), 0, 20 * prng()], yaw: 360 * prng(), range: 50, voice: person.place.voice });
    return person;
  });
  const slotOf = new Map(people.map((person, slot) => [person, slot]));
  const listeners = people.filter((_, index) => index % 10 === 0);
  const muffled = new MuffledVoices();
  const heardBefore = new Map<Person, string>();
  const byVoice = new Map(people.map((person) => [person.place.voice, person]));
  let lowest = 1;
  let turnedDown = 0;
  for (let tick = 0; tick < ticks; tick++) {
    room.run();
    muffled.tick(people);
    const heard = new Map<unknown, number[]>(listeners.map(({ participant }) => [participant, []]));
    room.mixer.forEachHeard((listener, voice) => heard.get(listener)?.push(voice));
    for (const listener of listeners) {
      const key = heard.get(listener.participant)!.sort().join();
      // While voices change, they fade.
      const isSteady = heardBefore.get(listener) === key;
      heardBefore.set(listener, key);
      const packet = heardBy(room, listener, codec);
      if (!isSteady || packet === undefined) continue;
      const sum = new Float32Array(FRAME_SAMPLES);
      const gains = new Float32Array(4);
      for (const number of heard.get(listener.participant)!) {
        const talker = byVoice.get(number)!;
        if (!talker.place.contributing) continue;
        pairGains(world.read(), slotOf.get(talker)!, slotOf.get(listener)!, space.settings, 1, gains);
        const [low, high] = [gains[0]!, gains[1]!];
        const copy = muffled.frames.get(talker)!;
        const { samples } = talker.place.frame;
        for (let i = 0; i < FRAME_SAMPLES; i++) sum[i]! += high * samples[i]! + (low - high) * copy[i]!;
      }
      for (const [i, sample] of sum.entries()) {
        // Small samples have no exact gain.
        if (Math.abs(sample) < FULL_SCALE / 4) continue;
        const gain = packet.left[i]! / sample;
        lowest = Math.min(lowest, gain);
        if (gain < 0.9) turnedDown++;
      }
    }
  }
  room.mixer.close();
  t.comment(`the lowest gain is ${(20 * Math.log10(lowest)).toFixed(1)} dB`);
  t.ok(turnedDown > 1000, `${turnedDown} samples are turned down at all`);
  t.ok(lowest > 10 ** (-12 / 20), `${(20 * Math.log10(lowest)).toFixed(1)} dB, headroom included`);
});

test('fifty spectators of one player share one encoder, and hear the player too', async (t) => {
  const { codec, room, join } = spaceRoom();
  const [player, other] = [join({}), join({ at: [3, 0, 0] })] as [Person, Person];
  const spectators = Array.from({ length: 50 }, () => join({ at: [500, 0, 0], earsOf: 0 }));
  other.talking = true;
  room.run(50);
  t.equal(room.pool.encodersInUse, 1, 'the player hears the same');
  player.talking = true;
  room.run(30);
  t.equal(room.pool.encodersInUse, 3, 'the player, whom the spectators hear, and the other');
  t.ok(loudest(heardBy(room, spectators[0]!, codec)!.left) > loudest(heardBy(room, player, codec)!.left));
  player.talking = false;
  room.run(60);
  t.equal(room.pool.encodersInUse, 1);
});

test('when many begin to hear somebody beside a channel, no more than 40 streams take over in a tick', async (t) => {
  const { room, join } = spaceRoom();
  const people = Array.from({ length: 100 }, () => join({ at: [1, 0, 0] }));
  const announcer = join(undefined);
  for (const person of people) room.listenTo(person, [0, 1]);
  room.speakTo(announcer, [1]);
  announcer.talking = true;
  room.run(20);
  t.equal(room.pool.encodersInUse, 1);
  people[0]!.talking = true;
  const primed: number[] = [];
  for (let tick = 0; tick < 6; tick++) {
    const before = room.pool.counters.framesPrimed;
    room.run();
    primed.push(room.pool.counters.framesPrimed - before);
  }
  t.ok(primed.every((count) => count <= 40) && primed.reduce((a, b) => a + b) === 99, `${primed}`);
});

import { test } from 'tap';
import { SILENCE_PACKET, SILENCE_REFRESH_PACKET } from '../../../src/formats/opus-packet.ts';
import { createSharedMix } from '../../../src/media/link/mix-ring.ts';
import { SharedMixLink } from '../../../src/media/worker/shared-mix.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { threadKernels } from '../../../src/mixer/kernels/kernels.ts';
import { cases } from '../../helpers/cases.ts';
import { type Person, Room } from '../../helpers/perfect-room.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { createPrng } from '../../helpers/prng.ts';
import { clickRatio, concatInt16, rmsDbfs, sharedTone, toneLevelDbfs } from '../../helpers/signal.ts';

const SEED = Number(process.env['SEED'] ?? 2203);
const PEOPLE_PER_PART = 3;
const START_TICK = 1000;
/** Two take turns in this time, with some overlap. With no more than two talkers the mix is not turned down. */
const TURN_TICKS = 80;

/** The packet of the last tick, unless it is silence or there is none. */
function soundOf(room: Room, { written }: Person): Uint8Array | undefined {
  const last = written.at(-1);
  if (last === undefined || last.tick !== room.tick - 1) return undefined;
  return last.payload === SILENCE_PACKET || last.payload === SILENCE_REFRESH_PACKET ? undefined : last.payload;
}

for (const size of [2, 3]) {
  test(`in a room of ${size} parts everybody hears their own part at once, other parts a tick later, never themselves`, async (t) => {
    t.comment(`SEED=${SEED}`);
    const prng = createPrng(SEED);
    const codec = new PlainCodec();
    const parts = spanningRoom(codec, Array(size).fill(PEOPLE_PER_PART), 0);
    const people = parts.flatMap((room) => room.people);
    /** Each talker's frame in the tick before. */
    let before = new Map<Person, Float32Array>();
    const inSound = new Set<Person>();
    let pair = chooseTwo(people, prng);
    let silenceMistaken = 0;
    let compared = 0;
    let worst = 0;
    for (let tick = 0; tick < cases(20) * TURN_TICKS; tick++) {
      const turn = tick % TURN_TICKS;
      if (turn === 0) pair = chooseTwo(people, prng);
      pair[0].talking = turn < 25;
      pair[1].talking = turn >= 10 && turn < 40;
      // Which worker comes first in a tick is random.
      const order = prng() < 0.5 ? parts : parts.toReversed();
      for (const room of order) room.run();
      const now = new Map(
        people.filter(({ contributes }) => contributes).map((one) => [one, one.twin.frame.samples.slice()]),
      );
      for (const room of parts) {
        for (const listener of room.people) {
          const payload = soundOf(room, listener);
          // The first frame after silence fades in.
          const fadesIn = !inSound.has(listener);
          if (payload === undefined) inSound.delete(listener);
          else inSound.add(listener);
          const voices = [
            ...room.people.flatMap((one) => (one === listener ? [] : [now.get(one)])),
            ...people.flatMap((one) => (room.people.includes(one) ? [] : [before.get(one)])),
          ].filter((voice) => voice !== undefined);
          if ((payload === undefined) !== (voices.length === 0)) silenceMistaken++;
          if (payload === undefined || fadesIn) continue;
          compared++;
          worst = Math.max(worst, deviation(codec.decode(payload), voices));
        }
      }
      before = now;
    }
    t.equal(silenceMistaken, 0, 'sound where somebody else talks, silence elsewhere');
    t.ok(compared > cases(2000), `${compared} frames compared`);
    t.ok(worst <= 1.01, `off by ${worst} at most`);
  });
}

/**
 * The linked parts of one room with the given numbers of people. Each person has a tone with its own frequency, whose
 * phase is different after a frame.
 */
function spanningRoom(codec: PlainCodec, sizes: readonly number[], maxTalkers: number): Room[] {
  const memories = sizes.map((_, order) => createSharedMix(order));
  const links = linksOf(memories);
  let frequencyHz = 200;
  return sizes.map((size, index) => {
    const room = new Room(codec, (frame) => codec.encode(frame), { maxTalkers });
    room.tick = START_TICK;
    room.mixer.setLink(links[index]);
    for (let i = 0; i < size; i++) {
      frequencyHz += 151;
      room.join(sharedTone({ frequencyHz, samples: 48_000, amplitude: 0.05 }));
    }
    return room;
  });
}

function linksOf(memories: readonly SharedArrayBuffer[]): SharedMixLink[] {
  return memories.map((own) => {
    const others = memories.filter((memory) => memory !== own);
    return new SharedMixLink(own, others, threadKernels());
  });
}

const MAX_TALKERS = 8;

/** Runs the parts in a random order, and returns who was heard in each tick. */
function runTogether(parts: readonly Room[], ticks: number, prng: () => number): Person[][] {
  return Array.from({ length: ticks }, () => {
    for (const room of prng() < 0.5 ? parts : parts.toReversed()) room.run();
    return parts.flatMap(({ people }) => people.filter(({ place }) => place.contributing));
  });
}

/** Their audio is as loud as they claim, because a level that the audio does not have counts for nothing. */
const talk = (people: readonly Person[], levelDbov: number) => {
  for (const person of people) {
    // RFC 6464: 0 is the level of a full-scale square wave.
    const gain = 10 ** ((levelDbov - rmsDbfs(person.sound)) / 20);
    const sound = person.sound.map((sample) => Math.round(sample * gain));
    Object.assign(person, { talking: true, levelDbov, sound });
  }
};

for (const sizes of [
  [20, 20],
  [30, 6, 4],
]) {
  test(`when all of ${sizes.join(' + ')} talk, the limit holds over all parts, and the same people stay audible`, async (t) => {
    t.comment(`SEED=${SEED}`);
    const prng = createPrng(SEED);
    const parts = spanningRoom(new PlainCodec(), sizes, MAX_TALKERS);
    const people = parts.flatMap((room) => room.people);
    for (const person of people) talk([person], -30 + Math.round(4 * prng()));
    const start = runTogether(parts, 60, prng);
    const decoded = () => parts.reduce((sum, { pool }) => sum + pool.counters.framesDecoded, 0);
    const before = decoded();
    const steady = runTogether(parts, 250, prng);
    t.ok(Math.max(...[...start, ...steady].map((heard) => heard.length)) <= MAX_TALKERS, 'never more');
    t.ok(
      steady.every((heard) => heard.length === MAX_TALKERS && heard.every((one) => steady[0]!.includes(one))),
      'always the same eight',
    );
    t.equal(decoded() - before, 250 * MAX_TALKERS, 'nobody else is decoded');
  });
}

test('while there is room, a new talker in any part is heard from the first frame', async (t) => {
  const parts = spanningRoom(new PlainCodec(), [6, 6], MAX_TALKERS);
  const prng = createPrng(SEED);
  runTogether(parts, 5, prng);
  for (const person of [parts[1]!.people[0]!, parts[0]!.people[0]!, parts[1]!.people[1]!]) {
    talk([person], -30);
    for (let tick = 0; tick < 6; tick++) {
      const [heard] = runTogether(parts, 1, prng);
      t.equal(heard!.includes(person), person.contributes, `tick ${tick}`);
    }
    t.ok(person.contributes);
  }
});

test('a newcomer who is clearly louder displaces the quietest of all parts, not only of their own', async (t) => {
  const prng = createPrng(SEED);
  const parts = spanningRoom(new PlainCodec(), [10, 10], MAX_TALKERS);
  const [a, b] = parts.map(({ people }) => people);
  talk(a!.slice(0, 4), -30);
  talk(b!.slice(0, 4), -24);
  runTogether(parts, 100, prng);
  const quietest = a![2]!;
  talk([quietest], -40);
  runTogether(parts, 200, prng);
  const newcomer = b![7]!;
  talk([newcomer], -20);
  const after = runTogether(parts, 100, prng);
  t.ok(Math.max(...after.map((heard) => heard.length)) <= MAX_TALKERS);
  t.notOk(after.at(-1)!.includes(quietest));
  const expected = [...a!.slice(0, 4), ...b!.slice(0, 4), newcomer].filter((one) => one !== quietest);
  const heard = after.at(-1)!;
  t.ok(heard.length === expected.length && expected.every((one) => heard.includes(one)), 'the others are still heard');
});

test('the places of a stopped part are free after 200 ms, and its talkers get theirs again when it comes back', async (t) => {
  const prng = createPrng(SEED);
  const parts = spanningRoom(new PlainCodec(), [10, 10], MAX_TALKERS);
  const [a, b] = parts as [Room, Room];
  talk(b.people.slice(0, 6), -20);
  runTogether(parts, 50, prng);
  talk(a.people, -30);
  runTogether(parts, 50, prng);
  const heardIn = (room: Room) => room.people.filter(({ place }) => place.contributing).length;
  t.same([heardIn(a), heardIn(b)], [2, 6]);
  a.run(9);
  t.equal(heardIn(a), 2);
  a.run(20);
  t.equal(heardIn(a), MAX_TALKERS);
  b.tick = a.tick;
  const back = runTogether(parts, 100, prng);
  t.same([heardIn(a), heardIn(b)], [2, 6]);
  t.ok(back.slice(20).every((heard) => heard.length <= MAX_TALKERS));
});

test('a part that comes or goes costs nobody their place', async (t) => {
  const prng = createPrng(SEED);
  const parts = spanningRoom(new PlainCodec(), [12, 3], MAX_TALKERS);
  const [a, b] = parts as [Room, Room];
  const memories = [createSharedMix(0), createSharedMix(1), createSharedMix(2)];
  const link = new SharedMixLink(memories[0]!, [], threadKernels());
  for (const room of parts) room.mixer.setLink(undefined);
  for (const [i, person] of a.people.entries()) talk([person], -30 - i / 2);
  runTogether(parts, 100, prng);
  const steady = runTogether(parts, 1, prng)[0]!;
  t.equal(steady.length, MAX_TALKERS);
  const same = (heard: readonly Person[][]) =>
    heard.every((people) => people.length === MAX_TALKERS && people.every((person) => steady.includes(person)));
  link.setOthers([memories[1]!]);
  a.mixer.setLink(link);
  b.mixer.setLink(new SharedMixLink(memories[1]!, [memories[0]!], threadKernels()));
  t.ok(same(runTogether(parts, 50, prng)), 'a second part');
  link.setOthers(memories.slice(1));
  t.ok(same(runTogether(parts, 50, prng)), 'and one that has reported nothing yet');
  link.setOthers([memories[2]!]);
  t.ok(same(runTogether(parts, 50, prng)), 'one is gone');
  link.setOthers([]);
  t.ok(same(runTogether(parts, 2, prng)), 'all are gone');
  t.ok(link.alone);
});

/** What somebody hears, from the first packet on. */
const hear = (codec: PlainCodec, { written }: Person) =>
  concatInt16([new Int16Array(FRAME_SAMPLES), ...written.map(({ payload }) => codec.decode(payload))]);

test('a displaced talker fades before one from another part is heard, and nobody in either part hears a click', async (t) => {
  const prng = createPrng(SEED);
  const codec = new PlainCodec();
  const parts = spanningRoom(codec, [0, 0, 0], 1);
  const sine = (frequencyHz: number, amplitude: number) => sharedTone({ frequencyHz, samples: 48_000, amplitude });
  const louder = sine(1327, 0.3);
  const quiet = parts[0]!.join(sine(1013, 0.2));
  const loud = parts[1]!.join(louder);
  const listeners = [quiet, ...parts.map((room) => room.join(louder))];
  talk([quiet], -40);
  runTogether(parts, 60, prng);
  talk([loud], -20);
  const heard = runTogether(parts, 60, prng);
  t.ok(
    heard.every((people) => people.length <= 1),
    'never both',
  );
  t.same(heard.at(-1), [loud]);
  for (const listener of listeners) {
    const sound = hear(codec, listener);
    const ratio = clickRatio(sound, 2, sound.length, loud.sound);
    t.ok(ratio < 1.3, `${ratio.toFixed(2)}`);
    t.ok(Math.abs(rmsDbfs(sound.subarray(-9600)) - rmsDbfs(loud.sound)) < 0.2, 'the louder one is heard');
  }
});

test('the last talker of a part fades out when leaving in mid-word, and a part that just stops is no worse than a bump', async (t) => {
  for (const [how, limit] of [
    ['leaves', 1.3],
    // Played backwards, the last frame joins on, but its slope is reversed.
    ['stops', 8],
  ] as const) {
    const codec = new PlainCodec();
    const rooms = [new Room(codec, (frame) => codec.encode(frame)), new Room(codec, (frame) => codec.encode(frame))];
    const [here, there] = rooms as [Room, Room];
    const memories = [createSharedMix(7), createSharedMix(8)];
    const [link, otherLink] = linksOf(memories) as [SharedMixLink, SharedMixLink];
    here.mixer.setLink(link);
    there.mixer.setLink(otherLink);
    const sound = sharedTone({ frequencyHz: 1013, samples: 48_000, amplitude: 0.2 });
    const listener = here.join(sound);
    const talker = there.join(sound);
    talk([talker], -20);
    for (let tick = 0; tick < 53; tick++) for (const room of rooms) room.run();
    const left = how === 'leaves' ? [there] : [];
    if (how === 'leaves') there.leave(talker);
    link.setOthers([]);
    t.notOk(link.alone, 'the end is heard first');
    let ticks = 0;
    for (; !link.alone && ticks < 10; ticks++) for (const room of [here, ...left]) room.run();
    t.ok(ticks <= 3 && there.mixer.deserted === (how === 'leaves'), `${ticks} ticks`);
    here.run(5);
    const heard = hear(codec, listener);
    const ratio = clickRatio(heard, 2, heard.length, talker.sound);
    t.ok(ratio < limit, `${how}: ${ratio.toFixed(2)}`);
    t.equal(rmsDbfs(heard.subarray(-960)), rmsDbfs(new Int16Array(960)), 'then there is silence');
  }
});

function chooseTwo(people: readonly Person[], prng: () => number): [Person, Person] {
  const first = Math.floor(prng() * people.length);
  const second = (first + 1 + Math.floor(prng() * (people.length - 1))) % people.length;
  return [people[first]!, people[second]!];
}

function deviation(heard: Int16Array, voices: readonly Float32Array[]): number {
  let largest = 0;
  for (let i = 0; i < FRAME_SAMPLES; i++) {
    const sum = voices.reduce((total, voice) => total + voice[i]!, 0);
    largest = Math.max(largest, Math.abs(heard[i]! - sum));
  }
  return largest;
}

test('a voice in another part is heard with the gain a listener has set, and unchanged by others', async (t) => {
  for (const gain of [0, 0.5, 2]) {
    const codec = new PlainCodec();
    const [here, elsewhere] = spanningRoom(codec, [3, 3], 0) as [Room, Room];
    const [listener, bystander] = here.people as [Person, Person];
    const [changed, other] = elsewhere.people as [Person, Person];
    here.hear(listener, new Map([[changed, gain]]));
    changed.talking = other.talking = true;
    let before = new Map<Person, Float32Array>();
    let compared = 0;
    let worst = 0;
    for (let tick = 0; tick < 60; tick++) {
      for (const room of tick % 3 === 0 ? [elsewhere, here] : [here, elsewhere]) room.run();
      const scaled = (person: Person, factor: number) =>
        (before.get(person) ?? new Float32Array(0)).map((x) => x * factor);
      if (tick > 5) {
        for (const [person, factor] of [
          [listener, gain],
          [bystander, 1],
        ] as const) {
          const payload = soundOf(here, person);
          if (payload === undefined) throw new Error('silence where somebody talks');
          worst = Math.max(worst, deviation(codec.decode(payload), [scaled(changed, factor), scaled(other, 1)]));
          compared++;
        }
      }
      before = new Map(
        elsewhere.people.filter(({ contributes }) => contributes).map((one) => [one, one.twin.frame.samples.slice()]),
      );
    }
    t.ok(compared > 100);
    t.ok(worst <= 1.01, `gain ${gain}: off by ${worst} at most`);
  }
});

test('a listener who turned off the only talker of another part hears nothing, even when its worker is late', async (t) => {
  const codec = new PlainCodec();
  const [here, elsewhere] = spanningRoom(codec, [2, 2], 0) as [Room, Room];
  const listener = here.people[0]!;
  const talker = elsewhere.people[0]!;
  here.hear(listener, new Map([[talker, 0]]));
  talker.talking = true;
  const prng = createPrng(SEED);
  let heard = 0;
  let bystanderHeard = 0;
  for (let tick = 0; tick < 200; tick++) {
    if (prng() < 0.8) elsewhere.tick = here.tick;
    if (elsewhere.tick === here.tick) elsewhere.run();
    here.run();
    if (soundOf(here, listener) !== undefined) heard++;
    if (soundOf(here, here.people[1]!) !== undefined) bystanderHeard++;
  }
  t.equal(heard, 0);
  t.ok(bystanderHeard > 100, `${bystanderHeard} of 200`);
});

test('gains still apply to voices with their own frame when there are more voices than frames, and nobody is lost', async (t) => {
  const codec = new PlainCodec();
  const [here, elsewhere] = spanningRoom(codec, [1, 20], 0) as [Room, Room];
  const listener = here.people[0]!;
  for (const person of elsewhere.people) person.talking = true;
  here.hear(listener, new Map(elsewhere.people.map((person) => [person, 0])));
  for (let tick = 0; tick < 20; tick++) for (const room of [elsewhere, here]) room.run();
  const payload = soundOf(here, listener);
  if (payload === undefined) throw new Error('silence');
  const levels = elsewhere.people.map((_, i) => toneLevelDbfs(codec.decode(payload), 200 + 151 * (i + 2)));
  t.equal(levels.filter((level) => level > -60).length, 4, levels.map(Math.round).join());
});

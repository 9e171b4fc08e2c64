/** Senders whose packets do not sound as loud as they claim (RFC 6464), among honest ones. Uses real Opus. */
import { test } from 'tap';
import { createSharedMix } from '../../../src/media/link/mix-ring.ts';
import { SharedMixLink } from '../../../src/media/worker/shared-mix.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../../../src/mixer/format.ts';
import { threadKernels } from '../../../src/mixer/kernels/kernels.ts';
import { lightOpus } from '../../helpers/light-opus.ts';
import { createFrameEncoder } from '../../helpers/opus.ts';
import { type Person, Room } from '../../helpers/perfect-room.ts';
import { createPrng } from '../../helpers/prng.ts';
import { rmsDbfs, toInt16, tone } from '../../helpers/signal.ts';
import { voiced } from '../../helpers/voiced.ts';

const SEED = Number(process.env['SEED'] ?? 1270);
const SECOND = 1000 / PTIME_MS;
const MAX_TALKERS = 8;

/** How somebody sounds, and what they claim, in each frame. */
interface Part {
  readonly sound: (n: number) => Int16Array;
  readonly claim: (n: number, sound: Int16Array) => number;
}

/** Everyone who says the same sends the same packets. By frame. */
const packets = new Map<Int16Array, Uint8Array>();
const levels = new Map<Int16Array, number>();
const voices = new Map<number, Int16Array>();
const spoken = new Map<string, readonly Int16Array[]>();

/** Cuts the sound into frames and encodes them in this order. The encoding quality does not change how loud it is. */
function framesOf(sound: Int16Array): readonly Int16Array[] {
  const encode = createFrameEncoder({ complexity: 0 });
  return Array.from({ length: sound.length / FRAME_SAMPLES }, (_, n) => {
    const frame = sound.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES);
    packets.set(frame, encode(frame));
    levels.set(frame, Math.max(-127, Math.round(rmsDbfs(frame))));
    return frame;
  });
}
const [SILENCE] = framesOf(new Int16Array(FRAME_SAMPLES)) as [Int16Array];

function voice(seed: number, gain = 1): (n: number) => Int16Array {
  if (!voices.has(seed)) voices.set(seed, toInt16(voiced(seed, 3)));
  const key = `${seed} ${gain}`;
  const frames = spoken.get(key) ?? framesOf(voices.get(seed)!.map((sample) => Math.round(sample * gain)));
  spoken.set(key, frames);
  return (n) => frames[n % frames.length]!;
}
const honest = (_: number, sound: Int16Array) => levels.get(sound)!;
const packetOf = (sound: Int16Array) => packets.get(sound)!;

/** A room in which everybody sends something in every tick. */
class Stage {
  readonly room: Room;
  readonly shown = new Map<Person, number>();
  readonly heard = new Map<Person, number>();
  readonly #cast = new Map<Person, Part & { readonly encode: (pcm: Int16Array) => Uint8Array }>();
  #current = new Map<Person, Int16Array>();

  constructor(maxTalkers = MAX_TALKERS) {
    this.room = new Room(lightOpus, (_, person) => this.#cast.get(person)!.encode(this.#current.get(person)!), {
      maxTalkers,
    });
  }

  add(part: Part, encode: (pcm: Int16Array) => Uint8Array = packetOf): Person {
    const person = this.room.join(SILENCE);
    person.talking = true;
    this.#cast.set(person, { ...part, encode });
    return person;
  }

  leave(person: Person): void {
    this.room.leave(person);
    this.#cast.delete(person);
  }

  run(ticks: number): void {
    this.shown.clear();
    this.heard.clear();
    for (let i = 0; i < ticks; i++) this.step();
  }

  step(): void {
    for (const [person, { sound, claim }] of this.#cast) {
      const frame = sound(this.room.tick);
      this.#current.set(person, frame);
      person.levelDbov = claim(this.room.tick, frame);
    }
    this.room.run();
    const byParticipant = new Map(this.room.people.map((person) => [person.participant, person]));
    this.room.mixer.forEachSpeaker((participant) => count(this.shown, byParticipant.get(participant)!));
    for (const person of this.room.people) if (person.place.contributing) count(this.heard, person);
  }

  shownFor(person: Person): number {
    return this.shown.get(person) ?? 0;
  }

  heardFor(person: Person): number {
    return this.heard.get(person) ?? 0;
  }
}

function count(map: Map<Person, number>, person: Person): void {
  map.set(person, (map.get(person) ?? 0) + 1);
}

test('eight who claim 0 dBov and send silence displace nobody, and are never shown as speaking', async (t) => {
  const nothing = () => SILENCE;
  for (const [name, encode] of [
    ['silence of constant size', constantSize()],
    ['the smallest silence', () => Uint8Array.of(0xf8, 0xff, 0xfe)],
    ['undecodable packets', () => Uint8Array.of(0xfe, 200, 1, 2)],
  ] as const) {
    const stage = new Stage();
    const liars = Array.from({ length: MAX_TALKERS }, () => stage.add({ sound: nothing, claim: () => 0 }, encode));
    const talkers = [stage.add({ sound: voice(1), claim: honest }), stage.add({ sound: voice(2, 0.2), claim: honest })];
    stage.run(15);
    for (const liar of liars) t.ok(stage.shownFor(liar) === 0, `${name}: never shown`);
    stage.run(2 * SECOND);
    for (const talker of talkers) {
      t.equal(stage.heardFor(talker), 2 * SECOND, `${name}: the talker is heard`);
      t.equal(stage.shownFor(talker), 2 * SECOND, `${name}: and shown`);
    }
    for (const liar of liars) t.ok(stage.shownFor(liar) + stage.heardFor(liar) === 0, `${name}: nobody else is`);
  }
});

test('a false claim gets no place when all are taken by people who talk, and is not shown', async (t) => {
  const stage = new Stage();
  const talkers = Array.from({ length: MAX_TALKERS }, (_, i) => stage.add({ sound: voice(i), claim: honest }));
  stage.run(SECOND);
  const liars = [0, -30, -50].map((claim) => stage.add({ sound: () => SILENCE, claim: () => claim }, constantSize()));
  stage.run(5 * SECOND);
  for (const talker of talkers) t.equal(stage.heardFor(talker), 5 * SECOND);
  for (const liar of liars) t.equal(stage.shownFor(liar), 0);
});

test('a speaker who claims silence is heard and shown, the first word 250 ms late and later ones from the start', async (t) => {
  for (const claim of [-127, -90, -65]) {
    const stage = new Stage();
    const pause = 2 * SECOND;
    const talker = stage.add({
      sound: (n) => (n >= SECOND && n < 2 * SECOND ? voice(3)(n) : n >= 2 * SECOND + pause ? voice(3)(n) : SILENCE),
      claim: () => claim,
    });
    stage.run(SECOND);
    t.equal(stage.shownFor(talker), 0);
    stage.run(SECOND);
    t.ok(stage.heardFor(talker) >= SECOND - 17, `${claim}: ${stage.heardFor(talker)} of ${SECOND} frames are heard`);
    t.ok(stage.shownFor(talker) >= SECOND - 17, `${claim}: shown`);
    stage.run(pause);
    stage.run(SECOND);
    t.ok(stage.heardFor(talker) >= SECOND - 3, `${claim}: ${stage.heardFor(talker)} of ${SECOND} the next time`);
  }
});

test('false levels give no advantage, however they are mixed with true ones', async (t) => {
  t.comment(`SEED=${SEED}`);
  const prng = createPrng(SEED);
  const lies: readonly ((n: number, truth: number) => number)[] = [
    (n, truth) => (n % 20 < 10 ? 0 : truth),
    (n, truth) => (n < 3 * SECOND ? truth : 0),
    (_, truth) => Math.min(0, truth + 8),
    (_, truth) => (prng() < 0.5 ? 0 : truth),
    (n) => (n % 15 === 0 ? 0 : -127),
    () => -Math.floor(128 * prng()),
  ];
  const stage = new Stage(2);
  const talkers = [stage.add({ sound: voice(1), claim: honest }), stage.add({ sound: voice(2), claim: honest })];
  stage.run(SECOND);
  for (const [i, lie] of lies.entries()) {
    // They murmur 20 dB below the talkers for 3 s, and are silent afterwards.
    const murmur = voice(10 + i, 0.1);
    stage.add({
      sound: (n) => (n < 4 * SECOND ? murmur(n) : SILENCE),
      claim: (n, sound) => Math.round(lie(n, honest(n, sound))),
    });
  }
  stage.run(9 * SECOND);
  for (const talker of talkers) {
    const share = stage.heardFor(talker) / (9 * SECOND);
    t.ok(share > 0.85, `heard ${(100 * share).toFixed(0)} % of the time`);
  }
  stage.run(3 * SECOND);
  for (const talker of talkers) t.equal(stage.heardFor(talker), 3 * SECOND, 'and always, once all are known');
  t.same([...stage.shown.keys()].length, 2, 'nobody who is silent is shown');
});

test('a claim that is 5 dB too high wins no place in the long run', async (t) => {
  const stage = new Stage(1);
  const loud = stage.add({ sound: tones(500, -20), claim: honest });
  stage.run(SECOND);
  const boaster = stage.add({ sound: tones(700, -22), claim: (n, sound) => honest(n, sound) + 5 });
  const third = stage.add({ sound: tones(900, -24), claim: (n, sound) => honest(n, sound) + 5.9 });
  stage.run(6 * SECOND);
  t.ok(stage.heardFor(loud) > 5.5 * SECOND, `${stage.heardFor(loud)}`);
  t.ok(stage.heardFor(boaster) + stage.heardFor(third) < 0.5 * SECOND);
});

test('honest people are decoded no more than before: one check in two seconds for each who waits or murmurs', async (t) => {
  const stage = new Stage();
  for (let i = 0; i < 20; i++) stage.add({ sound: voice(i % 10), claim: honest });
  for (let i = 0; i < 20; i++) stage.add({ sound: voice(i % 10, 0.002), claim: honest });
  stage.run(2 * SECOND);
  const { counters } = stage.room.pool;
  const { framesDecoded, packetsChecked } = counters;
  stage.run(4 * SECOND);
  t.equal(counters.framesDecoded - framesDecoded, MAX_TALKERS * 4 * SECOND);
  const checks = counters.packetsChecked - packetsChecked;
  t.ok(checks > 0 && checks <= 2.5 * 32, `${checks} checks of 32 people in 4 s`);
});

test('however many lie, decoding for checks alone is bounded', async (t) => {
  const stage = new Stage(2);
  const talkers = [stage.add({ sound: voice(1), claim: honest }), stage.add({ sound: voice(2), claim: honest })];
  stage.run(SECOND);
  for (let i = 0; i < 60; i++) {
    const claim = i % 3 === 0 ? () => -5 : i % 3 === 1 ? () => -127 : (n: number) => (n % 2 === 0 ? 0 : -127);
    stage.add({ sound: voice(i % 5, 0.01), claim });
  }
  const { counters } = stage.room.pool;
  let most = 0;
  for (let tick = 0; tick < 5 * SECOND; tick++) {
    const { packetsChecked, framesDecoded } = counters;
    stage.step();
    most = Math.max(most, counters.packetsChecked - packetsChecked);
    t.ok(counters.framesDecoded - framesDecoded <= 2);
  }
  t.ok(most > 0 && most <= 8, `${most} checks in one tick`);
  stage.run(4 * SECOND);
  // Somebody who murmurs may take the place of a talker who pauses, and gives it back.
  for (const talker of talkers)
    t.ok(stage.heardFor(talker) >= 0.85 * 4 * SECOND, `${stage.heardFor(talker)} frames are heard`);
});

test('in a room over several workers, false levels in one part take no place in the other', async (t) => {
  const memories = [0, 1].map((order) => createSharedMix(order));
  const stages = memories.map((own, i) => {
    const stage = new Stage(2);
    stage.room.mixer.setLink(new SharedMixLink(own, [memories[1 - i]!], threadKernels()));
    return stage;
  });
  const [here, there] = stages as [Stage, Stage];
  const talkers = [here.add({ sound: voice(1), claim: honest }), here.add({ sound: voice(2), claim: honest })];
  const both = (ticks: number) => {
    for (const stage of stages) stage.run(0);
    for (let i = 0; i < ticks; i++) for (const stage of stages) stage.step();
  };
  both(2 * SECOND);
  const liars = Array.from({ length: 8 }, () => there.add({ sound: () => SILENCE, claim: () => 0 }, constantSize()));
  both(5 * SECOND);
  for (const talker of talkers) {
    t.ok(here.heardFor(talker) >= 5 * SECOND - 10, `heard in ${here.heardFor(talker)} of ${5 * SECOND} frames`);
  }
  for (const liar of liars) t.equal(there.shownFor(liar), 0);
});

function tones(frequencyHz: number, dbov: number): (n: number) => Int16Array {
  const amplitude = Math.SQRT2 * 10 ** (dbov / 20);
  const frames = framesOf(toInt16(tone({ frequencyHz, samples: 48_000, amplitude })));
  return (n) => frames[n % frames.length]!;
}

/** An encoder without variable bit rate, so its silence is as large as its speech. */
function constantSize(): (pcm: Int16Array) => Uint8Array {
  const encode = createFrameEncoder({ application: 'lowDelay', complexity: 0 });
  return (pcm) => {
    const packet = encode(pcm);
    // Code 3 with padding (RFC 6716 section 3.2.5): 80 bytes, whatever they hold.
    const padding = 80 - packet.length - 2;
    return Buffer.concat([
      Uint8Array.of(packet[0]! | 3, 0x41, Math.max(0, padding)),
      packet.subarray(1),
      new Uint8Array(Math.max(0, padding)),
    ]);
  };
}

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { test } from 'tap';
import { SILENCE_PACKET, SILENCE_REFRESH_PACKET } from '../../../src/formats/opus-packet.ts';
import { createSharedMix } from '../../../src/media/link/mix-ring.ts';
import { SharedMixLink } from '../../../src/media/worker/shared-mix.ts';
import type { Encoder, EncoderSettings } from '../../../src/mixer/codec/codec.ts';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { Audiences } from '../../../src/mixer/mix/audiences.ts';
import { ChannelSet } from '../../../src/mixer/mix/channel-set.ts';
import { ChannelSounds, PLAIN_CHANNEL } from '../../../src/mixer/mix/channel-sounds.ts';
import { Delivery, isMixNeeded } from '../../../src/mixer/mix/delivery.ts';
import { Hearing } from '../../../src/mixer/mix/hearing.ts';
import { PASSED, type Place } from '../../../src/mixer/mix/mix-participant.ts';
import { FLAT_ENCODERS, SPACE_ENCODERS } from '../../../src/mixer/mix/room-encoders.ts';
import { VoiceCopies } from '../../../src/mixer/mix/voice-copies.ts';
import { NOTHING_ARRIVED } from '../../../src/mixer/source/passage.ts';
import { createStanding } from '../../../src/mixer/source/talker-places.ts';
import { DEFAULT_SPACE } from '../../../src/mixer/space/space-settings.ts';
import { cases } from '../../helpers/cases.ts';
import { complaint, runAtRandom } from '../../helpers/mix-check.ts';
import { type Joining, type Person, Room } from '../../helpers/perfect-room.ts';
import { HYBRID, PlainCodec } from '../../helpers/plain-codec.ts';
import { createPrng, type Prng } from '../../helpers/prng.ts';
import { clickRatio, concatInt16, sharedTone } from '../../helpers/signal.ts';
import { stillVoice } from '../../helpers/still-voice.ts';
import { World } from '../../helpers/world.ts';

const SEED = Number(process.env['SEED'] ?? 3011);
const AMPLITUDE = 0.03;
/** Of a sine wave of this amplitude. */
const LEVEL_DBOV = Math.round(20 * Math.log10(AMPLITUDE / Math.SQRT2));
const TONES = Array.from({ length: 12 }, (_, i) =>
  sharedTone({ frequencyHz: 350 + 150 * i, samples: 48_000, amplitude: AMPLITUDE }),
);
const GAINS = [0, 0.5, 1, 2];

function plainRoom(codec = new PlainCodec()) {
  return { codec, room: new Room(codec, (frame) => codec.encode(frame)) };
}

const isSilence = (payload: Uint8Array) => payload === SILENCE_PACKET || payload === SILENCE_REFRESH_PACKET;

/**
 * A room in two parts, and another room to which people move. In every tick of the `slow` one, the mixer looks at
 * everything about every listener again.
 */
class Side {
  readonly codec = new PlainCodec(HYBRID);
  readonly rooms = [0, 1, 2].map(() => new Room(this.codec, (frame) => this.codec.encode(frame)));
  readonly world = new World();
  readonly people: Person[] = [];
  /** Also those who are leaving. */
  readonly #places: Place[] = [];
  readonly #slow: boolean;
  readonly #shared = [createSharedMix(0), createSharedMix(1)] as const;
  /** In which of the rooms each person is. */
  readonly roomOf: number[] = [];

  constructor(slow: boolean) {
    this.#slow = slow;
  }

  join(at: number, joining: Joining): void {
    const person = this.rooms[at]!.join(TONES[this.people.length % TONES.length]!, joining);
    person.levelDbov = LEVEL_DBOV;
    this.people.push(person);
    this.#places.push(person.place);
    this.roomOf.push(at);
  }

  in(index: number): Room {
    return this.rooms[this.roomOf[index]!]!;
  }

  move(index: number, to: number): void {
    const person = this.in(index).move(this.people[index]!, this.rooms[to]!);
    this.people[index] = person;
    this.#places.push(person.place);
    this.roomOf[index] = to;
  }

  leave(index: number): void {
    this.in(index).leave(this.people[index]!);
    this.people.splice(index, 1);
    this.roomOf.splice(index, 1);
  }

  link(linked: boolean): void {
    for (const own of [0, 1] as const) {
      const { mixer, pool } = this.rooms[own]!;
      const others = [this.#shared[1 - own]!];
      mixer.setLink(linked ? new SharedMixLink(this.#shared[own], others, pool.kernels) : undefined);
    }
  }

  setSpace(hasSpace: boolean): void {
    this.rooms[0]!.mixer.setSpace(hasSpace ? { bodies: this.world.writer.memory, settings: DEFAULT_SPACE } : undefined);
  }

  /** Runs a tick; returns what everybody was sent in it. */
  run() {
    for (const place of this.#places) if (this.#slow) place.steady = undefined;
    for (const room of this.rooms) room.run();
    const { tick } = this.rooms[0]!;
    return this.people.map(({ written }) =>
      written
        .filter((packet) => packet.tick === tick - 1)
        .map(({ payload, timestamp, marker }) => ({
          sound: isSilence(payload) ? payload : Int16Array.from(this.codec.decode(payload)),
          timestamp,
          marker,
        })),
    );
  }

  get costs() {
    return this.rooms.map(({ pool }) => {
      const { framesEncoded, framesPrimed, framesPassed } = pool.counters;
      return { framesEncoded, framesPrimed, framesPassed };
    });
  }
}

const isTeam = (channel: number) => channel > 0;

/** Something that may happen between two ticks, to both sides alike. Rare, so that listeners become steady. */
function anyChange(prng: Prng, people: number): ((side: Side) => void) | undefined {
  const index = Math.floor(prng() * people);
  const others = Array.from({ length: people }, (_, i) => i).filter((i) => i !== index && prng() < 0.4);
  const channels = [0, 1, 2].filter((channel) => prng() < (channel === 0 ? 0.8 : 0.3));
  const [on, at, which] = [prng() < 0.5, Math.floor(3 * prng()), Math.floor(12 * prng())];
  const gains = others.map((other) => [other, GAINS[Math.floor(prng() * GAINS.length)]!] as const);
  // Whoever is meant must be in the same room.
  const near = (side: Side, i: number) => side.roomOf[i] === side.roomOf[index];
  const changes: ((side: Side) => void)[] = [
    (side) => side.in(index).mute(side.people[index]!, on),
    (side) => side.in(index).mixer.setDeafened(side.people[index]!.participant, on),
    (side) => {
      const heard = gains.filter(([other]) => near(side, other));
      side.in(index).hear(side.people[index]!, new Map(heard.map(([other, gain]) => [side.people[other]!, gain])));
    },
    (side) => side.in(index).hear(side.people[index]!, new Map()),
    (side) => {
      const whispersTo = on ? others.filter((other) => near(side, other)).map((other) => side.people[other]!) : [];
      side.in(index).speakTo(side.people[index]!, channels, whispersTo);
    },
    (side) => side.in(index).listenTo(side.people[index]!, channels),
    (side) => side.move(index, at),
    (side) => side.join(at, { channels, takesStereo: on }),
    (side) => people > 3 && side.leave(index),
    (side) => side.link(on),
    (side) => {
      const sound = { ...PLAIN_CHANNEL, gain: on ? 0.5 : 1, pan: at - 1 };
      side.rooms[0]!.mixer.setChannelSounds(new Map(channels.filter(isTeam).map((channel) => [channel, sound])));
    },
    (side) => {
      const isSpectator = (i: number) => !on && others.includes(i);
      for (const [slot, { place }] of side.people.entries()) {
        const at = [3 * slot, 0, 3 * index] as const;
        side.world.put(slot, {
          at,
          voice: place.voice,
          placed: slot % 3 > 0 && !isSpectator(slot),
          ...(isSpectator(slot) ? { earsOf: index } : {}),
        });
      }
      side.setSpace(at > 0);
    },
  ];
  return changes[which];
}

test('listeners whom nothing distinguishes are sent what they would be sent if the mixer looked at everything again', async (t) => {
  t.comment(`SEED=${SEED}`);
  let steady = 0;
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 3, max: 8 }), (salt, size) => {
      const prng = createPrng(salt);
      const sides = [new Side(false), new Side(true)] as const;
      for (let i = 0; i < size; i++)
        for (const side of sides) side.join(i % 4 === 3 ? 1 : 0, { takesStereo: i % 2 === 0 });
      for (let tick = 0; tick < 200; tick++) {
        const talker = prng() < 0.15 ? Math.floor(prng() * sides[0].people.length) : undefined;
        for (const { people } of sides) {
          const person = talker === undefined ? undefined : people[talker];
          if (person !== undefined) person.talking = !person.talking;
        }
        const salted = prng() < 0.1 ? Math.floor(prng() * 1e9) : undefined;
        if (salted !== undefined) {
          for (const side of sides) anyChange(createPrng(salted), side.people.length)?.(side);
        }
        steady += sides[0].people.filter(({ place }) => place.steady !== undefined).length;
        const [fast, slow] = sides.map((side) => side.run());
        const [fastCosts, slowCosts] = sides.map(({ costs }) => costs);
        if (!isDeepStrictEqual(fast, slow)) throw new Error(`tick ${tick}: not the same packets`);
        if (!isDeepStrictEqual(fastCosts, slowCosts)) throw new Error(`tick ${tick}: not the same encoders`);
      }
    }),
    { seed: SEED, numRuns: cases(5), endOnFailure: true },
  );
  t.ok(steady > cases(1000), `${steady} packets without a further look`);
});

/** Runs the same script on a side that takes the short way and on one that does not. */
function compareSides(ticks: number, script: (side: Side, tick: number) => void): Side {
  const sides = [new Side(false), new Side(true)] as const;
  for (let tick = 0; tick < ticks; tick++) {
    for (const side of sides) script(side, tick);
    const [fast, slow] = sides.map((side) => side.run());
    if (!isDeepStrictEqual(fast, slow)) throw new Error(`tick ${tick}: not the same packets`);
  }
  return sides[0];
}

test('a gain for a voice that was silent counts when it speaks', async (t) => {
  const { people, codec, rooms } = compareSides(60, (side, tick) => {
    if (tick === 0) for (let i = 0; i < 4; i++) side.join(0, {});
    const [listener, first, second, third] = side.people as [Person, Person, Person, Person];
    first.talking = tick > 5;
    second.talking = tick > 5;
    if (tick === 20) side.rooms[0]!.hear(listener, new Map([[third, 2]]));
    if (tick === 30) third.talking = true;
  });
  t.equal(complaint(rooms[0]!, people[0]!, codec), undefined);
});

test('a steady listener hears a whisper from its first tick to its last', async (t) => {
  const { people } = compareSides(60, (side, tick) => {
    if (tick === 0) for (let i = 0; i < 4; i++) side.join(0, {});
    const [listener, first, second, whisperer] = side.people as [Person, Person, Person, Person];
    for (const person of [first, second]) person.talking = tick > 5;
    if (tick === 10) side.rooms[0]!.speakTo(whisperer, [], [listener]);
    whisperer.talking = tick >= 20 && tick < 22;
  });
  t.equal(people[0]!.place.listening.to, 'shared');
});

test('a voice that begins in the tick in which the other part of the room is gone is mixed for those who heard that part', async (t) => {
  const { people, rooms, codec } = compareSides(60, (side, tick) => {
    if (tick === 0) {
      for (const at of [0, 0, 1]) side.join(at, {});
      side.link(true);
    }
    const [, near, far] = side.people as [Person, Person, Person];
    far.talking = tick > 5;
    near.talking = tick >= 30;
    // The jitter buffer holds their first packet for a tick.
    if (tick === 31) side.link(false);
  });
  t.equal(rooms[0]!.pool.counters.framesPassed, 0);
  t.equal(people[0]!.written.filter(({ marker }) => marker).length, 1, 'one talkspurt');
  t.equal(complaint(rooms[0]!, people[0]!, codec), undefined);
});

test('a spectator without a place of their own hears with the ears of another from one tick to the next', async (t) => {
  const { people } = compareSides(60, (side, tick) => {
    if (tick === 0) for (const room of [0, 0, 0, 0, 0]) side.join(room, {});
    const [spectator, player, speaker, ...outside] = side.people as [Person, Person, Person, Person, Person];
    for (const person of [speaker, ...outside]) person.talking = tick > 5;
    if (tick === 0) side.setSpace(true);
    if (tick !== 25) return;
    side.world.put(0, { voice: player.place.voice, at: [0, 0, 0] });
    side.world.put(1, { voice: speaker.place.voice, at: [1, 0, 0] });
    side.world.put(2, { voice: spectator.place.voice, placed: false, earsOf: 0 });
  });
  t.ok(people[0]!.place.heardSpace);
});

test('the sound of a steady listener fades when they are moved, and when they are deafened', async (t) => {
  for (const end of ['moved', 'deafened'] as const) {
    const { people, codec } = compareSides(32, (side, tick) => {
      if (tick === 0) for (let i = 0; i < 3; i++) side.join(0, {});
      for (const person of side.people.slice(1)) person.talking = tick > 5;
      if (tick !== 30) return;
      if (end === 'moved') side.move(0, 2);
      else side.rooms[0]!.mixer.setDeafened(side.people[0]!.participant, true);
    });
    const { payload } = people[0]!.written.find(({ tick }) => tick === 30)!;
    const sound = codec.decode(payload);
    t.ok(sound.some((sample) => Math.abs(sample) > 100) && Math.abs(sound.at(-1)!) < 5, end);
  }
});

test('silence is three packets, then one every 400 ms, and the first packet of sound is marked', async (t) => {
  const { room, codec } = plainRoom();
  const [listener, first, second] = [0, 1, 2].map((i) => room.join(TONES[i]!)) as [Person, Person, Person];
  room.run(70);
  for (const person of [first, second]) person.talking = true;
  room.run(37);
  for (const person of [first, second]) person.talking = false;
  room.run(90);
  const { written } = listener;
  t.ok(written.every(({ tick, timestamp }) => timestamp === tick * FRAME_SAMPLES));
  const sound = written.filter(({ payload }) => !isSilence(payload));
  t.strictSame(
    sound.map(({ marker }) => marker),
    sound.map((_, i) => i === 0),
  );
  t.notOk(written.some(({ payload, marker }) => marker && isSilence(payload)));
  const kindOf = (payload: Uint8Array) => (payload === SILENCE_PACKET ? 'silence' : 'refresh');
  const { tick: begin } = sound[0]!;
  const { tick: end } = sound.at(-1)!;
  const silent = (from: number, to: number) =>
    written
      .filter(({ tick }) => tick >= from && tick < to)
      .map(({ payload, tick }) => [kindOf(payload), tick] as const);
  const expected = (from: number, to: number) => [
    ...[0, 1, 2].map((i) => ['silence', from + i] as const),
    ...Array.from({ length: 20 }, (_, i) => ['refresh', 20 * i] as const).filter(
      ([, tick]) => tick >= from + 3 && tick < to,
    ),
  ];
  t.strictSame(silent(0, begin), expected(0, begin));
  t.strictSame(silent(end + 1, room.tick), expected(end + 1, room.tick));
  t.equal(complaint(room, listener, codec), undefined);
});

test('for any gains, channels and deafening, everyone hears the sum of the others, and all encoders are given back', async (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 2, max: 7 }), (salt, size) => {
      const prng = createPrng(salt);
      const { codec, room } = plainRoom();
      let joined = 0;
      const join = () => room.join(TONES[joined++ % TONES.length]!, { channels: prng() < 0.5 ? [0] : [0, 1] });
      for (let i = 0; i < size; i++) join();
      const deafenedNow = new Set<Person>();
      runAtRandom({
        room,
        codec,
        prng,
        join,
        mayFade: (listener) => deafenedNow.has(listener),
        beforeTick: () => deafenedNow.clear(),
        change: (person) => {
          const [kind, on] = [prng(), prng() < 0.5];
          const others = room.people.filter((other) => other !== person && prng() < 0.5);
          if (kind < 0.01) room.hear(person, new Map(on ? others.map((other) => [other, GAINS[0]!]) : []));
          else if (kind < 0.02) room.listenTo(person, on ? [0] : [0, 1]);
          else if (kind < 0.03) room.speakTo(person, on ? [0] : [1]);
          else if (kind < 0.04) {
            room.mixer.setDeafened(person.participant, on);
            if (on) deafenedNow.add(person);
          }
        },
      });
      return room.pool.encodersInUse === 0;
    }),
    { seed: SEED, numRuns: cases(6), endOnFailure: true },
  );
});

test('a listener with a mix of their own returns to the shared one, without a click, when both have been the same', async (t) => {
  const { room, codec } = plainRoom();
  const [listener, loud, other, silent] = [0, 1, 2, 3].map((i) => room.join(TONES[i]!)) as [
    Person,
    Person,
    Person,
    Person,
  ];
  for (const person of [loud, other]) person.talking = true;
  room.run(30);
  t.equal(room.pool.encodersInUse, 3, 'one for both who listen, and one for each talker');
  room.hear(
    listener,
    new Map([
      [loud, 0.5],
      [silent, 2],
    ]),
  );
  room.run(20);
  t.equal(room.pool.encodersInUse, 4);
  room.hear(listener, new Map());
  // A tick in which the gain changes, and ten in which both mixes are the same.
  room.run(1 + 10);
  t.equal(room.pool.encodersInUse, 4);
  room.run(2);
  t.equal(room.pool.encodersInUse, 3);
  t.equal(room.pool.counters.framesPrimed, 6, 'only to leave the shared mix');
  const before = room.pool.counters.framesEncoded;
  room.run(20);
  t.equal(room.pool.counters.framesEncoded - before, 20 * 3);
  t.equal(listener.written.at(-1)!.payload, silent.written.at(-1)!.payload);
  const sound = concatInt16(listener.written.map(({ payload }) => codec.decode(payload)));
  const both = loud.sound.map((sample, i) => sample + other.sound[i]!);
  t.ok(clickRatio(sound, 10 * FRAME_SAMPLES, sound.length, both) < 1.2);
});

/** A codec that knows how its encoders are set. */
class WatchedCodec extends PlainCodec {
  readonly bitrates: number[] = [];

  override createEncoder(): Encoder {
    const index = this.bitrates.push(0) - 1;
    return {
      ...super.createEncoder(),
      configure: ({ bitrate }: { readonly bitrate: number }) => {
        this.bitrates[index] = bitrate;
      },
    };
  }
}

test('mixes of their own are encoded as the room needs it: those that are running, new ones and spare ones', async (t) => {
  const codec = new WatchedCodec();
  const { room } = plainRoom(codec);
  const people = [0, 1, 2, 3].map((i) => room.join(TONES[i]!)) as [Person, Person, Person, Person];
  const talk = (...talkers: Person[]) => {
    for (const person of people) person.talking = talkers.includes(person);
    room.run(40);
  };
  const inUse = () => codec.bitrates.slice().sort((a, b) => a - b);
  const { own, shared } = FLAT_ENCODERS;
  talk(people[0], people[1], people[2]);
  t.strictSame(inUse(), [own.bitrate, own.bitrate, own.bitrate, shared.bitrate]);
  // The mix of one of them becomes a spare one.
  talk(people[0], people[1]);
  const world = new World();
  room.mixer.setSpace({ bodies: world.writer.memory, settings: DEFAULT_SPACE });
  room.run(2);
  const inSpace = inUse().filter((bitrate) => bitrate === SPACE_ENCODERS.own.bitrate);
  t.equal(inSpace.length, 2);
  talk(people[0], people[1], people[2]);
  t.strictSame(inUse(), [...new Array(3).fill(SPACE_ENCODERS.own.bitrate), SPACE_ENCODERS.shared.bitrate]);
  room.mixer.setSpace(undefined);
  room.run(3);
  t.strictSame(inUse(), [own.bitrate, own.bitrate, own.bitrate, shared.bitrate]);
});

test('a tick is needed while anybody hears anything, has less than three packets of silence, or needs a refresh', async (t) => {
  const pool = new CodecPool(new PlainCodec(), () => 0);
  const audiences = new Audiences(pool);
  const delivery = new Delivery(pool);
  const voices = { contributors: [], copies: new VoiceCopies(pool.kernels, new ChannelSounds()), link: undefined };
  const place = (voice: number) =>
    stillVoice(pool.kernels, audiences.enter(ChannelSet.ROOM), { voice, level: 0, isTalking: false });
  const [first, second] = [place(1), place(2)];
  t.notOk(delivery.begin(1, false, voices));
  t.ok(delivery.begin(1, true, voices));
  t.ok(delivery.begin(20, false, voices) && delivery.begin(40, false, voices));
  for (let tick = 1; tick <= 6; tick++) {
    if (tick === 1) delivery.enter();
    if (tick === 2) delivery.enter();
    const isNeeded = delivery.begin(tick, false, voices);
    t.equal(isNeeded, tick <= 4, `tick ${tick}`);
    delivery.write(first, voices);
    if (tick > 1) delivery.write(second, voices);
  }
  // Neither counts any more, so nobody is missed when they leave.
  delivery.leave(first);
  delivery.leave(second);
  const third = place(3);
  delivery.enter();
  t.ok(delivery.begin(21, false, voices));
  delivery.leave(third);
  t.notOk(delivery.begin(22, false, voices));
});

test('a listener who moves between channels with the same voices goes on with the same packets, as steady as before', async (t) => {
  const { people } = compareSides(50, (side, tick) => {
    if (tick === 0) for (const channels of [[0, 1], [0, 1], [0], [0], [0]]) side.join(0, { channels });
    for (const person of side.people.slice(3)) person.talking = tick > 5;
    if (tick === 30) side.rooms[0]!.listenTo(side.people[0]!, [0]);
  });
  const [moved, stayed, other] = people as [Person, Person, Person];
  for (const { place } of [moved, stayed, other]) t.equal(place.steady, place.audience);
  t.equal(moved.place.audience, other.place.audience);
  t.equal(moved.written.at(-1)!.payload, other.written.at(-1)!.payload);
});

/** People with a place each, who hear a team as well, in which two talk. */
function teamInSpace(size: number) {
  const { codec, room } = plainRoom();
  const world = new World();
  room.mixer.setSpace({ bodies: world.writer.memory, settings: DEFAULT_SPACE });
  const people = Array.from({ length: size }, (_, i) => {
    const person = room.join(TONES[i % TONES.length]!, { channels: [0, 1], takesStereo: true });
    world.put(i, { voice: person.place.voice, at: [0.01 * i, 0, 0] });
    return person;
  });
  const speaker = people[0]!;
  const team = [0, 1].map((i) => room.join(TONES[i]!, { channels: [1] }));
  for (const person of team) room.speakTo(person, [1]);
  return { codec, room, people, speaker, team };
}

test('when many begin to hear somebody beside the same voices as others, at most 40 do so in each tick', async (t) => {
  const { room, people, speaker, team } = teamInSpace(96);
  for (const person of team) person.talking = true;
  room.run(30);
  const listeners = people.slice(1);
  const withOwn = () => listeners.filter(({ place }) => place.listening.to === 'own').length;
  t.equal(withOwn(), 0);
  speaker.talking = true;
  const counts = Array.from({ length: 5 }, () => {
    room.run();
    return withOwn();
  });
  t.strictSame(counts, [0, 40, 80, 95, 95]);
});

test('nobody waits for somebody they begin to hear when there is nothing else to hear', async (t) => {
  const { room, people, speaker, team } = teamInSpace(96);
  for (const person of team) person.talking = true;
  room.run(30);
  for (const person of team) room.mute(person, true);
  // They fade in one more tick, and in the next one only the speaker is left.
  speaker.talking = true;
  room.run(3);
  for (const { place } of people.slice(1)) t.not(place.listening.to, 'shared');
});

test('a mix of somebody whose client plays stereo is stereo while the room has space, and no encoder is lost', async (t) => {
  const { room, people, speaker } = teamInSpace(4);
  speaker.talking = true;
  people[1]!.talking = true;
  room.run(20);
  const channels = () =>
    people.flatMap(({ place: { listening } }) => (listening.to === 'own' ? [listening.stream.channels] : []));
  t.strictSame(channels(), [2, 2, 2, 2]);
  const inUse = room.pool.encodersInUse;
  room.mixer.limitSpace({ isMono: true, rangeFactor: 1 });
  room.run(3);
  t.strictSame(channels(), [1, 1, 1, 1]);
  t.equal(room.pool.encodersInUse, inUse);
  room.mixer.limitSpace({ isMono: false, rangeFactor: 1 });
  room.run(3);
  t.strictSame(channels(), [2, 2, 2, 2]);
  t.equal(room.pool.encodersInUse, inUse);
});

test('when many get another number of channels at once, at most 40 do so in each tick', async (t) => {
  const { room, people, speaker } = teamInSpace(96);
  speaker.talking = true;
  people[1]!.talking = true;
  room.run(20);
  room.mixer.limitSpace({ isMono: true, rangeFactor: 1 });
  const inMono = () =>
    people.filter(({ place: { listening } }) => listening.to === 'own' && listening.stream.channels === 1).length;
  const counts = Array.from({ length: 4 }, () => {
    room.run();
    return inMono();
  });
  t.strictSame(counts, [40, 80, 96, 96]);
});

test('nothing about a steady listener is looked at in a tick', async (t) => {
  const { room } = plainRoom();
  const people = [0, 1, 2].map((index) => room.join(TONES[index]!));
  const [listener, ...talkers] = people as [Person, Person, Person];
  for (const talker of talkers) talker.talking = true;
  room.run(20);
  const { place } = listener;
  for (const name of ['hearing', 'listening', 'audience', 'heard', 'ears'] as const) {
    const value = place[name];
    let looks = 0;
    Object.defineProperty(place, name, {
      configurable: true,
      get: () => {
        looks++;
        return value;
      },
    });
    room.run(3);
    t.equal(looks, 0, name);
    Object.defineProperty(place, name, { configurable: true, writable: true, value });
  }
  t.equal(listener.written.length, 20 + 5 * 3);
});

test('a packet that is passed on counts once, however many listeners it has, and one that has not arrived is not sent', async (t) => {
  const pool = new CodecPool(new PlainCodec(), () => 0);
  const audiences = new Audiences(pool);
  const delivery = new Delivery(pool);
  const copies = new VoiceCopies(pool.kernels, new ChannelSounds());
  const lone = stillVoice(pool.kernels, audiences.enter(ChannelSet.ROOM), { voice: 1, level: 5, soundedBefore: false });
  const written: (readonly [payload: Uint8Array, marker: boolean])[] = [];
  const listeners = [2, 3].map((voice) => {
    const place = stillVoice(pool.kernels, audiences.enter(ChannelSet.ROOM), { voice, level: 0, isTalking: false });
    Object.assign(place, {
      sink: { write: (payload: Uint8Array, _: number, marker: boolean) => written.push([payload, marker]) },
    });
    return place;
  });
  const voices = { contributors: [lone], copies, link: undefined, lone };
  const pass = (tick: number, passed: Uint8Array) => {
    Object.assign(lone.source, { passed });
    lone.soundedBefore = tick > 1;
    delivery.begin(tick, true, voices);
    audiences.passOn({ ...voices, tick, own: [lone], standing: createStanding() }, false);
    for (const listener of listeners) delivery.write(listener, voices);
    return written.splice(0);
  };
  const packets = [1, 2, 3, 4].map((byte) => Uint8Array.of(byte));
  for (const [i, packet] of packets.entries()) {
    t.same(pass(i + 1, packet), [
      [packet, i === 0],
      [packet, i === 0],
    ]);
    t.equal(pool.counters.framesPassed, i + 1);
  }
  t.same(pass(5, NOTHING_ARRIVED), []);
  t.equal(pool.counters.framesPassed, 4);
});

test('while a voice is passed on, its sound is needed for those who cannot follow it', async (t) => {
  const pool = new CodecPool(new PlainCodec(), () => 0);
  const everyone = new Audiences(pool).enter(ChannelSet.ROOM);
  everyone.passOn();
  const copies = new VoiceCopies(pool.kernels, new ChannelSounds());
  const lone = stillVoice(pool.kernels, everyone, { voice: 1, level: 5 });
  lone.soundedBefore = false;
  const voices = { contributors: [lone], copies, link: undefined, lone };
  const listener = (more: Partial<Place> = {}) =>
    Object.assign(stillVoice(pool.kernels, everyone, { voice: 2, level: 0, isTalking: false }), more);
  const isNeeded = (...places: Place[]) => isMixNeeded(places, lone, voices);
  t.notOk(isNeeded());
  t.notOk(isNeeded(listener(), listener(), lone), 'they follow it from its beginning');
  lone.soundedBefore = true;
  t.ok(isNeeded(listener()), 'a latecomer cannot');
  t.notOk(isNeeded(listener({ listening: PASSED }), listener({ deafened: true }), listener({ arriving: true })));
  t.ok(isNeeded(listener({ listening: PASSED }), listener()));
  const withGain = (gain: number) => listener({ listening: PASSED, hearing: new Hearing(new Map([[1, gain]])) });
  t.ok(isNeeded(withGain(0.5)));
  t.notOk(isNeeded(withGain(0)), 'who has silenced the voice hears nothing');
});

test('after a room has changed its encoders, spare streams have the new ones, in mono and in stereo', async (t) => {
  const settings: EncoderSettings[] = [];
  class Watched extends PlainCodec {
    override createEncoder() {
      return { ...super.createEncoder(), configure: (one: EncoderSettings) => void settings.push(one) };
    }
  }
  const codec = new Watched();
  const { room } = plainRoom(codec);
  const people = [true, false, true, false].map((takesStereo, index) => room.join(TONES[index]!, { takesStereo }));
  const world = new World();
  const [withSpace, others] = [{ bodies: world.writer.memory, settings: DEFAULT_SPACE }, undefined];
  for (const [i, space] of [withSpace, others, withSpace, others].entries()) {
    room.mixer.setSpace(space);
    room.run(2);
    settings.length = 0;
    for (const person of people) person.talking = true;
    room.run(10);
    for (const person of people) person.talking = false;
    room.run(60);
    const encoders = i % 2 === 0 ? SPACE_ENCODERS : FLAT_ENCODERS;
    const allowed = [encoders.own, encoders.shared, encoders.stereo].map(({ bitrate }) => bitrate);
    t.ok(settings.length > 3 && settings.every(({ bitrate }) => allowed.includes(bitrate)), `${i}`);
  }
  room.mixer.limitSpace({ isMono: false, rangeFactor: 1 });
});

/** A player, a spectator with the player's ears, and somebody who talks two metres away. */
function spectating() {
  const { codec, room } = plainRoom();
  const world = new World();
  const [player, spectator, talker] = [0, 1, 2].map((i) => room.join(TONES[i]!)) as [Person, Person, Person];
  const put = (slot: number, { place }: Person, more: object = {}) => world.put(slot, { voice: place.voice, ...more });
  put(0, player);
  put(1, spectator, { earsOf: 0 });
  put(2, talker, { at: [0, 0, -2] });
  room.mixer.setSpace({ bodies: world.writer.memory, settings: DEFAULT_SPACE });
  room.run(5);
  talker.talking = true;
  const heard = ({ written }: Person, ticks: number) =>
    concatInt16(written.slice(-ticks).map(({ payload }) => codec.decode(payload)));
  return { room, player, spectator, talker, heard };
}

test('two listeners with the same ears share a packet', async (t) => {
  const { room, player, spectator } = spectating();
  room.run(30);
  t.equal(room.pool.encodersInUse, 1);
  t.equal(player.written.at(-1)!.payload, spectator.written.at(-1)!.payload);
  t.equal(player.place.listening.to, 'group');
  player.talking = true;
  room.run(10);
  t.not(player.written.at(-1)!.payload, spectator.written.at(-1)!.payload, 'a player does not hear themselves');
});

test('a listener who leaves those with the same ears goes on hearing, without a click', async (t) => {
  const { room, spectator, heard } = spectating();
  room.run(30);
  for (const channels of [[0, 1], [0], [0, 2]]) {
    room.listenTo(spectator, channels);
    room.run(15);
  }
  const sound = heard(spectator, 60);
  const ratio = clickRatio(sound, 960, sound.length, TONES[2]!);
  t.ok(ratio < 1.1, `${ratio}`);
});

test('a channel that comes from one side and back moves without a click for listeners with a mix of their own', async (t) => {
  const { codec, room } = plainRoom();
  const [talker, listener] = [0, 1].map((i) => room.join(TONES[i]!, { channels: [0, 1], takesStereo: true })) as [
    Person,
    Person,
  ];
  room.speakTo(talker, [1]);
  room.hear(listener, new Map([[talker, 0.5]]));
  talker.talking = true;
  room.run(30);
  for (const pan of [-1, 0, 1, 0]) {
    room.setSounds(new Map([[1, { pan }]]));
    room.run(20);
  }
  const frames = listener.written.slice(-100).map(({ payload }) => codec.decode(payload));
  t.ok(frames.some(({ length }) => length > FRAME_SAMPLES));
  for (const side of [0, 1]) {
    const sound = concatInt16(
      frames.map((frame) => (frame.length > FRAME_SAMPLES ? frame.filter((_, i) => i % 2 === side) : frame)),
    );
    const ratio = clickRatio(sound, FRAME_SAMPLES, sound.length, TONES[0]!);
    t.ok(ratio < 1.1, `side ${side}: ${ratio}`);
  }
});

test('a listener who was sent a lone voice and then a mix is as quiet as before after it', async (t) => {
  const codec = new PlainCodec(HYBRID);
  const room = new Room(codec, (frame) => codec.encode(frame));
  const [first, second, listener] = [0, 1, 2].map((index) => room.join(TONES[index]!)) as [Person, Person, Person];
  for (const person of [first, second]) person.levelDbov = LEVEL_DBOV;
  const visits = () => {
    let looks = 0;
    const { sink } = listener.place;
    Object.defineProperty(listener.place, 'steady', { configurable: true, get: () => void looks++, set: () => {} });
    room.run(10);
    Object.defineProperty(listener.place, 'steady', { configurable: true, writable: true, value: undefined });
    return sink === listener.place.sink ? looks : Number.NaN;
  };
  room.run(61);
  t.equal(visits(), 0, 'nobody is visited in silence');
  first.talking = true;
  room.run(20);
  second.talking = true;
  room.run(20);
  first.talking = false;
  second.talking = false;
  room.run(70);
  while (room.tick % 20 !== 1) room.run();
  t.equal(visits(), 0, 'nor after it');
});

test('who hears nothing while others talk gets silence only every 400 ms as well', async (t) => {
  const { room } = plainRoom();
  const people = [0, 1, 2, 3].map((index) => room.join(TONES[index]!)) as [Person, Person, Person, Person];
  const [first, second, listener, deaf] = people;
  room.mixer.setDeafened(deaf.participant, true);
  for (const person of [first, second]) person.talking = true;
  room.run(30);
  const [before, beforeDeaf] = [listener.written.length, deaf.written.length];
  room.run(100);
  t.equal(listener.written.length - before, 100);
  t.equal(deaf.written.length - beforeDeaf, 5);
});

import fc from 'fast-check';
import { test } from 'tap';
import { SILENCE_PACKET, SILENCE_REFRESH_PACKET } from '../../../src/formats/opus-packet.ts';
import { createSharedMix } from '../../../src/media/link/mix-ring.ts';
import { SharedMixLink } from '../../../src/media/worker/shared-mix.ts';
import { opusCodec } from '../../../src/mixer/codec/opus.ts';
import { cases } from '../../helpers/cases.ts';
import { complaint, runAtRandom } from '../../helpers/mix-check.ts';
import { createFrameDecoder } from '../../helpers/opus.ts';
import { type Joining, type Person, Room } from '../../helpers/perfect-room.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { createPrng, type Prng } from '../../helpers/prng.ts';
import { createSharedEncoder } from '../../helpers/shared-encoder.ts';
import { clickRatio, concatInt16, sharedTone, toneLevelDbfs } from '../../helpers/signal.ts';

const SEED = Number(process.env['SEED'] ?? 1212);
const [ROOM, RED, BLUE, FAR] = [0, 1, 2, 63] as const;
const GAINS = [0, 0.5, 2];
const PANS = [-1, 0, 0, 0.5];

function plainRoom() {
  const codec = new PlainCodec();
  return { codec, room: new Room(codec, (frame) => codec.encode(frame)) };
}

const frequencyOf = (index: number) => 350 + 150 * index;
const toneOf = (index: number, amplitude = 0.03) =>
  sharedTone({ frequencyHz: frequencyOf(index), samples: 48_000, amplitude });

function someOf<T>(prng: Prng, items: readonly T[], share = 0.5): T[] {
  return items.filter(() => prng() < share);
}

test('for any channels, their gains, directions and priorities, in stereo or mono, whispers, gains, mutes, joins and leaves, everyone hears the sum of gain times voice', async (t) => {
  t.comment(`SEED=${SEED}`);
  const channels = [ROOM, RED, BLUE, FAR];
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 2, max: 9 }), (salt, size) => {
      const prng = createPrng(salt);
      const { codec, room } = plainRoom();
      let joined = 0;
      const join = () =>
        room.join(toneOf(joined++ % 12), { channels: someOf(prng, channels, 0.7), takesStereo: prng() < 0.5 });
      for (let i = 0; i < size; i++) join();
      runAtRandom({
        room,
        codec,
        prng,
        join,
        beforeTick: () => {
          if (prng() >= 0.03) return;
          const sounding = someOf(prng, [RED, BLUE, FAR]);
          room.setSounds(
            new Map(
              sounding.map((channel) => [
                channel,
                {
                  gain: GAINS[Math.floor(3 * prng())]!,
                  pan: PANS[Math.floor(4 * prng())]!,
                  duckDb: prng() < 0.3 ? 12 : 0,
                },
              ]),
            ),
          );
        },
        change: (person) => {
          const others = room.people.filter((other) => other !== person);
          if (prng() < 0.03) room.speakTo(person, someOf(prng, channels), prng() < 0.2 ? someOf(prng, others) : []);
          if (prng() < 0.02) room.listenTo(person, someOf(prng, channels, 0.7));
          if (prng() >= 0.01) return;
          room.hear(person, new Map(someOf(prng, others, 0.3).map((other) => [other, GAINS[Math.floor(3 * prng())]!])));
        },
      });
      return room.pool.encodersInUse === 0 && room.pool.decodersInUse === 0;
    }),
    { seed: SEED, numRuns: cases(25) },
  );
  t.pass();
});

test('two teams of fifty share two encoders, and each talker has one', async (t) => {
  const { room } = plainRoom();
  const people = Array.from({ length: 100 }, (_, i) =>
    room.join(toneOf(i % 12), { channels: [ROOM, i < 50 ? RED : BLUE] }),
  );
  const talkers = [people[0]!, people[1]!, people[50]!];
  for (const [i, talker] of people.entries()) room.speakTo(talker, [i < 50 ? RED : BLUE]);
  for (const talker of talkers) talker.talking = true;
  room.run(60);
  t.equal(room.pool.encodersInUse, 2 + 2, 'a lone talker hears nothing of their team');
  const { framesEncoded, framesPrimed } = room.pool.counters;
  room.run(50);
  t.equal(room.pool.counters.framesEncoded - framesEncoded, 50 * 4);
  t.equal(room.pool.counters.framesPrimed, framesPrimed);
});

test('teams that hear only the room share one encoder, and one team leaves it without the others', async (t) => {
  const { codec, room } = plainRoom();
  const people = Array.from({ length: 100 }, (_, i) =>
    room.join(toneOf(i % 12), { channels: [ROOM, 1 + Math.floor(i / 5)] }),
  );
  const [red, other] = [people[0]!, people[99]!];
  room.run(1);
  other.talking = true;
  room.run(40);
  t.equal(room.pool.encodersInUse, 1, 'twenty teams');
  room.speakTo(red, [RED]);
  red.talking = true;
  const before = room.pool.counters.framesPrimed;
  room.run(40);
  t.equal(room.pool.encodersInUse, 3, 'the red team has its own, and so has its talker, who does not hear themselves');
  t.ok(room.pool.counters.framesPrimed - before <= 12, 'the whole team moved with one encoder');
  red.talking = false;
  room.run(60);
  t.equal(room.pool.encodersInUse, 1, 'and returns when its channel is silent');
  for (const person of people) t.equal(complaint(room, person, codec), undefined);
});

test('a team moves between encoders without a click', async (t) => {
  const { codec, room } = plainRoom();
  const loud = sharedTone({ frequencyHz: 1013, samples: 48_000, amplitude: 0.3 });
  const listener = room.join(toneOf(0), { channels: [ROOM, RED] });
  const [talker, mate, stranger] = [
    room.join(loud),
    room.join(toneOf(8, 0.1), { channels: [ROOM, RED] }),
    room.join(toneOf(2)),
  ];
  room.speakTo(mate, [RED]);
  talker.talking = true;
  room.run(40);
  const from = listener.written.length;
  for (const isTalking of [true, false, true]) {
    mate.talking = isTalking;
    room.run(25);
  }
  room.listenTo(listener, [ROOM]);
  room.run(25);
  room.listenTo(listener, [RED]);
  room.run(25);
  room.listenTo(listener, [ROOM, RED]);
  room.speakTo(talker, [BLUE]);
  room.run(10);
  room.speakTo(talker, [ROOM]);
  room.run(30);
  const sound = concatInt16(listener.written.map(({ payload }) => codec.decode(payload)));
  const reference = loud.map((sample, i) => sample + mate.sound[i]!);
  t.ok(clickRatio(sound, (from - 20) * 960, sound.length, reference) < 1.2);
  t.equal(complaint(room, stranger, codec), undefined);
});

/** A room encoded with Opus. */
function opusRoom(channels: readonly (readonly number[])[]) {
  const encoders = new Map<Person, (pcm: Int16Array) => Uint8Array>();
  const room = new Room(opusCodec, (frame, person) => {
    if (!encoders.has(person)) encoders.set(person, createSharedEncoder());
    return encoders.get(person)!(frame);
  });
  const people = channels.map((heard, i) => room.join(toneOf(3 * i, 0.1), { channels: heard } satisfies Joining));
  return { room, people };
}

/** The levels at which this listener heard the tones of these people in the last 100 packets. */
function levelsOf(listener: Person, people: readonly Person[]): number[] {
  const decode = createFrameDecoder();
  const sound = concatInt16(listener.written.map(({ payload }) => Int16Array.from(decode(payload))).slice(-100));
  return people.map((_, i) => toneLevelDbfs(sound, frequencyOf(3 * i)));
}

test('with Opus, people hear their team and those who whisper to them, and never themselves', async (t) => {
  const { room, people } = opusRoom([[ROOM, RED], [ROOM, RED], [ROOM, BLUE], [ROOM, BLUE], [ROOM]]);
  const [red1, red2, blue1, blue2, alone] = people as [Person, Person, Person, Person, Person];
  room.speakTo(red1, [RED]);
  room.speakTo(blue1, [BLUE]);
  room.speakTo(alone, [], [red2, blue2]);
  for (const person of [red1, blue1, alone]) person.talking = true;
  room.run(160);
  const heard = (listener: Person) =>
    levelsOf(listener, people).flatMap((level, i) => (level > -40 ? [i] : level < -55 ? [] : [NaN]));
  t.same(heard(red2), [0, 4]);
  t.same(heard(blue2), [2, 4]);
  t.same(heard(alone), []);
  t.same(heard(red1), []);
  room.speakTo(alone, [ROOM]);
  room.run(120);
  t.same(heard(red1), [4], 'after the whisper everyone hears them');
});

test('a voice in a channel that somebody does not hear is not in their packets at all, bit for bit', async (t) => {
  const packets = [true, false].map((hasVoice) => {
    const { room, people } = opusRoom([
      [ROOM, RED],
      [ROOM, RED],
      [ROOM, BLUE],
      [ROOM, BLUE],
    ]);
    const [listener, mate, other, whisperer] = people as [Person, Person, Person, Person];
    room.speakTo(mate, [RED]);
    room.speakTo(other, [BLUE]);
    room.speakTo(whisperer, [], [other]);
    for (let tick = 0; tick < 200; tick++) {
      mate.talking = tick > 10 && tick < 150;
      other.talking = hasVoice && tick > 30 && tick % 50 < 40;
      whisperer.talking = hasVoice && tick > 60;
      room.run();
    }
    return listener.written.map(({ payload, timestamp }) => [Buffer.from(payload).toString('hex'), timestamp]);
  });
  t.ok(packets[0]!.length > 140);
  t.strictSame(packets[0], packets[1]);
});

test('each channel has its own limit of talkers', async (t) => {
  const codec = new PlainCodec();
  const room = new Room(codec, (frame) => codec.encode(frame), { maxTalkers: 2 });
  const teams = [RED, BLUE].map((team) =>
    Array.from({ length: 5 }, (_, i) => room.join(toneOf(i), { channels: [team] })),
  );
  for (const [i, people] of teams.entries()) {
    for (const [k, person] of people.entries()) {
      room.speakTo(person, [1 + i]);
      person.talking = true;
      person.levelDbov = -20 - k;
    }
  }
  room.run(60);
  for (const people of teams) t.equal(people.filter(({ place }) => place.contributing).length, 2);
  for (const person of teams[1]!) room.speakTo(person, [RED]);
  room.run(60);
  t.equal(teams.flat().filter(({ place }) => place.contributing).length, 2, 'all of them compete in one channel now');
});

test('in a room of two parts, nobody in the other part hears a team, not even with a gain for its speaker', async (t) => {
  const [own, other] = [createSharedMix(0), createSharedMix(1)];
  const [here, there] = [plainRoom(), plainRoom()];
  here.room.mixer.setLink(new SharedMixLink(own, [other], here.room.pool.kernels));
  there.room.mixer.setLink(new SharedMixLink(other, [own], there.room.pool.kernels));
  const [talker, mate] = [here.room.join(toneOf(1), { channels: [ROOM, RED] }), here.room.join(toneOf(2))];
  const listener = there.room.join(toneOf(3));
  there.room.hear(listener, new Map([[talker, 2]]));
  talker.talking = true;
  const run = (ticks: number) => {
    for (let i = 0; i < ticks; i++) for (const { room } of [here, there]) room.run();
  };
  here.room.speakTo(talker, [RED]);
  run(40);
  const isSilence = () => [SILENCE_PACKET, SILENCE_REFRESH_PACKET].includes(listener.written.at(-1)!.payload);
  t.ok(isSilence());
  here.room.speakTo(talker, [ROOM]);
  run(20);
  t.notOk(isSilence(), 'the room is heard');
  here.room.speakTo(talker, [RED], [mate]);
  run(20);
  t.ok(isSilence());
  // Now the sum of the other part has something in it, so its single voices are read, too.
  mate.talking = true;
  run(60);
  const sound = concatInt16(listener.written.slice(-20).map(({ payload }) => there.codec.decode(payload)));
  const [talkerDbfs, mateDbfs] = [1, 2].map((index) => toneLevelDbfs(sound, frequencyOf(index)));
  t.ok(mateDbfs! > -45 && talkerDbfs! < -60, `${talkerDbfs} and ${mateDbfs} dBFS`);
});

import fc from 'fast-check';
import { test } from 'tap';
import { SILENCE_PACKET } from '../../../src/formats/opus-packet.ts';
import { opusCodec } from '../../../src/mixer/codec/opus.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { Hearing } from '../../../src/mixer/mix/hearing.ts';
import { cases } from '../../helpers/cases.ts';
import { complaint, runAtRandom } from '../../helpers/mix-check.ts';
import { createFrameDecoder } from '../../helpers/opus.ts';
import { type Person, Room } from '../../helpers/perfect-room.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { createPrng } from '../../helpers/prng.ts';
import { createSharedEncoder } from '../../helpers/shared-encoder.ts';
import { clickRatio, concatInt16, sharedTone, toneLevelDbfs } from '../../helpers/signal.ts';

const SEED = Number(process.env['SEED'] ?? 1712);
const GAINS = [0, 0.25, 0.5, 1, 1.5, 2];

function plainRoom() {
  const codec = new PlainCodec();
  return { codec, room: new Room(codec, (frame) => codec.encode(frame)) };
}

const toneOf = (index: number, amplitude = 0.03) =>
  sharedTone({ frequencyHz: 350 + 150 * index, samples: 48_000, amplitude });

test('a gain takes one frame to apply, and a gain of 1 is forgotten then', (t) => {
  const hearing = new Hearing();
  t.ok(hearing.isPlain);
  hearing.set(new Map([[7, 0.5]]));
  t.match(hearing.gainOf(7), { from: 1, to: 0.5 });
  hearing.endFrame();
  t.match(hearing.gainOf(7), { from: 0.5, to: 0.5 });
  hearing.set(new Map([[8, 2]]));
  t.match(hearing.gainOf(7), { from: 0.5, to: 1 }, 'voices that are not named go back');
  t.match(hearing.gainOf(8), { from: 1, to: 2 });
  hearing.endFrame();
  t.equal(hearing.gainOf(7), undefined);
  hearing.set(new Map());
  hearing.endFrame();
  t.ok(hearing.isPlain);
  t.end();
});

test('for any talk, gains, mutes, joins and leaves, everybody hears the sum of gain times voice of the others', async (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 2, max: 8 }), (salt, size) => {
      const prng = createPrng(salt);
      const anyOf = <T>(items: readonly T[]) => items[Math.floor(prng() * items.length)]!;
      const { codec, room } = plainRoom();
      let joined = 0;
      const join = () => room.join(toneOf(joined++ % 12));
      for (let i = 0; i < size; i++) join();
      runAtRandom({
        room,
        codec,
        prng,
        join,
        change: (person) => {
          if (prng() >= 0.03) return;
          const others = room.people.filter((other) => prng() < 0.5 && other !== person);
          room.hear(person, new Map(others.map((other) => [other, anyOf(GAINS)])));
        },
      });
      return room.pool.encodersInUse === 0 && room.pool.decodersInUse === 0;
    }),
    { seed: SEED, numRuns: cases(7) },
  );
  t.pass();
});

/** A room encoded with Opus. `people` talk at different frequencies. */
function opusRoom(people: number) {
  const encoders = new Map<Person, (pcm: Int16Array) => Uint8Array>();
  const room = new Room(opusCodec, (frame, person) => {
    if (!encoders.has(person)) encoders.set(person, createSharedEncoder());
    return encoders.get(person)!(frame);
  });
  return { room, people: Array.from({ length: people }, (_, i) => room.join(toneOf(3 * i, 0.1))) };
}

/** The last `frames` packets, as this listener's decoder decodes them. */
function heardBy({ written }: Person, frames: number): Int16Array {
  const decode = createFrameDecoder();
  return concatInt16(written.map(({ payload }) => Int16Array.from(decode(payload))).slice(-frames));
}

test('a voice that is turned off is not in the packets at all, bit for bit', async (t) => {
  const packets = [true, false].map((hasVoice) => {
    const { room, people } = opusRoom(4);
    const [listener, talker, , off] = people as [Person, Person, Person, Person];
    // The same other people have their own gain in both rooms, so both listeners get a separate mix.
    room.hear(
      listener,
      new Map([
        [off, 0],
        [talker, 0.5],
      ]),
    );
    for (let tick = 0; tick < 150; tick++) {
      talker.talking = tick > 10;
      people[2]!.talking = tick > 60;
      off.talking = hasVoice && tick > 30 && tick % 50 < 40;
      room.run();
    }
    return listener.written.map(({ payload, timestamp }) => ({
      payload: Buffer.from(payload).toString('hex'),
      timestamp,
    }));
  });
  t.ok(packets[0]!.length > 100);
  t.strictSame(packets[0], packets[1]);
});

test('a gain changes one voice for one listener, by the requested amount', async (t) => {
  for (const gain of [0.25, 0.5, 2]) {
    const { room, people } = opusRoom(4);
    const [listener, changed, other, bystander] = people as [Person, Person, Person, Person];
    for (const person of [changed, other]) person.talking = true;
    room.run(100);
    room.hear(listener, new Map([[changed, gain]]));
    room.run(150);
    const levels = (person: Person) => [3, 6].map((tone) => toneLevelDbfs(heardBy(person, 100), 350 + 150 * tone));
    const [mine, theirs] = [levels(listener), levels(bystander)];
    t.ok(Math.abs(mine[0]! - theirs[0]! - 20 * Math.log10(gain)) < 0.5, `${gain}: ${mine[0]! - theirs[0]!} dB`);
    t.ok(Math.abs(mine[1]! - theirs[1]!) < 0.5, `the other voice: ${mine[1]! - theirs[1]!} dB`);
    t.ok(toneLevelDbfs(heardBy(changed, 100), 350 + 150 * 3) < -65, 'nobody hears themselves');
  }
});

test('a listener whose only voice is turned off gets silence, and no encoder runs for them', async (t) => {
  const { codec, room } = plainRoom();
  const [listener, talker] = [room.join(toneOf(0)), room.join(toneOf(1))];
  talker.talking = true;
  room.run(20);
  room.hear(listener, new Map([[talker, 0]]));
  room.run(1);
  const fading = codec.decode(listener.written.at(-1)!.payload);
  t.ok(fading.some((sample) => sample !== 0) && Math.abs(fading.at(-1)!) < 5, 'the audible voice fades over one frame');
  const encodedBefore = room.pool.counters.framesEncoded;
  room.run(10);
  t.equal(listener.written.at(-1)!.payload, SILENCE_PACKET);
  t.equal(room.pool.counters.framesEncoded, encodedBefore);
  room.hear(listener, new Map());
  room.run(30);
  t.equal(complaint(room, listener, codec), undefined);
});

test('gains for silent participants cost nothing, and everybody shares one encoder', async (t) => {
  const { room } = plainRoom();
  const people = Array.from({ length: 100 }, (_, i) => room.join(toneOf(i % 12)));
  for (const [i, person] of people.entries())
    room.hear(person, new Map(people.slice(10 * (i % 9), 10 * (i % 9) + 10).map((silent) => [silent, 0.5])));
  people[99]!.talking = true;
  room.run(50);
  t.equal(room.pool.encodersInUse, 1);
  t.equal(room.pool.counters.framesPrimed, 0);
});

test('gain changes cause no clicks, even when the change creates a separate mix', async (t) => {
  const { codec, room } = plainRoom();
  const listener = room.join(toneOf(0));
  const [loud, other] = [
    room.join(sharedTone({ frequencyHz: 1013, samples: 48_000, amplitude: 0.3 })),
    room.join(toneOf(7)),
  ];
  for (const person of [loud, other]) person.talking = true;
  room.run(50);
  const steady = listener.written.length;
  for (const gain of [0.2, 2, 0, 1, 0.5, 1]) {
    room.hear(listener, new Map([[loud, gain]]));
    room.run(20);
  }
  const sound = concatInt16(listener.written.map(({ payload }) => codec.decode(payload)));
  const from = (steady - 20) * FRAME_SAMPLES;
  const reference = concatInt16([loud.sound, loud.sound].map((samples) => samples.map((sample) => 2 * sample)));
  t.ok(clickRatio(sound, from, sound.length, reference) < 1.2);
});

test('gains that a listener brings along are theirs from the first frame on, except those of 1', (t) => {
  const hearing = new Hearing(
    new Map([
      [1, 0],
      [2, 1],
      [3, 2],
    ]),
  );
  t.strictSame(
    [1, 2, 3].map((voice) => hearing.gainOf(voice)),
    [{ from: 0, to: 0 }, undefined, { from: 2, to: 2 }],
  );
  t.notOk(hearing.isPlain);
  t.ok(new Hearing(new Map([[2, 1]])).isPlain && new Hearing().isPlain);
  t.end();
});

test('a gain that is no longer listed goes back to 1 over a frame, and is forgotten after it', (t) => {
  const hearing = new Hearing(new Map([[1, 0.5]]));
  hearing.set(new Map([[2, 0.25]]));
  t.strictSame(
    [hearing.gainOf(1), hearing.gainOf(2)],
    [
      { from: 0.5, to: 1 },
      { from: 1, to: 0.25 },
    ],
  );
  hearing.endFrame();
  t.strictSame([hearing.gainOf(1), hearing.gainOf(2)], [undefined, { from: 0.25, to: 0.25 }]);
  hearing.endFrame();
  t.strictSame(hearing.gainOf(2), { from: 0.25, to: 0.25 });
  hearing.set(new Map());
  hearing.endFrame();
  t.ok(hearing.isPlain);
  t.end();
});

import fc from 'fast-check';
import { test } from 'tap';
import { SILENCE_PACKET, SILENCE_REFRESH_PACKET } from '../../../src/formats/opus-packet.ts';
import type { Codec, Encoder } from '../../../src/mixer/codec/codec.ts';
import { opusCodec } from '../../../src/mixer/codec/opus.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../../../src/mixer/format.ts';
import { type Person, Room, type Written } from '../../helpers/perfect-room.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { createPrng } from '../../helpers/prng.ts';
import { clickRatio, concatInt16, toInt16, tone } from '../../helpers/signal.ts';
import { voiced } from '../../helpers/voiced.ts';

const SEED = Number(process.env['SEED'] ?? 4106);

function plainRoom({ levelling = false } = {}) {
  const codec = new PlainCodec();
  return { codec, room: new Room(codec, (frame) => codec.encode(frame), { levelling }) };
}

const toneOf = (index: number, amplitude = 0.05) =>
  toInt16(tone({ frequencyHz: 350 + 150 * index, samples: 48_000, amplitude }));

/** Largest deviation from `sum * (a + b * i)` for the best a and b, and the gains at both ends of the frame. */
function fitGain(heard: Int16Array, sum: Float32Array): { deviation: number; from: number; to: number } {
  let [ss, sis, iisis, hs, his] = [0, 0, 0, 0, 0];
  for (let i = 0; i < FRAME_SAMPLES; i++) {
    const x = sum[i]!;
    const xi = x * (i / FRAME_SAMPLES);
    ss += x * x;
    sis += x * xi;
    iisis += xi * xi;
    hs += heard[i]! * x;
    his += heard[i]! * xi;
  }
  const determinant = ss * iisis - sis * sis || 1;
  const a = (hs * iisis - his * sis) / determinant;
  const b = (ss * his - sis * hs) / determinant;
  let deviation = 0;
  for (let i = 0; i < FRAME_SAMPLES; i++) {
    deviation = Math.max(deviation, Math.abs(heard[i]! - sum[i]! * (a + b * (i / FRAME_SAMPLES))));
  }
  return { deviation, from: a, to: a + b };
}

const endsSilent = (frame: Int16Array) => frame.subarray(-100).every((sample) => sample === 0);

/**
 * What this listener's packet of this tick holds, checked against the sum of the others; undefined if as it should be.
 * @param deafenedNow since this tick, in which what they hear may fade
 */
function complaint(room: Room, listener: Person, codec: PlainCodec, deafenedNow = false): string | undefined {
  const sum = new Float32Array(FRAME_SAMPLES);
  let others = 0;
  for (const person of room.people) {
    if (person === listener || !person.contributes) continue;
    others++;
    for (let i = 0; i < FRAME_SAMPLES; i++) sum[i]! += person.twin.frame.samples[i]!;
  }
  const last = listener.written.at(-1);
  const packet = last?.tick === room.tick - 1 ? last.payload : undefined;
  const silent = packet === undefined || packet === SILENCE_PACKET || packet === SILENCE_REFRESH_PACKET;
  if (others === 0 || listener.place.deafened) {
    if (silent || (deafenedNow && endsSilent(codec.decode(packet)))) return undefined;
    return 'sound where silence belongs';
  }
  if (silent) return 'silence where sound belongs';
  const { deviation, from, to } = fitGain(codec.decode(packet), sum);
  const least = Math.sqrt(2 / Math.max(2, room.people.length)) - 0.01;
  if (deviation > 1.01) return `off by ${deviation}`;
  return from <= 1.01 && to <= 1.01 && to >= least && from >= -0.01 ? undefined : `gain from ${from} to ${to}`;
}

test('for any talk, mutes, deafens, joins and leaves everybody hears the sum of the others and never themselves', async (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 2, max: 9 }), fc.boolean(), (salt, size, levelling) => {
      const prng = createPrng(salt);
      const { codec, room } = plainRoom({ levelling });
      let joined = 0;
      const join = () => room.join(toneOf(joined++ % 12), { muted: prng() < 0.1, deafened: prng() < 0.1 });
      for (let i = 0; i < size; i++) join();
      // A leaver's last frame sounds on for one tick without a twin to compare with.
      let unknown = 0;
      for (let tick = 0; tick < 200; tick++) {
        const deafenedBefore = new Set(room.people.filter(({ place }) => place.deafened));
        for (const person of [...room.people]) {
          if (prng() < 0.03) person.talking = !person.talking;
          if (prng() < 0.01) room.mute(person, !person.muted);
          if (prng() < 0.01) room.mixer.setDeafened(person.participant, !person.place.deafened);
          if (prng() < 0.002 && room.people.length > 2) {
            room.leave(person);
            unknown = 2;
          }
        }
        if (prng() < 0.01) join();
        room.run();
        if (unknown-- > 0) continue;
        for (const listener of room.people) {
          const wrong = complaint(room, listener, codec, !deafenedBefore.has(listener));
          if (wrong !== undefined) throw new Error(`tick ${tick}, ${room.people.length} people: ${wrong}`);
        }
      }
      room.mixer.close();
      return room.pool.encodersInUse === 0 && room.pool.decodersInUse === 0;
    }),
    { seed: SEED, numRuns: 30 },
  );
  t.pass();
});

test('with a steady number of talkers the headroom gain is the one that belongs to that number', async (t) => {
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

test('nobody hears a click when a voice is muted, unmuted, joins, leaves, or its listener is deafened for a while', async (t) => {
  const { codec, room } = plainRoom();
  // A tone that does not come back to where it was after a frame.
  const loud = toInt16(tone({ frequencyHz: 1013, samples: 48_000, amplitude: 0.3 }));
  const other = toInt16(tone({ frequencyHz: 1500, samples: 48_000, amplitude: 0.1 }));
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
    ['who joined late', late],
  ] as const) {
    // Everybody comes from silence.
    const frames = person.written.map(({ payload }) => codec.decode(payload));
    const heard = concatInt16([new Int16Array(FRAME_SAMPLES), ...frames]);
    const reference = concatInt16([toInt16(tone({ frequencyHz: 1013, samples: 9600, amplitude: 0.3 }))]);
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

test('with two or more talkers and listeners every tick encodes one packet per talker and one more', async (t) => {
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

test('who has spoken keeps an own encoder until ten frames of the same sound have passed', async (t) => {
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

test('who begins to speak among many hears them on as loud as before, from the first sample', async (t) => {
  const { codec, room } = plainRoom();
  const people = Array.from({ length: 6 }, (_, i) => room.join(toneOf(i)));
  for (const person of people.slice(0, 4)) person.talking = true;
  room.run(100);
  // Two at once: the gain of the shared mix moves in the very tick of the hand-over.
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

test('when nobody talks there is no encoder: three silence packets, then one every 400 ms', async (t) => {
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

test('timestamps belong to ticks, skipped ticks and the wrap of 2^32 included; the marker is set after silence', async (t) => {
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

test('who leaves in mid-word gets no more packets, and all they used goes back', async (t) => {
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
  t.equal(room.pool.encodersInUse, 2, 'two talkers, nobody who only listens');
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
  t.same(running, [10, ...Array(12).fill(5)], 'of the listener, and of each talker');
  for (const person of people) person.talking = false;
  room.run(80);
  t.equal(room.pool.encodersInUse, 0);
});

test('with real Opus the talker goes from shared to own and back without a click, a gap or themselves', async (t) => {
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
  // Others keep talking, c says three short things.
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
  t.ok(ratio < 1.2, `no sharper than the voices themselves: ${ratio.toFixed(2)}`);
  t.equal(c!.written.at(-1)!.payload, listener!.written.at(-1)!.payload, 'back to the shared stream');
  t.equal(room.pool.encodersInUse, 3);
});

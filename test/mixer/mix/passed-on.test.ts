import fc from 'fast-check';
import { type Test, test } from 'tap';
import { SILENCE_PACKET, SILENCE_REFRESH_PACKET } from '../../../src/formats/opus-packet.ts';
import { opusCodec } from '../../../src/mixer/codec/opus.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import type { MixLink } from '../../../src/mixer/mix/mix-link.ts';
import { createStanding } from '../../../src/mixer/source/talker-places.ts';
import { cases } from '../../helpers/cases.ts';
import { type Person, Room, type Written } from '../../helpers/perfect-room.ts';
import { createPrng } from '../../helpers/prng.ts';
import { createSharedEncoder } from '../../helpers/shared-encoder.ts';
import { concatInt16, maxSecondDifference, rmsDbfs, sharedTone, toInt16, toneLevelDbfs } from '../../helpers/signal.ts';
import { voiced } from '../../helpers/voiced.ts';

const SEED = Number(process.env['SEED'] ?? 6206);
const SECONDS = 4;
const VOICES = [21, 22, 23].map((seed) => toInt16(voiced(seed, SECONDS)));
/** More than the hangover of the voice activity. */
const PAUSE_TICKS = 40;
/** The jitter buffer holds every packet for one tick. */
const DELAY_TICKS = 1;

type Encode = (frame: Int16Array) => Uint8Array;

/** Hybrid, as a browser's for real speech; at a higher complexity, libopus might take the synthetic voice for music. */
const browserEncoder = () => createSharedEncoder({ complexity: 3 });

interface Rooms {
  readonly room: Room;
  /** The packets that each person sent. */
  readonly sent: Map<Person, Uint8Array[]>;
}

/** A room in which everyone sends what a browser sends, or what `encoderOf` makes. */
function browserRoom(levelling = false, encoderOf: (person: Person) => Encode = browserEncoder): Rooms {
  const encoders = new Map<Person, Encode>();
  const sent = new Map<Person, Uint8Array[]>();
  const room = new Room(
    opusCodec,
    (frame, person) => {
      const encode = encoders.get(person) ?? encoderOf(person);
      encoders.set(person, encode);
      person.levelDbov = Math.max(-127, Math.min(0, Math.round(rmsDbfs(frame))));
      const payload = Uint8Array.from(encode(frame));
      const packets = sent.get(person) ?? [];
      packets.push(payload);
      sent.set(person, packets);
      return payload;
    },
    { levelling },
  );
  return { room, sent };
}

function meeting(size: number, options?: Parameters<typeof browserRoom>[0], encoderOf?: (person: Person) => Encode) {
  const { room, sent } = browserRoom(options, encoderOf);
  const people = Array.from({ length: size }, (_, i) => room.join(VOICES[i % VOICES.length]!));
  const [talker, second, ...listeners] = people as [Person, Person, ...Person[]];
  return { room, sent, talker, second, listeners, people };
}

const isSilence = ({ payload }: Written) => payload === SILENCE_PACKET || payload === SILENCE_REFRESH_PACKET;
const sounds = ({ written }: Person) => written.filter((packet) => !isSilence(packet));
const isFrom = (packet: Written | undefined, sender: Person, sent: Map<Person, Uint8Array[]>) =>
  packet !== undefined && sent.get(sender)!.includes(packet.payload);

test('a lone talker costs no encoding and hardly any decoding: everyone is sent the very same packets', async (t) => {
  for (const levelling of [false, true]) {
    const { room, sent, talker, second, listeners } = meeting(5, levelling);
    room.run(10);
    talker.talking = true;
    room.run(150);
    const { framesEncoded, framesPrimed, framesDecoded, framesPassed, packetsChecked } = room.pool.counters;
    t.strictSame(
      { framesEncoded, framesPrimed, framesDecoded },
      { framesEncoded: 0, framesPrimed: 0, framesDecoded: 0 },
    );
    t.ok(framesPassed > 140, `${framesPassed} packets passed on`);
    t.ok(packetsChecked > 0 && packetsChecked < 10, `${packetsChecked} packets checked`);
    t.equal(room.pool.decodersInUse + room.pool.encodersInUse, 0);
    for (const listener of [second, ...listeners]) {
      const heard = sounds(listener);
      t.ok(heard.length > 140);
      t.ok(
        heard.every((packet) => isFrom(packet, talker, sent)),
        'nothing else',
      );
      t.strictSame(
        heard.map(({ marker }) => marker),
        heard.map((_, i) => i === 0),
        'one talkspurt',
      );
      t.ok(heard.every(({ timestamp }, i) => i === 0 || timestamp === heard[i - 1]!.timestamp + FRAME_SAMPLES));
    }
    t.equal(sounds(talker).length, 0, 'the talker hears silence');
    t.notOk(talker.place.source.frame, 'no frame is taken');
  }
});

test('a packet is passed on in the tick in which it would have been decoded', async (t) => {
  const { room, sent, talker, second } = meeting(3);
  talker.talking = true;
  room.run(60);
  const packets = sent.get(talker)!;
  for (const { payload, tick } of sounds(second)) t.equal(packets.indexOf(payload) + DELAY_TICKS, tick);
});

test('when a second voice begins, everyone hears both in that very tick, and after a pause packets are passed on again', async (t) => {
  const { room, sent, talker, second, listeners } = meeting(4);
  talker.talking = true;
  room.run(60);
  second.talking = true;
  room.run(1 + DELAY_TICKS);
  for (const listener of listeners) {
    const last = listener.written.at(-1)!;
    t.notOk(isFrom(last, talker, sent) || isFrom(last, second, sent) || isSilence(last));
    t.equal(last.tick, 60 + DELAY_TICKS);
    t.notOk(last.marker);
  }
  t.equal(room.pool.counters.framesEncoded, 3, 'one for all listeners, one for each talker');
  t.equal(room.pool.counters.framesPrimed, 0);
  room.run(50);
  t.notOk(
    sounds(listeners[0]!)
      .slice(-50)
      .some((packet) => isFrom(packet, talker, sent)),
  );
  second.talking = false;
  room.run(PAUSE_TICKS);
  t.notOk(isFrom(listeners[0]!.written.at(-1), talker, sent), 'not in the middle of a sentence');
  talker.talking = false;
  room.run(PAUSE_TICKS);
  t.ok(isSilence(listeners[0]!.written.at(-1)!));
  second.talking = true;
  room.run(30);
  for (const listener of [...listeners, talker]) t.ok(isFrom(listener.written.at(-1), second, sent));
});

test('two voices that begin together are mixed from the first frame on', async (t) => {
  const { room, sent, talker, second, listeners } = meeting(3);
  talker.talking = true;
  second.talking = true;
  room.run(30);
  t.equal(room.pool.counters.framesPassed, 0);
  t.equal(sounds(listeners[0]!)[0]!.tick, DELAY_TICKS);
  t.notOk(sounds(listeners[0]!).some((packet) => isFrom(packet, talker, sent)));
});

test('nobody hears a lone talker any longer who is muted or leaves, and nothing is encoded for that', async (t) => {
  for (const end of ['mute', 'leave', 'move'] as const) {
    const { room, talker, second, listeners } = meeting(3);
    talker.talking = true;
    room.run(60);
    if (end === 'mute') room.mute(talker, true);
    else if (end === 'leave') room.leave(talker);
    else room.move(talker, browserRoom().room);
    room.run(1);
    for (const listener of [second, ...listeners]) t.ok(isSilence(listener.written.at(-1)!), end);
    room.run(40);
    const { framesEncoded, framesDecoded } = room.pool.counters;
    t.strictSame([framesEncoded, framesDecoded], [0, 0]);
    t.equal(room.pool.decodersInUse, 0);
    t.equal(sounds(second).at(-1)!.tick, 59);
  }
});

test('a listener who is deafened hears silence at once, and the others hear the same packets as before', async (t) => {
  const { room, sent, talker, second, listeners } = meeting(4);
  talker.talking = true;
  room.run(60);
  room.mixer.setDeafened(second.participant, true);
  room.run(20);
  t.equal(sounds(second).at(-1)!.tick, 59);
  t.equal(room.pool.counters.framesEncoded, 0);
  room.mixer.setDeafened(second.participant, false);
  room.run(1);
  const first = second.written.at(-1)!;
  t.ok(first.marker && !isFrom(first, talker, sent), 'comes back in the middle of a word, in a mix that fades in');
  for (const listener of listeners) t.ok(isFrom(listener.written.at(-1), talker, sent));
  t.equal(room.pool.counters.framesEncoded, 1);
});

test('a listener with a gain of their own hears it, and the others the packets; afterwards nobody stays behind', async (t) => {
  const { room, sent, talker, second, listeners } = meeting(4);
  const [third] = listeners as [Person];
  talker.talking = true;
  room.run(60);
  room.hear(second, new Map([[talker, 0.5]]));
  room.run(30);
  t.notOk(
    sounds(second)
      .slice(-30)
      .some((packet) => isFrom(packet, talker, sent)),
  );
  t.ok(sounds(third).every((packet) => isFrom(packet, talker, sent)));
  t.equal(room.pool.counters.framesEncoded, 30);
  room.hear(third, new Map([[talker, 0]]));
  room.run(3);
  t.ok(isSilence(third.written.at(-1)!), 'a voice that is turned off');
  room.hear(second, new Map());
  room.hear(third, new Map());
  room.run(30);
  talker.talking = false;
  room.run(PAUSE_TICKS);
  talker.talking = true;
  room.run(30);
  for (const listener of [second, ...listeners]) t.ok(isFrom(listener.written.at(-1), talker, sent));
});

test('someone who joins in the middle of a word gets a mix that fades in, and a room in several workers mixes', async (t) => {
  const { room, sent, talker, second } = meeting(3);
  talker.talking = true;
  room.run(60);
  const late = room.join(VOICES[1]!);
  room.run(30);
  t.notOk(isFrom(late.written.at(-1), talker, sent));
  t.ok(isFrom(second.written.at(-1), talker, sent));
  const heard = decode(late.written).subarray(late.written[0]!.tick * FRAME_SAMPLES);
  t.ok(rmsDbfs(heard.subarray(0, 120)) < rmsDbfs(heard.subarray(FRAME_SAMPLES, 5 * FRAME_SAMPLES)) - 12);
  room.mixer.setLink(emptyLink());
  room.run(1);
  t.notOk(isFrom(second.written.at(-1), talker, sent) || isSilence(second.written.at(-1)!));
});

test('receivers conceal one or two missing frames; beyond that we do, and fade', async (t) => {
  for (const [missing, isBridged] of [
    [1, true],
    [2, true],
    [3, false],
  ] as const) {
    const { room, sent, talker, second } = meeting(3);
    talker.talking = true;
    room.run(60);
    talker.talking = false;
    for (let n = 0; n < missing; n++) {
      room.run(1);
      talker.sequenceNumber++;
    }
    talker.talking = true;
    room.run(20);
    const { framesConcealed, framesEncoded } = room.pool.counters;
    const gap = second.written.filter(({ tick }) => tick > 60 && tick <= 60 + Math.min(2, missing));
    t.equal(gap.length, 0, 'nothing is sent in place of the missing packets');
    if (isBridged) {
      t.strictSame([framesConcealed, framesEncoded], [0, 0]);
      t.ok(second.written.filter(({ tick }) => tick > 63).every((packet) => isFrom(packet, talker, sent)));
      t.notOk(sounds(second).at(-10)!.marker, 'no new talkspurt');
    } else {
      t.ok(framesConcealed > 0 && framesEncoded > 15);
    }
  }
});

test('a talker whose level is corrected is decoded, until they are close to the target', async (t) => {
  const { room, talker } = meeting(3, true);
  const loud = room.join(VOICES[0]!.map((sample) => 1.9 * sample));
  talker.talking = true;
  room.run(150);
  t.equal(room.pool.counters.framesEncoded, 0);
  talker.talking = false;
  room.run(PAUSE_TICKS);
  loud.talking = true;
  room.run(150);
  const { framesEncoded, framesPassed } = room.pool.counters;
  t.ok(framesEncoded > 100, `${framesEncoded} frames encoded`);
  t.ok(framesPassed > 150);
});

/** Packets that nobody may be sent, in the place of those of a browser. */
const UNFIT: readonly (readonly [string, (packet: Uint8Array) => Uint8Array])[] = [
  ['CELT', (packet) => withToc(packet, 31, 0, 0)],
  ['stereo', (packet) => withToc(packet, 15, 4, 0)],
  ['10 ms', (packet) => withToc(packet, 14, 0, 0)],
  [
    '40 ms in two frames',
    (packet) => Uint8Array.of(...withToc(packet, 15, 0, 1), ...(packet.length % 2 === 0 ? [0] : [])),
  ],
  ['padding', (packet) => Uint8Array.of((15 << 3) | 3, 0x41, 4, ...packet.subarray(1), 1, 2, 3, 4)],
  ['more than the mix has', (packet) => Uint8Array.of(...packet, ...new Uint8Array(250))],
];

function withToc(packet: Uint8Array, config: number, stereo: number, code: number): Uint8Array {
  return Uint8Array.of((config << 3) | stereo | code, ...packet.subarray(1));
}

test('nobody is sent packets that are not plain speech, however they alternate with others', async (t) => {
  for (const [what, spoil] of UNFIT) {
    const spoilt = new Set<string>();
    let n = 0;
    const { room, talker, second } = meeting(2, false, () => {
      const encode = browserEncoder();
      return (frame) => {
        const packet = Uint8Array.from(encode(frame));
        if (++n <= 40 || n % 3 !== 0) return packet;
        const bad = spoil(packet);
        spoilt.add(bad.join());
        return bad;
      };
    });
    talker.talking = true;
    room.run(40);
    t.ok(room.pool.counters.framesPassed > 30, what);
    const { framesPassed } = room.pool.counters;
    room.run(60);
    t.ok(room.pool.counters.framesPassed < framesPassed + 4, `${what}: the talker is decoded from then on`);
    for (const { payload } of second.written) if (spoilt.has(payload.join())) t.fail(`${what} was passed on`);
  }
});

test('a sender whose packets are large in the mean is decoded', async (t) => {
  const { room, talker, second } = meeting(2, false, () => {
    const encode = browserEncoder();
    // Bytes behind the end of the range coder's data do not change the sound.
    return (frame) => Uint8Array.of(...encode(frame), ...new Uint8Array(100));
  });
  talker.talking = true;
  room.run(150);
  const bytes = sounds(second).reduce((sum, { payload }) => sum + payload.length, 0);
  t.ok(bytes / sounds(second).length < 150, `${bytes / sounds(second).length} bytes a packet`);
  t.ok(room.pool.counters.framesEncoded > 80);
});

test('false levels are noticed although packets are passed on, and from then on that voice is decoded', async (t) => {
  for (const claimedDbov of [-45, -5, 0]) {
    let isHonest = true;
    const { room, talker } = meeting(3, true, (person) => {
      const encode = browserEncoder();
      return (frame) => {
        if (!isHonest) person.levelDbov = claimedDbov;
        return encode(frame);
      };
    });
    const decoded = () => room.pool.counters.framesDecoded;
    const run = (ticks: number, honest: boolean) => {
      isHonest = honest;
      talker.talking = true;
      room.run(ticks);
    };
    run(100, true);
    t.equal(decoded(), 0);
    run(130, false);
    t.ok(decoded() > 10, `claims of ${claimedDbov} dBov are noticed within two seconds`);
    const before = decoded();
    run(100, false);
    talker.talking = false;
    room.run(PAUSE_TICKS);
    run(50, true);
    t.ok(decoded() - before > 120, 'for good');
  }
});

test('hand-overs from packets of a browser to a mix are as smooth as the voice itself', async (t) => {
  t.comment(`SEED=${SEED}`);
  const clicks = { natural: [] as number[], start: [] as number[], end: [] as number[] };
  for (let at = 30; at < 190; at += 5) {
    const { room, sent, talker, listeners } = meeting(3);
    talker.talking = true;
    room.run(at);
    // From now on the room mixes, although nobody else speaks: every difference is due to the hand-over.
    room.mixer.setLink(emptyLink());
    room.run(4);
    const heard = decode(listeners[0]!.written);
    const whole = decode(sent.get(talker)!.map((payload, tick) => ({ payload, tick })));
    const loudest = maxSecondDifference(whole, (at - 3) * FRAME_SAMPLES, (at + 3) * FRAME_SAMPLES);
    if (rmsDbfs(whole.subarray(at * FRAME_SAMPLES, (at + 1) * FRAME_SAMPLES)) < -35) continue;
    const clickDb = (sound: Int16Array) =>
      20 * Math.log10(maxSecondDifference(sound, at * FRAME_SAMPLES - 120, at * FRAME_SAMPLES + 480) / loudest);
    clicks.natural.push(clickDb(whole));
    clicks.start.push(clickDb(heard));
    const muted = meeting(2);
    muted.talker.talking = true;
    muted.room.run(at);
    muted.room.mute(muted.talker, true);
    muted.room.run(2);
    clicks.end.push(clickDb(decode(muted.second.written)));
  }
  const quantile = (values: number[], share: number) =>
    values.toSorted((a, b) => a - b)[Math.floor(share * values.length)]!;
  const figures = (values: number[]) => [0.5, 0.9].map((share) => quantile(values, share).toFixed(1)).join(' and ');
  t.comment(
    `50 and 90 %: the voice itself ${figures(clicks.natural)} dB, to a mix ${figures(clicks.start)}, to silence ${figures(clicks.end)}`,
  );
  t.ok(clicks.natural.length > 20);
  for (const change of [clicks.start, clicks.end]) {
    t.ok(quantile(change, 0.9) <= quantile(clicks.natural, 0.9) + 1);
  }
});

/** As if the room were in several workers, with nobody elsewhere. */
function emptyLink(): MixLink {
  return {
    publish: () => {},
    targeted: () => [],
    add: () => 0,
    touches: () => false,
    heardBy: () => 'nothing',
    addFor: () => 0,
    standings: () => [createStanding()],
    position: 0,
  };
}

/** What a listener hears from tick 0 on. */
function decode(packets: readonly Pick<Written, 'payload' | 'tick'>[]): Int16Array {
  const decoder = opusCodec.createDecoder();
  const frames: Int16Array[] = [];
  for (const { payload, tick } of packets) {
    while (frames.length < tick) frames.push(new Int16Array(FRAME_SAMPLES));
    frames.push(decoder.decode(payload)!.slice());
  }
  return concatInt16(frames);
}

const WINDOW_TICKS = 10;

/** Two rooms in which the same happens, of which one never passes packets on. */
function compareRooms(t: Test, salt: number, size: number): void {
  const prng = createPrng(salt);
  const frequencies = Array.from({ length: size }, (_, i) => 500 + 170 * i);
  const rooms = [browserRoom().room, browserRoom().room];
  rooms[1]!.mixer.setLink(emptyLink());
  const groups = rooms.map((room) =>
    frequencies.map((frequencyHz) => room.join(sharedTone({ frequencyHz, samples: 48_000, amplitude: 0.1 }))),
  );
  const changedAt = new Array<number>(size).fill(0);
  const talked = Array.from({ length: size }, () => [] as boolean[]);
  const deafened = new Array<boolean>(size).fill(false);
  const ticks = 300;
  for (let tick = 0; tick < ticks; tick++) {
    for (let i = 0; i < size; i++) {
      const [talks, mutes, deafens] = [prng() < 0.02, prng() < 0.003, prng() < 0.003];
      for (const [r, room] of rooms.entries()) {
        const person = groups[r]![i]!;
        if (talks) person.talking = !person.talking;
        if (mutes) room.mute(person, !person.muted);
        if (deafens) room.mixer.setDeafened(person.participant, !person.place.deafened);
      }
      if (talks || mutes || deafens) changedAt[i] = tick;
      talked[i]!.push(groups[0]![i]!.talking && !groups[0]![i]!.muted);
      deafened[i] = groups[0]![i]!.place.deafened;
    }
    for (const room of rooms) room.run();
  }
  const [passed, mixed] = groups.map((people) => people.map(({ written }) => decode(written))) as [
    Int16Array[],
    Int16Array[],
  ];
  t.equal(rooms[1]!.pool.counters.framesPassed, 0);
  for (let listener = 0; listener < size; listener++) {
    const [a, b] = [passed[listener]!, mixed[listener]!];
    for (let tick = 0; tick + WINDOW_TICKS <= ticks; tick += WINDOW_TICKS) {
      const [from, to] = [tick * FRAME_SAMPLES, (tick + WINDOW_TICKS) * FRAME_SAMPLES];
      if (to > Math.min(a.length, b.length)) break;
      for (let voice = 0; voice < size; voice++) {
        const [one, other] = [a, b].map((sound) => toneLevelDbfs(sound.subarray(from, to), frequencies[voice]!));
        if (voice === listener && one! > -45) throw new Error(`${listener} hears themselves at ${one} dBFS`);
        const isSteady = talked[voice]!.slice(Math.max(0, tick - 20), tick + WINDOW_TICKS).every((talks) => talks);
        if (isSteady && other! > -45 && Math.abs(one! - other!) > 1.5)
          throw new Error(`tick ${tick}: ${listener} hears ${voice} at ${one} instead of ${other} dBFS`);
      }
    }
  }
}

test('for any talk, mutes and deafens, everybody hears everybody else as loudly as if nothing were passed on', async (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 2, max: 4 }), (salt, size) => compareRooms(t, salt, size)),
    { seed: SEED, numRuns: cases(3), endOnFailure: true },
  );
});

test('two talkers are mixed as soon as they speak at once, no matter who was first', async (t) => {
  const { room, sent, talker, second, listeners } = meeting(3);
  talker.talking = true;
  room.run(30);
  talker.talking = false;
  room.run(9);
  // The first talker has just stopped, and is looked at before the second one.
  second.talking = true;
  room.run(3);
  t.ok(isFrom(listeners[0]!.written.at(-1), second, sent));
  talker.talking = true;
  for (let tick = 0; tick < 10; tick++) {
    room.run(1);
    const last = listeners[0]!.written.at(-1);
    const isMixed = !isFrom(last, second, sent) && !isFrom(last, talker, sent);
    t.equal(isMixed, talker.place.contributing, `tick ${tick}`);
    if (isMixed) t.same([talker.place.source.passed, second.place.source.passed], [undefined, undefined]);
  }
  t.ok(talker.place.contributing);
});

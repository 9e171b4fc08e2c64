import { test } from 'tap';
import { opusCodec } from '../../../src/mixer/codec/opus.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { type Person, Room, type Written } from '../../helpers/perfect-room.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import {
  clickRatio,
  concatInt16,
  maxSecondDifference,
  rmsDbfs,
  toInt16,
  tone,
  toneLevelDbfs,
} from '../../helpers/signal.ts';
import { voiced } from '../../helpers/voiced.ts';

/** No tone has the same phase after a frame. */
const TONES_HZ = { mover: 1013, ada: 617, ben: 829, cy: 1227 } as const;
type Who = keyof typeof TONES_HZ;
const AMPLITUDE = 0.2;

const sineOf = (who: Who, samples = 48_000) => tone({ frequencyHz: TONES_HZ[who], samples, amplitude: AMPLITUDE });

function run(rooms: readonly Room[], ticks: number): void {
  for (let i = 0; i < ticks; i++) for (const room of rooms) room.run();
}

type Move = (red: Room, mover: Person, blue: Room) => Person;

const move: Move = (red, mover, blue) => red.move(mover, blue);

/** Out and in again, as it would be without any care. */
const cut: Move = (red, mover, blue) => {
  red.leave(mover);
  const { sequenceNumber, talking, sound, written } = mover;
  return Object.assign(blue.join(sound, { written }), { sequenceNumber, talking });
};

/** All talk, and one goes from Ada and Ben to Cy. */
function moveAmongTones(how: Move, blueFirst = false) {
  const codec = new PlainCodec();
  const [red, blue] = [
    new Room(codec, (frame) => codec.encode(frame)),
    new Room(codec, (frame) => codec.encode(frame)),
  ];
  const join = (room: Room, who: Who) => Object.assign(room.join(toInt16(sineOf(who))), { talking: true });
  const stay = { ada: join(red, 'ada'), ben: join(red, 'ben'), cy: join(blue, 'cy') };
  const before = join(red, 'mover');
  const rooms = blueFirst ? [blue, red] : [red, blue];
  run(rooms, 53);
  const people = { ...stay, mover: how(red, before, blue) };
  run(rooms, 40);
  const cy = sineOf('cy');
  const both = sineOf('mover').map((sample, i) => sample + cy[i]!);
  const hear = (who: Who) =>
    concatInt16([new Int16Array(FRAME_SAMPLES), ...people[who].written.map(({ payload }) => codec.decode(payload))]);
  return {
    people,
    clicks: (who: Who) => clickRatio(hear(who), 2, hear(who).length, both),
    hears: (who: Who) => {
      const end = hear(who).subarray(-9600);
      return (Object.keys(TONES_HZ) as Who[]).filter((other) => toneLevelDbfs(end, TONES_HZ[other]) > -60);
    },
  };
}

for (const blueFirst of [false, true]) {
  const order = blueFirst ? 'before' : 'after';
  test(`a moved participant and both rooms hear no click when the new room is mixed ${order} the old one`, async (t) => {
    const { people, clicks, hears } = moveAmongTones(move, blueFirst);
    for (const who of ['mover', 'ada', 'ben', 'cy'] as const) t.ok(clicks(who) < 1, `${who}: ${clicks(who)}`);
    t.same(hears('mover'), ['cy']);
    t.same(hears('ada'), ['ben']);
    t.same(hears('cy'), ['mover']);
    const { written } = people.mover;
    t.ok(
      written.every(({ timestamp }, i) => timestamp === (written[0]!.timestamp + i * FRAME_SAMPLES) >>> 0),
      'a packet in each tick, never two',
    );
    const without = moveAmongTones(cut).clicks('mover');
    t.ok(without > 1.5, `this measure detects a cut: ${without.toFixed(1)}`);
  });
}

/** With real Opus: from two talkers to two others, in mid-sentence. */
function moveAmongVoices(voices: readonly Int16Array[], point: number) {
  const encoders = new Map(voices.map((voice) => [voice, opusCodec.createEncoder()]));
  for (const encoder of encoders.values()) encoder.configure({ bitrate: 64_000, complexity: 5 });
  const newRoom = () => new Room(opusCodec, (frame, { sound }) => encoders.get(sound)!.encode(frame));
  const [red, blue] = [newRoom(), newRoom()];
  for (const [i, voice] of voices.slice(0, 4).entries()) (i < 2 ? red : blue).join(voice).talking = true;
  const listener = blue.join(voices[0]!);
  const before = red.join(voices[4]!);
  before.talking = true;
  run([red, blue], point);
  const mover = red.move(before, blue);
  run([red, blue], 10);
  const around = (sound: Int16Array, from: number, to: number) =>
    sound.subarray((point + from) * FRAME_SAMPLES, (point + to) * FRAME_SAMPLES);
  const sum = (...who: readonly number[]) =>
    around(
      voices[0]!.map((_, i) => who.reduce((total, one) => total + voices[one]![i]!, 0)),
      -4,
      8,
    );
  const sharpest = (person: Person) => maxSecondDifference(around(decode(person.written), -1, 6));
  return {
    mover: sharpest(mover) / Math.max(maxSecondDifference(sum(0, 1)), maxSecondDifference(sum(2, 3))),
    listener: sharpest(listener) / maxSecondDifference(sum(2, 3, 4)),
    louderDb: rmsDbfs(around(decode(listener.written), 0, 4)) - rmsDbfs(sum(2, 3, 4)),
  };
}

/** What was heard in each tick. */
function decode(written: readonly Written[]): Int16Array {
  const decoder = opusCodec.createDecoder();
  const heard = new Int16Array((written.at(-1)!.tick + 1) * FRAME_SAMPLES);
  for (const { tick, payload } of written) heard.set(decoder.decode(payload)!, tick * FRAME_SAMPLES);
  return heard;
}

test('with real Opus a move in mid-sentence is no sharper than the voices, and the one moved in is not louder than they are', async (t) => {
  const voices = [21, 22, 23, 24, 25].map((seed) => toInt16(voiced(seed, 3)));
  for (const point of [31, 58, 85, 112]) {
    const { mover, listener, louderDb } = moveAmongVoices(voices, point);
    t.ok(mover < 1.2, `the one moved: ${mover.toFixed(2)}`);
    t.ok(listener < 1.2, `the one already there: ${listener.toFixed(2)}`);
    t.ok(louderDb < 2, `${louderDb.toFixed(1)} dB in the first frames`);
  }
});

import { test } from 'tap';
import { DEFAULT_SPACE } from '../../../src/mixer/space/space-settings.ts';
import { type Person, Room } from '../../helpers/perfect-room.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { clickRatio, concatInt16, toInt16, tone, toneLevelDbfs } from '../../helpers/signal.ts';
import { World } from '../../helpers/world.ts';

const [ROOM, RED] = [0, 1] as const;
const TONES_HZ = [600, 800, 1000, 1250, 1600];
const sound = toInt16(
  TONES_HZ.map((frequencyHz) => tone({ frequencyHz, samples: 48_000, amplitude: 0.02 })).reduce((sum, one) =>
    sum.map((sample, i) => sample + one[i]!),
  ),
);

/** A listener in the middle of the world, and somebody who speaks there and into a radio channel. */
function setUp({ isSpectator = false } = {}) {
  const codec = new PlainCodec();
  const room = new Room(codec, (frame) => codec.encode(frame));
  const world = new World();
  room.mixer.setSpace({ bodies: world.writer.memory, settings: DEFAULT_SPACE });
  const [listener, talker] = [room.join(sound, { channels: [ROOM, RED] }), room.join(sound, { channels: [ROOM, RED] })];
  const place = (distance: number) => world.put(1, { at: [0, 0, -distance], range: 50, voice: talker.place.voice });
  world.put(0, {
    at: isSpectator ? [0, 0, 500] : [0, 0, 0],
    voice: listener.place.voice,
    ...(isSpectator && { earsOf: 1 }),
  });
  place(1);
  room.setSounds(new Map([[RED, { effect: 'radio' }]]));
  talker.talking = true;
  const heard = (ticks: number) =>
    concatInt16(listener.written.slice(-ticks).map(({ payload }) => codec.decode(payload)));
  /** The power of all tones. */
  const levelDb = () => {
    const levels = TONES_HZ.map((hz) => 10 ** (toneLevelDbfs(heard(10), hz) / 10));
    return 10 * Math.log10(levels.reduce((sum, level) => sum + level));
  };
  return { room, talker, listener, place, heard, levelDb };
}

const speakToBoth = (room: Room, talker: Person) => room.speakTo(talker, [ROOM, RED]);

test('a talker with a radio who walks from 1 to 60 m is always heard, and never twice: within 3 dB', async (t) => {
  const { room, talker, place, levelDb } = setUp();
  room.run(40);
  const nearDb = levelDb();
  speakToBoth(room, talker);
  const levels: number[] = [];
  for (let distance = 1; distance <= 60; distance += 0.25) {
    place(distance);
    room.run(5);
    levels.push(levelDb() - nearDb);
  }
  const [least, most] = [Math.min(...levels), Math.max(...levels)];
  t.ok(least > -3 && most < 3, `from ${least} to ${most} dB`);
  t.ok(Math.abs(levels[0]!) < 0.5, `nearby nothing changes: ${levels[0]} dB`);
  place(10);
  room.run(20);
  const farDb = levelDb() - nearDb;
  room.speakTo(talker, [ROOM]);
  room.run(20);
  t.ok(levelDb() - nearDb < farDb - 6, 'without the radio it is far away');
});

test('the radio begins and ends near a listener without a click', async (t) => {
  const { room, talker, place, heard } = setUp();
  place(4);
  room.run(30);
  for (let i = 0; i < 4; i++) {
    room.speakTo(talker, i % 2 === 0 ? [ROOM, RED] : [ROOM]);
    room.run(10);
  }
  const ratio = clickRatio(heard(45), 960, 45 * 960, sound);
  t.ok(ratio < 1.2, `${ratio}`);
});

test('a spectator with the talker’s ears hears them once', async (t) => {
  const { room, talker, levelDb } = setUp({ isSpectator: true });
  room.run(40);
  const before = levelDb();
  speakToBoth(room, talker);
  room.run(20);
  t.ok(Math.abs(levelDb() - before) < 0.1, `${levelDb() - before} dB`);
});

import { test } from 'tap';
import { DEFAULT_SPACE } from '../../../src/mixer/space/space-settings.ts';
import { type Person, Room } from '../../helpers/perfect-room.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { clickRatio, concatInt16, toInt16, tone, toneLevelDbfs } from '../../helpers/signal.ts';
import { World } from '../../helpers/world.ts';

const [ROOM, COMMAND] = [0, 1] as const;
const toneOf = (frequencyHz: number, amplitude = 0.1) => toInt16(tone({ frequencyHz, samples: 48_000, amplitude }));

/** A listener, somebody who talks all the time, and a commander. */
function setUp() {
  const codec = new PlainCodec();
  const room = new Room(codec, (frame) => codec.encode(frame));
  const talker = room.join(toneOf(1000));
  const [listener, commander] = [room.join(toneOf(440), { channels: [ROOM, COMMAND] }), room.join(toneOf(600))];
  const stranger = room.join(toneOf(440));
  room.speakTo(commander, [COMMAND]);
  room.setSounds(new Map([[COMMAND, { duckDb: 12 }]]));
  talker.talking = true;
  const heard = (person: Person, ticks: number) =>
    concatInt16(person.written.slice(-ticks).map(({ payload }) => codec.decode(payload)));
  const level = (person: Person, hz: number) => toneLevelDbfs(heard(person, 10), hz);
  return { room, talker, listener, commander, stranger, heard, level };
}

test('while somebody speaks with priority, those who hear it hear the others 12 dB quieter, and nobody else', async (t) => {
  const { room, talker, listener, commander, stranger, level } = setUp();
  room.run(40);
  t.ok(Math.abs(level(listener, 1000) - -20) < 0.1);
  commander.talking = true;
  room.run(40);
  t.ok(Math.abs(level(listener, 1000) - -32) < 0.3, `${level(listener, 1000)} dBFS`);
  t.ok(Math.abs(level(listener, 600) - -20) < 0.3, 'the commander is as loud as ever');
  t.ok(Math.abs(level(stranger, 1000) - -20) < 0.1);
  room.speakTo(talker, [], [listener]);
  room.run(20);
  t.ok(Math.abs(level(listener, 1000) - -32) < 0.3, 'a whisper is turned down as well');
  room.speakTo(talker, [ROOM]);
  room.speakTo(commander, [ROOM, COMMAND]);
  room.run(30);
  t.ok(Math.abs(level(listener, 600) - -20) < 0.3, 'not by themselves, when they speak to everyone');
  commander.talking = false;
  room.run(120);
  t.ok(Math.abs(level(listener, 1000) - -20) < 0.1, 'afterwards everything is as before');
  t.equal(room.pool.encodersInUse, 1);
});

test('it goes down within 100 ms, does not come back in a pause of half a second, and never clicks', async (t) => {
  const { room, listener, commander, heard, level } = setUp();
  room.run(40);
  commander.talking = true;
  const levels: number[] = [];
  const run = (ticks: number) => {
    for (let i = 0; i < ticks; i++) {
      room.run();
      const sound = heard(listener, 1);
      levels.push(toneLevelDbfs(sound, 1000));
    }
  };
  run(20);
  const begins = levels.findIndex((db) => db < -20.5);
  const isDown = levels.findIndex((db) => db < -31);
  t.ok(isDown > begins && isDown - begins <= 5, `${begins} to ${isDown}`);
  commander.talking = false;
  levels.length = 0;
  run(25);
  t.ok(
    levels.every((db) => db < -30),
    'a pause',
  );
  commander.talking = true;
  run(30);
  t.ok(levels.slice(25).every((db) => db < -30));
  commander.talking = false;
  room.run(120);
  t.ok(level(listener, 1000) > -20.2);
  const own = toneOf(600);
  const both = toneOf(1000).map((sample, i) => sample + own[i]!);
  const ratio = clickRatio(heard(listener, 200), 960, 200 * 960, both);
  t.ok(ratio < 1.1, `${ratio}`);
});

test('voices in space are turned down as well, except that of the speaker with priority', async (t) => {
  const { room, talker, listener, commander, level } = setUp();
  const world = new World();
  room.mixer.setSpace({ bodies: world.writer.memory, settings: DEFAULT_SPACE });
  for (const [slot, { place }] of [listener, talker, commander].entries()) {
    world.put(slot, { at: [0, 0, -slot], voice: place.voice });
  }
  room.speakTo(commander, [ROOM, COMMAND]);
  room.run(40);
  const [before, alone] = [level(listener, 1000), -20];
  t.ok(Math.abs(before - alone) < 0.5);
  commander.talking = true;
  room.run(40);
  t.ok(Math.abs(level(listener, 1000) - (alone - 12)) < 0.5, `${level(listener, 1000)} dBFS`);
  t.ok(Math.abs(level(listener, 600) - -20) < 0.5, `${level(listener, 600)} dBFS`);
});

import fc from 'fast-check';
import { test } from 'tap';
import { threadKernels } from '../../../src/mixer/kernels/kernels.ts';
import { ChannelSet } from '../../../src/mixer/mix/channel-set.ts';
import type { Contributor } from '../../../src/mixer/mix/contributor.ts';
import { DOWN_DB, Ducking, HOLD_TICKS, UP_DB } from '../../../src/mixer/mix/ducking.ts';
import { DEFAULT_SPACE } from '../../../src/mixer/space/space-settings.ts';
import { cases } from '../../helpers/cases.ts';
import { type Person, Room } from '../../helpers/perfect-room.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { createPrng } from '../../helpers/prng.ts';
import { clickRatio, concatInt16, sharedTone, toneLevelDbfs } from '../../helpers/signal.ts';
import { addressOf } from '../../helpers/still-voice.ts';
import { World } from '../../helpers/world.ts';

const SEED = Number(process.env['SEED'] ?? 4171);
const [ROOM, COMMAND] = [0, 1] as const;
const toneOf = (frequencyHz: number, amplitude = 0.1) => sharedTone({ frequencyHz, samples: 48_000, amplitude });

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

/** A slow reference of one channel with priority, in dB. */
class ReferenceDuck {
  db = 0;
  before = 0;
  quiet = HOLD_TICKS;
  constructor(public depthDb: number) {}

  advance(speaks: boolean): void {
    this.quiet = speaks ? 0 : this.quiet + 1;
    const wanted = this.quiet < HOLD_TICKS ? this.depthDb : 0;
    this.before = this.db;
    if (this.db < wanted) this.db = Math.min(wanted, this.db + DOWN_DB);
    else this.db = Math.max(wanted, this.db - UP_DB);
  }
}

test('for any speech and settings, a voice is turned down by the deepest channel that the listener hears and it does not speak into', (t) => {
  t.comment(`SEED=${SEED}`);
  const CHANNELS = [1, 2, 40];
  fc.assert(
    fc.property(fc.nat(), (salt) => {
      const prng = createPrng(salt);
      const some = () => CHANNELS.filter(() => prng() < 0.5);
      const ducking = new Ducking();
      const references = new Map<number, ReferenceDuck>();
      let speaking: number[] = [];
      for (let tick = 0; tick < 150; tick++) {
        if (tick === 0 || prng() < 0.03) {
          const depths = new Map(some().map((channel) => [channel, 6 + 12 * prng()]));
          ducking.set(depths);
          for (const [channel, reference] of references) reference.depthDb = depths.get(channel) ?? 0;
          for (const [channel, depthDb] of depths)
            if (!references.has(channel)) references.set(channel, new ReferenceDuck(depthDb));
        }
        if (prng() < 0.1) speaking = some();
        const isEnding = prng() < 0.1;
        ducking.advance([
          { address: addressOf([0]), isEnding: false } as Partial<Contributor> as Contributor,
          { address: addressOf(speaking), isEnding } as Partial<Contributor> as Contributor,
        ]);
        const active: number[] = [];
        for (const [channel, reference] of references) {
          reference.advance(!isEnding && speaking.includes(channel));
          if (10 ** (-Math.max(reference.db, reference.before) / 20) < 1) active.push(channel);
          else if (reference.depthDb === 0) references.delete(channel);
        }
        if (!ducking.active.equals(ChannelSet.of(active))) return false;
        const [into, heard] = [some(), some()];
        const deepest = (end: 'db' | 'before') =>
          Math.max(
            0,
            ...[...references].flatMap(([channel, reference]) =>
              heard.includes(channel) && !into.includes(channel) ? [reference[end]] : [],
            ),
          );
        const [from, to] = [
          ducking.gainBefore(ChannelSet.of(into), ChannelSet.of(heard)),
          ducking.gainNow(ChannelSet.of(into), ChannelSet.of(heard)),
        ];
        if (Math.abs(from - 10 ** (-deepest('before') / 20)) > 1e-6) return false;
        if (Math.abs(to - 10 ** (-deepest('db') / 20)) > 1e-6) return false;
      }
      return true;
    }),
    { seed: SEED, numRuns: cases(60) },
  );
  t.end();
});

test('the channels that turn others down are the same object until they change', (t) => {
  const ducking = new Ducking();
  const speaks = (channel: number) =>
    ({ address: addressOf([channel]), isEnding: false }) as Partial<Contributor> as Contributor;
  ducking.set(
    new Map([
      [1, 12],
      [2, 12],
    ]),
  );
  const seen = new Set<ChannelSet>();
  for (let tick = 0; tick < 30; tick++) {
    ducking.advance(tick < 10 ? [] : [speaks(tick < 20 ? 1 : 2)]);
    seen.add(ducking.active);
  }
  t.same(
    [...seen].map(({ low }) => low),
    [0, 2, 6],
  );
  t.end();
});

test('what other parts of the room say is turned down as a whole, for those who hear the channel', (t) => {
  const kernels = threadKernels();
  const ducking = new Ducking();
  const [mix, voices] = [kernels.frames.take(), kernels.frames.take()];
  voices.samples.fill(100);
  const heard = (channels: ChannelSet) => {
    mix.samples.fill(1);
    ducking.addElsewhere(mix, voices, channels, kernels);
    return [mix.samples[0]!, mix.samples[959]!];
  };
  const COMMANDED = ChannelSet.of([ROOM, COMMAND]);
  t.same(heard(COMMANDED), [101, 101]);
  ducking.set(new Map([[COMMAND, DOWN_DB]]));
  ducking.advance([{ address: addressOf([COMMAND]), isEnding: false } as Partial<Contributor> as Contributor]);
  const [first, last] = heard(COMMANDED);
  t.ok(Math.abs(first! - 101) < 0.2 && Math.abs(last! - 1 - 100 * 10 ** (-DOWN_DB / 20)) < 0.01, `${first}…${last}`);
  t.same(heard(ChannelSet.ROOM), [101, 101]);
  for (const frame of [mix, voices]) kernels.frames.release(frame);
  t.end();
});

test('others go down by 20 dB in 100 ms, come back in 500 ms, and wait 600 ms before that', (t) => {
  t.same([DOWN_DB * 5, UP_DB * 25, HOLD_TICKS * 20], [20, 20, 600]);
  t.end();
});

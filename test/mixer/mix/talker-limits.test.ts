import { test } from 'tap';
import { TalkerLimits } from '../../../src/mixer/mix/talker-limits.ts';
import { TO_ROOM } from '../../../src/mixer/mix/voice-path.ts';
import type { Talker, TalkerLimit } from '../../../src/mixer/source/talker-limit.ts';
import { createStanding } from '../../../src/mixer/source/talker-places.ts';
import { addressOf } from '../../helpers/still-voice.ts';

const [RED, BLUE] = [3, 40] as const;
const CROWD = 100;

function crowd(): (Talker & { speaking: boolean; sounding: boolean })[] {
  return Array.from({ length: CROWD }, () => ({
    speaking: true,
    sounding: false,
    loudnessDbov: -20,
    admitted: false,
  }));
}

/** How many of a crowd that begins to talk are heard. They all stop again. */
function heardIn(limits: TalkerLimits, limit: TalkerLimit): number {
  const talkers = crowd();
  for (let tick = 0; tick < 3; tick++) {
    for (const talker of talkers) {
      if (!talker.admitted) limit.request(talker);
      talker.sounding = talker.admitted;
    }
    limits.decide();
  }
  const count = talkers.filter(({ admitted }) => admitted).length;
  for (const talker of talkers) Object.assign(talker, { speaking: false, sounding: false });
  limits.decide();
  return count;
}

test('each channel has its own limit, whispers have another, and a voice competes in its first channel', (t) => {
  const limits = new TalkerLimits(3);
  const [room, red, blue, whisper] = [TO_ROOM, addressOf([RED]), addressOf([BLUE]), addressOf([], [7])].map((address) =>
    limits.limitFor(address),
  );
  t.equal(new Set([room, red, blue, whisper, limits.space, limits.outOfEarshot]).size, 6);
  t.equal(room, limits.room);
  t.equal(limits.limitFor(addressOf([RED], [7])), red);
  t.equal(limits.limitFor(addressOf([BLUE, RED])), red);
  t.equal(limits.limitFor(addressOf([RED, 0])), room);
  t.equal(limits.limitFor(addressOf([], [8, 9])), whisper);
  // The second crowd finds the places free again.
  for (const limit of [room, red, blue, whisper, room, red, blue, whisper]) t.equal(heardIn(limits, limit!), 3);
  t.end();
});

test('a changed limit applies to the room, its channels, and those that are spoken into later', (t) => {
  const limits = new TalkerLimits(3);
  const red = limits.limitFor(addressOf([RED]));
  limits.setMax(5);
  for (const limit of [limits.room, red, limits.limitFor(addressOf([BLUE]))]) t.equal(heardIn(limits, limit), 5);
  limits.setMax(0);
  for (const limit of [limits.room, red]) t.equal(heardIn(limits, limit), CROWD, 'no limit');
  t.end();
});

test('in space 64 voices are decoded, whatever the limit of the room is', (t) => {
  for (const max of [0, 3]) {
    const limits = new TalkerLimits(max);
    t.equal(heardIn(limits, limits.space), 64);
    limits.setMax(8);
    t.equal(heardIn(limits, limits.space), 64, 'and again');
  }
  t.end();
});

test('voices that nobody could hear are never decoded', (t) => {
  const limits = new TalkerLimits(0);
  t.equal(heardIn(limits, limits.outOfEarshot), 0);
  limits.setMax(8);
  t.equal(heardIn(limits, limits.outOfEarshot), 0);
  t.end();
});

test('other parts of the room learn the standing of the room itself', (t) => {
  const limits = new TalkerLimits(5);
  const standing = createStanding();
  const [talkers, others] = [crowd().slice(0, 2), crowd().slice(0, 1)];
  for (const talker of talkers) limits.room.request(talker);
  for (const talker of others) limits.limitFor(addressOf([RED])).request(talker);
  limits.decide(standing);
  t.equal(standing.places, 2);
  t.equal(
    standing.claims.reduce((sum, count) => sum + count, 0),
    2,
  );
  t.end();
});

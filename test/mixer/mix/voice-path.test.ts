import fc from 'fast-check';
import { test } from 'tap';
import { ChannelSet, MAX_CHANNELS } from '../../../src/mixer/mix/channel-set.ts';
import {
  createPath,
  NO_PATH,
  pathOf,
  SEVERAL,
  sameAddress,
  TO_ROOM,
  WHISPER,
} from '../../../src/mixer/mix/voice-path.ts';
import { cases } from '../../helpers/cases.ts';
import { addressOf } from '../../helpers/still-voice.ts';

const SEED = Number(process.env['SEED'] ?? 4102);
const channels = fc.subarray([0, 1, 31, 32, 63]);
const people = fc.subarray([1, 2, 3]);

test('a voice takes the first channel that leads to the listener, and a whisper only where none does', (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(channels, people, channels, fc.constantFrom(1, 2, 9), (into, whispersTo, heard, listener) => {
      const path = pathOf(addressOf(into, whispersTo), ChannelSet.of(heard), listener);
      const common = into.filter((channel) => heard.includes(channel));
      if (common.length > 0) return path === Math.min(...common);
      return path === (whispersTo.includes(listener) ? WHISPER : NO_PATH);
    }),
    { seed: SEED, numRuns: cases(500) },
  );
  t.end();
});

test('no channel has the number of a whisper or of no path', (t) => {
  for (const path of [WHISPER, NO_PATH]) t.throws(() => ChannelSet.of([path]), RangeError);
  t.equal(
    ChannelSet.of(Array.from({ length: MAX_CHANNELS }, (_, channel) => channel)).has(ChannelSet.ROOM.first),
    true,
  );
  t.end();
});

test('addresses are the same if they name the same channels and people', (t) => {
  fc.assert(
    fc.property(channels, people, channels, people, (into, whispersTo, otherInto, otherPeople) => {
      const [a, b] = [addressOf(into, whispersTo), addressOf(otherInto, otherPeople)];
      const expected = into.join() === otherInto.join() && whispersTo.join() === otherPeople.join();
      return sameAddress(a, b) === expected && sameAddress(b, a) === expected && sameAddress(a, a);
    }),
    { seed: SEED, numRuns: cases(500) },
  );
  t.ok(sameAddress(TO_ROOM, addressOf([0])));
  t.notOk(sameAddress(addressOf([0], [1, 2]), addressOf([0], [1, 3])), 'as many people, but others');
  t.end();
});

test('a new path leads nowhere, without a gain, in mono, and keeps what is heard', (t) => {
  const heard = ChannelSet.of([1, 2]);
  t.strictSame(createPath(heard), {
    before: NO_PATH,
    now: NO_PATH,
    from: 1,
    to: 1,
    heard,
    heardBefore: heard,
    side: 'both',
    sideBefore: 'both',
    listener: SEVERAL,
  });
  t.end();
});

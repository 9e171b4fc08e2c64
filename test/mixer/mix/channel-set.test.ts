import fc from 'fast-check';
import { test } from 'tap';
import { ChannelSet, MAX_CHANNELS, NO_CHANNEL, ROOM_CHANNEL } from '../../../src/mixer/mix/channel-set.ts';
import { cases } from '../../helpers/cases.ts';

const SEED = Number(process.env['SEED'] ?? 4101);
/** Some are at the borders of the words. */
const channel = fc.oneof(fc.constantFrom(0, 1, 30, 31, 32, 33, 62, 63), fc.nat({ max: 63 }));
const channels = fc.uniqueArray(channel, { maxLength: 12 });
const numbersIn = (set: ChannelSet) => Array.from({ length: 64 }, (_, one) => one).filter((one) => set.has(one));
const sorted = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b);
const isSame = (one: readonly number[], other: readonly number[]) => one.join() === other.join();

test('a set has its channels and no others, in whatever order and however often they were listed', (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(channels, (listed) => {
      const set = ChannelSet.of([...listed, ...listed.slice().reverse()]);
      return (
        isSame(numbersIn(set), sorted(listed)) &&
        set.isEmpty === (listed.length === 0) &&
        set.first === (sorted(listed)[0] ?? NO_CHANNEL) &&
        set.equals(ChannelSet.of(listed)) &&
        ChannelSet.ofWords(set.low, set.high).equals(set)
      );
    }),
    { seed: SEED },
  );
  t.end();
});

test('sets are joined, subtracted and compared like sets of numbers', (t) => {
  fc.assert(
    fc.property(channels, channels, (one, other) => {
      const [a, b] = [ChannelSet.of(one), ChannelSet.of(other)];
      const common = sorted(one.filter((number) => other.includes(number)));
      return (
        isSame(numbersIn(a.with(b)), sorted(new Set([...one, ...other]))) &&
        isSame(numbersIn(a.without(b)), sorted(one.filter((number) => !other.includes(number)))) &&
        isSame(numbersIn(a.withoutRoom), sorted(one.filter((number) => number !== ROOM_CHANNEL))) &&
        a.firstIn(b) === (common[0] ?? NO_CHANNEL) &&
        a.equals(b) === isSame(sorted(one), sorted(other))
      );
    }),
    { seed: SEED, numRuns: cases(400) },
  );
  t.end();
});

test('what changes nothing creates nothing, and the usual sets exist once', (t) => {
  fc.assert(
    fc.property(channels, channels, (one, other) => {
      const a = ChannelSet.of(one);
      const part = ChannelSet.of(one.filter((number) => other.includes(number)));
      const apart = ChannelSet.of(other.filter((number) => !one.includes(number)));
      return a.with(part) === a && a.without(apart) === a;
    }),
    { seed: SEED },
  );
  t.equal(ChannelSet.of([]), ChannelSet.NONE);
  t.equal(ChannelSet.of([ROOM_CHANNEL]), ChannelSet.ROOM);
  t.equal(ChannelSet.of([ROOM_CHANNEL, 40]).without(ChannelSet.of([40])), ChannelSet.ROOM);
  t.equal(ChannelSet.NONE.with(ChannelSet.ROOM), ChannelSet.ROOM);
  t.equal(ChannelSet.ROOM.withoutRoom, ChannelSet.NONE);
  t.end();
});

test('a number that is not that of a channel is refused', (t) => {
  for (const wrong of [-1, MAX_CHANNELS, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    t.throws(() => ChannelSet.of([0, wrong]), RangeError, `${wrong}`);
  }
  t.equal(ChannelSet.of([MAX_CHANNELS - 1]).first, MAX_CHANNELS - 1);
  t.end();
});

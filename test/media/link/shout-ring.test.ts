import fc from 'fast-check';
import { test } from 'tap';
import { MISSING, SLOTS } from '../../../src/media/link/ring-slots.ts';
import { createShoutRing, ShoutRing } from '../../../src/media/link/shout-ring.ts';
import { TARGETED_BYTES } from '../../../src/media/link/targeted-ring.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { ChannelSet } from '../../../src/mixer/mix/channel-set.ts';
import { TO_ROOM } from '../../../src/mixer/mix/voice-path.ts';
import { cases } from '../../helpers/cases.ts';
import { contributorIn } from '../../helpers/random-contributor.ts';

const SEED = Number(process.env['SEED'] ?? 3309);

const number = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 2 ** 31 - 1 }));
const place = fc.tuple(number, number);
const channel = fc.constantFrom(0, 5, 31, 32, 63);
const shouts = fc.array(contributorIn(channel), { maxLength: 4 });

test('a part has the same key in all workers and at any time, and no other part has it', async (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(place, place, fc.nat(100), (one, other, tick) => {
      const memory = createShoutRing(...one);
      const { key } = new ShoutRing(memory);
      new ShoutRing(memory).write(tick, [], 0);
      const isSamePart = one[0] === other[0] && one[1] === other[1];
      const otherKey = new ShoutRing(createShoutRing(...other)).key;
      return new ShoutRing(memory).key === key && (otherKey === key) === isSamePart;
    }),
    { seed: SEED, numRuns: cases(100) },
  );
});

test('new memory has no ticks, and is as large as the key and the voices', async (t) => {
  const memory = createShoutRing(0, 0);
  for (let tick = 0; tick < SLOTS; tick++) t.equal(new ShoutRing(memory).voices.count(tick), MISSING);
  t.equal(memory.byteLength, 2 * Int32Array.BYTES_PER_ELEMENT + TARGETED_BYTES);
});

test('a shout goes to everyone in a linked room, and what else is said goes nowhere there', async (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(shouts, channel, fc.nat(), (voices, shouting, tick) => {
      const memory = createShoutRing(7, 1);
      new ShoutRing(memory).write(tick, voices, shouting);
      const { voices: read } = new ShoutRing(memory);
      const samples = new Float32Array(FRAME_SAMPLES);
      const seen = (isShout: boolean) => (isShout ? ChannelSet.ROOM : ChannelSet.NONE);
      return (
        read.count(tick) === voices.length &&
        voices.every(({ voice, address, addressBefore, soundedBefore, isEnding, loudnessDbov, frame }, i) => {
          read.readFrame(tick, i, samples);
          const [now, before] = [read.address(tick, i, TO_ROOM), read.addressBefore(tick, i, TO_ROOM)];
          return (
            read.numberOf(tick, i) === voice &&
            now.channels.equals(seen(address.channels.has(shouting))) &&
            before.channels.equals(seen(addressBefore.channels.has(shouting))) &&
            now.whispersTo.size + before.whispersTo.size === 0 &&
            read.soundedBefore(tick, i) === soundedBefore &&
            read.isEnding(tick, i) === isEnding &&
            read.loudnessDbov(tick, i) === loudnessDbov &&
            samples.every((sample, at) => sample === frame.samples[at])
          );
        })
      );
    }),
    { seed: SEED, numRuns: cases(100) },
  );
});

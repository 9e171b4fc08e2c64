import fc from 'fast-check';
import { test } from 'tap';
import type { Contributor } from '../../../src/mixer/mix/contributor.ts';
import { shoutsOf } from '../../../src/mixer/mix/shout-link.ts';
import { cases } from '../../helpers/cases.ts';
import { contributorIn } from '../../helpers/random-contributor.ts';

const SEED = Number(process.env['SEED'] ?? 3310);

const channel = fc.constantFrom(0, 5, 31, 32, 63);
const voices = fc.array(contributorIn(channel), { maxLength: 5 });

test('those shout who speak in the channel or did one tick ago, in the order of all', async (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(voices, channel, (all, shouting) => {
      const expected: Contributor[] = [];
      for (const voice of all) {
        const { low, high } = voice.address.channels.with(voice.addressBefore.channels);
        const word = shouting < 32 ? low : high;
        if (((word >>> (shouting % 32)) & 1) === 1) expected.push(voice);
      }
      const shouts = shoutsOf(all, shouting);
      return shouts.length === expected.length && expected.every((voice, i) => shouts[i] === voice);
    }),
    { seed: SEED, numRuns: cases(200) },
  );
});

test('while nobody shouts, nothing is allocated', async (t) => {
  const [one, other] = fc.sample(contributorIn(fc.constant(3)), { seed: SEED, numRuns: 2 }) as [
    Contributor,
    Contributor,
  ];
  t.equal(shoutsOf([one], 5), shoutsOf([other, one], 5));
});

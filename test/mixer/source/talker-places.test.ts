import fc from 'fast-check';
import { test } from 'tap';
import { CLAIM_RANKS, claimRank, createStanding, shareOfPlaces } from '../../../src/mixer/source/talker-places.ts';

const SEED = Number(process.env['SEED'] ?? 9004);

/** A part whose talkers have claims of these ranks. */
function part(...ranks: readonly number[]) {
  const standing = createStanding();
  for (const rank of ranks) standing.claims[rank]!++;
  return standing;
}

test('whatever the parts claim, their shares add up to all places, and no stronger claim goes behind a weaker one', async (t) => {
  t.comment(`SEED=${SEED}`);
  const ranks = fc.array(fc.nat({ max: CLAIM_RANKS - 1 }), { maxLength: 30 });
  fc.assert(
    fc.property(fc.array(ranks, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 40 }), (claims, max) => {
      const parts = claims.map((one) => part(...one));
      const shares = parts.map((_, own) => shareOfPlaces(max, parts, own));
      const served = claims.map((one, i) => one.toSorted((a, b) => a - b).slice(0, shares[i]));
      const refused = claims.flatMap((one, i) => one.toSorted((a, b) => a - b).slice(shares[i]));
      const weakest = Math.max(-1, ...served.flat());
      return shares.reduce((sum, share) => sum + share, 0) === max && refused.every((rank) => rank >= weakest);
    }),
    { seed: SEED },
  );
});

test('unclaimed places are divided evenly, so that a new talker anywhere is heard at once', async (t) => {
  const parts = [part(30, 31), part(), part(40)];
  t.same(
    parts.map((_, own) => shareOfPlaces(8, parts, own)),
    [4, 2, 2],
  );
});

test('a newcomer needs to be 6 dB louder, and nobody is loud enough to displace a talker who has just begun', async (t) => {
  t.equal(claimRank(-20, true, false), claimRank(-14, false, false));
  t.ok(claimRank(-13, false, false) < claimRank(-20, true, false));
  t.ok(claimRank(-15, false, false) > claimRank(-20, true, false));
  t.ok(claimRank(-60, true, true) < claimRank(0, true, false));
  for (const loudness of [0, -127, -126.5]) {
    t.ok(claimRank(loudness, false, false) < CLAIM_RANKS);
    t.ok(claimRank(loudness, true, false) > 0);
  }
});

test('a new standing is empty, and every level has a rank of its own, however quiet', async (t) => {
  const { places, claims } = createStanding();
  t.equal(places, 0);
  t.ok(claims.length === CLAIM_RANKS && claims.every((count) => count === 0));
  const ranks = Array.from({ length: 128 }, (_, level) => claimRank(-level, false, false));
  t.equal(new Set(ranks).size, 128);
  t.equal(Math.max(...ranks), CLAIM_RANKS - 1);
  t.equal(claimRank(-127, false, true), 0);
  t.equal(claimRank(0, true, false), 1, 'only those who may not be displaced come first');
});

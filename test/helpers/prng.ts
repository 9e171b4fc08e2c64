/** A seeded source of numbers in [0, 1). */
export type Prng = () => number;

/**
 * Mulberry32: small, fast, and good enough to place packets and make noise. The same seed gives the same numbers
 * everywhere.
 */
export function createPrng(seed: number): Prng {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One number from the normal distribution (Box-Muller). */
export function gaussian(prng: Prng, mean = 0, deviation = 1): number {
  const radius = Math.sqrt(-2 * Math.log(1 - prng()));
  return mean + deviation * radius * Math.cos(2 * Math.PI * prng());
}

/** An integer from `low` to `high`, inclusive. */
export function integerBetween(prng: Prng, low: number, high: number): number {
  return low + Math.floor(prng() * (high - low + 1));
}

import { createPrng } from '../helpers/prng.ts';

/** Makes buffers of pseudo-random bytes. The same seed makes the same ones. */
export function createBytes(seed: number): (length: number) => Buffer {
  const prng = createPrng(seed);
  return (length) => Buffer.from(Array.from({ length }, () => Math.floor(prng() * 256)));
}

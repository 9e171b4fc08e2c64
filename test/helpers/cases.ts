const IN_QUICK_RUNS = 1 / 10;

/**
 * How many random cases a test tries: `count`, and a tenth of that in `npm run test:quick`. Also scales what the test
 * expects of all its cases together. Use it only where a case is drawn at random: a quick run draws fewer, and every
 * run draws the first ones from the same seed.
 */
export function cases(count: number): number {
  return process.env['TEST_QUICK'] === '1' ? Math.ceil(count * IN_QUICK_RUNS) : count;
}

/**
 * Measures until a measurement is good, at most `attempts` times one after the other, and returns the last one. For
 * qualities of sound: what a busy machine disturbs is good a moment later, and what is broken is never good.
 */
export async function untilGood<Measured>(
  measure: () => Promise<Measured>,
  isGood: (measured: Measured) => boolean,
  attempts = 12,
): Promise<Measured> {
  for (let left = attempts - 1; ; left--) {
    const measured = await measure();
    if (left === 0 || isGood(measured)) return measured;
  }
}

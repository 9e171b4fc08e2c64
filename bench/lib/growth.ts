/**
 * The slope through points, robust against a few outliers: the median over all pairs (Theil and Sen). NaN for fewer
 * than two points.
 */
export function medianSlope(points: readonly (readonly [x: number, y: number])[]): number {
  const slopes = points
    .flatMap(([x, y], index) => points.slice(index + 1).map(([x2, y2]) => (y2 - y) / (x2 - x)))
    .sort((a, b) => a - b);
  const middle = slopes.length / 2;
  if (slopes.length === 0) return Number.NaN;
  return slopes.length % 2 === 1 ? slopes[Math.floor(middle)]! : (slopes[middle - 1]! + slopes[middle]!) / 2;
}

/** Fewer samples prove nothing. */
export const LEAST_SAMPLES = 6;

/**
 * Whether noisy values have grown: even the smallest of the last third is above the largest of the first third, by more
 * than `tolerance` (a share of it). False for fewer than `LEAST_SAMPLES`.
 */
export function hasGrown(values: readonly number[], tolerance: number): boolean {
  if (values.length < LEAST_SAMPLES) return false;
  const third = Math.floor(values.length / 3);
  const first = Math.max(...values.slice(0, third));
  const last = Math.min(...values.slice(-third));
  return last > first * (1 + tolerance);
}

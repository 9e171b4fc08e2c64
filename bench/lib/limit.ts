export interface LimitSearch {
  readonly lowest: number;
  readonly highest: number;
  /**
   * Whether a size holds. A size counts as too large only after up to `attempts` measurements: the machine may have
   * been disturbed.
   */
  readonly holds: (size: number) => Promise<boolean>;
  readonly attempts: number;
}

/** How close the answer comes to the true limit, as a share of it. */
const RESOLUTION = 0.05;

/**
 * The largest size that holds, to 5 %: doubles the lowest until one is too large, then bisects. Returns 0 if the lowest
 * is already too large, the highest if all hold.
 */
export async function findLimit({ lowest, highest, holds, attempts }: LimitSearch): Promise<number> {
  const isHeld = async (size: number): Promise<boolean> => {
    for (let attempt = 0; attempt < attempts; attempt++) if (await holds(size)) return true;
    return false;
  };
  let held = 0;
  let tooLarge = highest + 1;
  for (let size = lowest; held < highest; size = Math.min(2 * size, highest)) {
    if (!(await isHeld(size))) {
      tooLarge = size;
      break;
    }
    held = size;
  }
  while (held > 0 && tooLarge - held > Math.max(1, RESOLUTION * held)) {
    const middle = Math.floor((held + tooLarge) / 2);
    if (await isHeld(middle)) held = middle;
    else tooLarge = middle;
  }
  return held;
}

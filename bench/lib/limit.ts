export interface LimitSearch {
  readonly lowest: number;
  readonly highest: number;
  /** Whether a size holds. Measured again up to `attempts` times in all before it counts as too large: a machine may be disturbed. */
  readonly holds: (size: number) => Promise<boolean>;
  readonly attempts: number;
}

/** How near the answer comes to the true limit, as a share of it. */
const RESOLUTION = 0.05;

/**
 * The largest size that holds, to 5 %: doubles from the lowest until one is too large, then halves the distance.
 * 0 when the lowest is too large already, the highest when all hold.
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

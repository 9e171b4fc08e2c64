/**
 * The measures at each overload level. The worker applies them; the control plane logs them and sends newcomers
 * elsewhere.
 */

export interface OverloadMeasures {
  /** For every encoder, including running ones. */
  readonly maxComplexity: number;
  /** Maximum number of talkers heard at a time in each room; `null` leaves it to the room's setting. */
  readonly maxTalkers: number | null;
  readonly refusesJoins: boolean;
  /** For the log. */
  readonly words: string;
}

/**
 * By level. Below complexity 3, onsets get audible pre-echoes. More than four simultaneous talkers are hard to tell
 * apart anyway.
 */
const MEASURES: readonly OverloadMeasures[] = [
  { maxComplexity: 10, maxTalkers: null, refusesJoins: false, words: 'no measures' },
  { maxComplexity: 5, maxTalkers: null, refusesJoins: false, words: 'encoders at complexity 5' },
  { maxComplexity: 3, maxTalkers: null, refusesJoins: false, words: 'encoders at complexity 3' },
  { maxComplexity: 3, maxTalkers: 4, refusesJoins: false, words: 'four talkers at a time' },
  { maxComplexity: 3, maxTalkers: 4, refusesJoins: true, words: 'no new participants' },
];

export const MAX_OVERLOAD_LEVEL = MEASURES.length - 1;

/** The measures for a level from 0 to `MAX_OVERLOAD_LEVEL`. */
export function overloadMeasures(level: number): OverloadMeasures {
  return MEASURES[Math.max(0, Math.min(level, MAX_OVERLOAD_LEVEL))]!;
}

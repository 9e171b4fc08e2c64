/**
 * The measures at each overload level. The worker applies them; the control plane logs them and sends newcomers
 * elsewhere.
 */

export interface OverloadMeasures {
  /** For every encoder, including running ones. */
  readonly maxComplexity: number;
  /** Maximum number of talkers heard at a time in each room; `null` leaves it to the room's setting. */
  readonly maxTalkers: number | null;
  /** In rooms with space, where most listeners have a mix of their own. */
  readonly space: { readonly isMono: boolean; readonly rangeFactor: number };
  readonly refusesJoins: boolean;
  /** For the log. */
  readonly words: string;
}

const WHOLE_SPACE = { isMono: false, rangeFactor: 1 };
const MONO = { isMono: true, rangeFactor: 1 };
const NARROW = { isMono: true, rangeFactor: 0.7 };

/**
 * By level. In rooms with space the encoders are at complexity 3 anyway, so there mono mixes come first, and then shorter ranges. Below complexity 3, onsets get audible pre-echoes. More than four simultaneous talkers are hard to tell
 * apart anyway.
 */
const MEASURES: readonly OverloadMeasures[] = [
  { maxComplexity: 10, maxTalkers: null, space: WHOLE_SPACE, refusesJoins: false, words: 'no measures' },
  { maxComplexity: 5, maxTalkers: null, space: MONO, refusesJoins: false, words: 'encoders at complexity 5' },
  { maxComplexity: 3, maxTalkers: null, space: NARROW, refusesJoins: false, words: 'encoders at complexity 3' },
  { maxComplexity: 3, maxTalkers: 4, space: NARROW, refusesJoins: false, words: 'four talkers at a time' },
  { maxComplexity: 3, maxTalkers: 4, space: NARROW, refusesJoins: true, words: 'no new participants' },
];

export const MAX_OVERLOAD_LEVEL = MEASURES.length - 1;

/** The measures for a level from 0 to `MAX_OVERLOAD_LEVEL`. */
export function overloadMeasures(level: number): OverloadMeasures {
  return MEASURES[Math.max(0, Math.min(level, MAX_OVERLOAD_LEVEL))]!;
}

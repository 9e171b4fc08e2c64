/** What is done at each level of overload: the worker does it, and the control plane says it and sends newcomers elsewhere. */

export interface OverloadMeasures {
  /** Of every encoder, running ones included. */
  readonly maxComplexity: number;
  /** How many are heard at a time in each room, at most; `null` leaves it to the room's setting. */
  readonly maxTalkers: number | null;
  readonly refusesJoins: boolean;
  /** For the log. */
  readonly words: string;
}

/** By level. Below complexity 3 onsets get audible pre-echoes; more than four at once are hard to tell apart anyway. */
const MEASURES: readonly OverloadMeasures[] = [
  { maxComplexity: 10, maxTalkers: null, refusesJoins: false, words: 'no measures' },
  { maxComplexity: 5, maxTalkers: null, refusesJoins: false, words: 'encoders at complexity 5' },
  { maxComplexity: 3, maxTalkers: null, refusesJoins: false, words: 'encoders at complexity 3' },
  { maxComplexity: 3, maxTalkers: 4, refusesJoins: false, words: 'four talkers at a time' },
  { maxComplexity: 3, maxTalkers: 4, refusesJoins: true, words: 'no new participants' },
];

export const MAX_OVERLOAD_LEVEL = MEASURES.length - 1;

/** What is done at a level from 0 to `MAX_OVERLOAD_LEVEL`. */
export function overloadMeasures(level: number): OverloadMeasures {
  return MEASURES[Math.max(0, Math.min(level, MAX_OVERLOAD_LEVEL))]!;
}

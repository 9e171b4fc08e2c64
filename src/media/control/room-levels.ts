/** The figures of a `levels` event, which are flat lists of numbers, as the rooms need them. */
import type { HeardInSpace, SpeakerLevel } from '../plane.ts';

const NOBODY_IN_SPACE: HeardInSpace = new Map();

/** @param speaking alternating member ids and levels */
export function toSpeakerLevels(speaking: readonly number[]): SpeakerLevel[] {
  const levels: SpeakerLevel[] = [];
  for (let i = 0; i + 1 < speaking.length; i += 2) {
    levels.push({ seatId: speaking[i]!, levelDbov: speaking[i + 1]! });
  }
  return levels;
}

/** @param heard for each listener in space: member id, number of voices, and their member ids */
export function toHeard(heard: readonly number[] | undefined): HeardInSpace {
  if (heard === undefined) return NOBODY_IN_SPACE;
  const byListener = new Map<number, ReadonlySet<number>>();
  for (let i = 0; i + 1 < heard.length; ) {
    const [listener, count] = [heard[i]!, heard[i + 1]!];
    byListener.set(listener, new Set(heard.slice(i + 2, i + 2 + count)));
    i += 2 + count;
  }
  return byListener;
}

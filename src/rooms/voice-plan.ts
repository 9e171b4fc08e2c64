import { ROOM_CHANNEL, type VoicePlan } from '../media/plane.ts';

/** The plan of someone in a room without channels. */
export const ROOM_ONLY: VoicePlan = { speaksInto: [ROOM_CHANNEL], whispersTo: [], hears: [ROOM_CHANNEL] };

export function isSamePlan(a: VoicePlan, b: VoicePlan): boolean {
  return (
    isSameList(a.speaksInto, b.speaksInto) && isSameList(a.whispersTo, b.whispersTo) && isSameList(a.hears, b.hears)
  );
}

function isSameList(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((number, index) => number === b[index]);
}

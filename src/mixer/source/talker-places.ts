/**
 * How the places of a talker limit are divided between the parts of one room that several mixers mix. Each part tells how
 * many places it has taken and how strong a claim each of its talkers has; from the same figures every part works out the
 * same division by itself, so nobody needs to be asked.
 */
import { SILENCE_DBOV } from '../format.ts';

/** A newcomer must be this much louder than somebody who is heard. */
export const MARGIN_DB = 6;

/** Ranks of claims, the strongest first: who cannot be displaced yet, then a rank for each decibel. */
export const CLAIM_RANKS = 2 - SILENCE_DBOV + MARGIN_DB;
const KEPT = 0;

/** What one part tells the others. */
export interface TalkerStanding {
  /** Places that are taken, by those who fade too. */
  places: number;
  /** How many talkers, heard or waiting, have a claim of each rank. */
  readonly claims: Uint16Array;
}

export function createStanding(): TalkerStanding {
  return { places: 0, claims: new Uint16Array(CLAIM_RANKS) };
}

/** Rank of somebody's claim; with `kept` they may not be displaced yet. */
export function claimRank(loudnessDbov: number, heard: boolean, kept: boolean): number {
  if (kept) return KEPT;
  const rank = 1 + Math.floor(-loudnessDbov) + (heard ? 0 : MARGIN_DB);
  return Math.max(KEPT + 1, Math.min(CLAIM_RANKS - 1, rank));
}

/**
 * How many of `max` places fall to part `own`. Places go to the strongest claims; of equal ones, and of places that nobody
 * claims, earlier parts get theirs first. The shares of all parts add up to `max` if all have the same figures in the same order.
 */
export function shareOfPlaces(max: number, parts: readonly TalkerStanding[], own: number): number {
  let share = 0;
  let left = max;
  for (let rank = 0; rank < CLAIM_RANKS && left > 0; rank++) {
    for (let part = 0; part < parts.length; part++) {
      const granted = Math.min(left, parts[part]!.claims[rank]!);
      left -= granted;
      if (part === own) share += granted;
    }
  }
  const spare = Math.floor(left / parts.length);
  return share + spare + (own < left % parts.length ? 1 : 0);
}

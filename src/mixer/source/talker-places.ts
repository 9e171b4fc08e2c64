/**
 * How the places of a talker limit are divided between the parts of one room in several mixers. Each part publishes how
 * many places it has taken and how strong each talker's claim is. From the same figures every part computes the same
 * division, without negotiation.
 */
import { SILENCE_DBOV } from '../format.ts';

/** A newcomer must be this much louder than a talker who is heard. */
export const MARGIN_DB = 6;

/** Ranks of claims, strongest first: talkers who cannot be displaced yet, then one rank per decibel. */
export const CLAIM_RANKS = 2 - SILENCE_DBOV + MARGIN_DB;
const KEPT = 0;

/** What one part publishes to the others. */
export interface TalkerStanding {
  /** Places taken, including by fading talkers. */
  places: number;
  /** The number of talkers, heard or waiting, with a claim of each rank. */
  readonly claims: Uint16Array;
}

export function createStanding(): TalkerStanding {
  return { places: 0, claims: new Uint16Array(CLAIM_RANKS) };
}

/** The rank of a claim; with `kept` the talker may not be displaced yet. */
export function claimRank(loudnessDbov: number, heard: boolean, kept: boolean): number {
  if (kept) return KEPT;
  const rank = 1 + Math.floor(-loudnessDbov) + (heard ? 0 : MARGIN_DB);
  return Math.max(KEPT + 1, Math.min(CLAIM_RANKS - 1, rank));
}

/**
 * How many of `max` places part `own` gets. Places go to the strongest claims. Among equal claims, and for unclaimed
 * places, earlier parts come first. The shares of all parts add up to `max` if all use the same figures in the same
 * order.
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

/** Keeps a player close to the newest sound. All times are in seconds. */

/** What a player should have before it begins: the network delivers ten times a second, not always in time. */
export const AHEAD_S = 0.2;
const TOO_FAR_S = 1;
const QUICKER_S = 0.4;
/** Hardly anybody hears it, and it makes up half a second in ten seconds. */
const QUICKER_RATE = 1.05;

export interface Correction {
  /** Undefined: stay. */
  readonly seekTo: number | undefined;
  readonly playbackRate: number;
}

/**
 * @param at where it plays
 * @param end of the sound that there is
 * @param rate at which it plays
 */
export function correctionOf(at: number, end: number, rate: number): Correction {
  const ahead = end - at;
  // A player that sleeps, or whose network stood still, leaves out what it missed.
  if (ahead > TOO_FAR_S) return { seekTo: end - AHEAD_S, playbackRate: 1 };
  if (ahead > QUICKER_S) return { seekTo: undefined, playbackRate: QUICKER_RATE };
  return { seekTo: undefined, playbackRate: ahead > AHEAD_S ? rate : 1 };
}

/** What is between a talker and a listener, as gains below about 1.2 kHz and far above it. */

/** A wall, for `muffle` 1. */
const WALL_LOW_DB = -8;
const WALL_HIGH_DB = -30;
/** The shell of a closed vehicle or a closed room, each time it is crossed. */
const SHELL_LOW_DB = -6;
const SHELL_HIGH_DB = -18;

const DECIBEL = Math.LN10 / 20;

export const SHELL = { low: Math.exp(DECIBEL * SHELL_LOW_DB), high: Math.exp(DECIBEL * SHELL_HIGH_DB) } as const;

/** The gain of low frequencies behind walls of `muffle`, from 0 (free) to 1 and more. */
export function muffledLow(muffle: number): number {
  return Math.exp(DECIBEL * WALL_LOW_DB * muffle);
}

/** The gain of high frequencies behind walls of `muffle`. */
export function muffledHigh(muffle: number): number {
  return Math.exp(DECIBEL * WALL_HIGH_DB * muffle);
}

/** How many shells sound crosses between two enclosures; 0 is the open. */
export function shellsBetween(one: number, other: number): number {
  if (one === other) return 0;
  return one === 0 || other === 0 ? 1 : 2;
}

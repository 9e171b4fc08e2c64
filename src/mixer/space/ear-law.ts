/**
 * What each ear hears of a voice from one direction. The near ear hears it unchanged, the far ear more quietly and more
 * dully, and never not at all: a voice in one ear only is unpleasant with headphones. In front both gains are 1, so a
 * voice there is as loud as in a flat room.
 */

/** `low` applies below about 1.2 kHz, `high` far above it; both are linear. */
export interface EarGains {
  leftLow: number;
  leftHigh: number;
  rightLow: number;
  rightHigh: number;
}

/** The far ear, for a voice exactly at the side. Speech is then 9 dB quieter there as a whole. */
const FAR_LOW_DB = -8;
const FAR_HIGH_DB = -18;
/** Headphones cannot tell front from back by level alone; a little less treble is a hint. */
const BEHIND_HIGH_DB = -4;
/** Within this distance in metres the direction fades, so that nobody jumps from ear to ear when walking through someone. */
const NEAR = 0.5;

/** Natural logarithm of the gain of one decibel. */
const DECIBEL = Math.LN10 / 20;

/**
 * Writes the gains into `out`.
 * @param side the sine of the angle to the right, from -1 (left) to 1 (right), times the cosine of the elevation
 * @param front the cosine of the angle to the front, from -1 (behind) to 1, times the cosine of the elevation
 * @param distance in metres
 */
export function earGains(side: number, front: number, distance: number, out: EarGains): void {
  const nearness = distance < NEAR ? distance / NEAR : 1;
  const aside = Math.abs(side) * nearness;
  const behind = Math.max(0, -front) * nearness;
  const both = Math.exp(DECIBEL * BEHIND_HIGH_DB * behind);
  const farLow = Math.exp(DECIBEL * FAR_LOW_DB * aside);
  const farHigh = both * Math.exp(DECIBEL * FAR_HIGH_DB * aside);
  const isRight = side > 0;
  out.leftLow = isRight ? farLow : 1;
  out.leftHigh = isRight ? farHigh : both;
  out.rightLow = isRight ? 1 : farLow;
  out.rightHigh = isRight ? both : farHigh;
}

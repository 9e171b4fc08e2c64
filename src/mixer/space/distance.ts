/** How loud a voice is at a distance. Distances are in metres, gains are linear. */
import type { DistanceCurve } from './space-settings.ts';

/** From this part of its range on, a voice fades to nothing. */
const WINDOW_FROM = 0.8;
/** Beyond this distance, air makes a voice duller: by 1 dB each time the distance doubles. */
const AIR_FROM = 8;
const AIR_EXPONENT = -1 / (20 * Math.log10(2));

/**
 * From 1 down to 0, which it reaches at the range of the voice.
 * @param range the greatest distance at which the voice can be heard
 */
export function distanceGain({ model, reference, rolloff }: DistanceCurve, distance: number, range: number): number {
  if (!(distance < range)) return 0;
  if (model === 'linear' && reference < range) {
    return distance <= reference ? 1 : (range - distance) / (range - reference);
  }
  const beyond = Math.max(distance, reference);
  const fallen =
    model === 'inverse' ? reference / (reference + rolloff * (beyond - reference)) : (beyond / reference) ** -rolloff;
  return fallen * window(distance, range);
}

/** What air leaves of the high frequencies. */
export function airGain(distance: number): number {
  return distance <= AIR_FROM ? 1 : (distance / AIR_FROM) ** AIR_EXPONENT;
}

/** 1 up to most of the range, then falling linearly to 0, so that nothing ends abruptly. */
function window(distance: number, range: number): number {
  return Math.min(1, (range - distance) / (range * (1 - WINDOW_FROM)));
}

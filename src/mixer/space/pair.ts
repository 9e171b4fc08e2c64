/** How one listener's ears hear one voice, from where both are. */
import {
  type BodyReader,
  EARS_COS,
  EARS_OF,
  EARS_SIN,
  EARS_X,
  EARS_Y,
  EARS_Z,
  ENCLOSURE,
  FACING_X,
  FACING_Y,
  FACING_Z,
  FLOATS,
  HEARS,
  LAYERS,
  MOUTH_X,
  MOUTH_Y,
  MOUTH_Z,
  MUFFLE,
  PLACED,
  RANGE,
  WORDS,
} from './body-table.ts';
import { airGain, distanceGain } from './distance.ts';
import { type EarGains, earGains } from './ear-law.ts';
import { muffledHigh, muffledLow, SHELL, shellsBetween } from './muffling.ts';
import type { SpaceSettings } from './space-settings.ts';

/** Whose ears somebody hears with: their own, or for a spectator those of another. */
export function earsOf({ words }: BodyReader, slot: number): number {
  const other = words[slot * WORDS + EARS_OF]!;
  return other < 0 ? slot : other;
}

/** Whether these bodies are in the world, and the ears hear a layer that the voice is in. */
export function shareLayers({ words }: BodyReader, voice: number, ears: number): boolean {
  const [at, to] = [voice * WORDS, ears * WORDS];
  return words[at + PLACED] === 1 && words[to + PLACED] === 1 && (words[at + LAYERS]! & words[to + HEARS]!) !== 0;
}

/** The square of the distance between a mouth and ears, in metres. */
export function squaredDistance({ floats }: BodyReader, voice: number, ears: number): number {
  const [at, to] = [voice * FLOATS, ears * FLOATS];
  const x = floats[at + MOUTH_X]! - floats[to + EARS_X]!;
  const y = floats[at + MOUTH_Y]! - floats[to + EARS_Y]!;
  const z = floats[at + MOUTH_Z]! - floats[to + EARS_Z]!;
  return x * x + y * y + z * z;
}

/** Whether a voice is near enough to these ears, and in a layer that they hear. `rangeFactor` shortens all ranges. */
export function isInEarshot(bodies: BodyReader, voice: number, ears: number, rangeFactor: number): boolean {
  if (!shareLayers(bodies, voice, ears)) return false;
  const range = bodies.floats[voice * FLOATS + RANGE]! * rangeFactor;
  return squaredDistance(bodies, voice, ears) < range * range;
}

/** Temporary within `pairGains`. */
const atEars: EarGains = { leftLow: 1, leftHigh: 1, rightLow: 1, rightHigh: 1 };

/**
 * Writes the gains of a pair into `out`: low and high of the left ear, then of the right ear.
 * @returns the louder ear's low gain; 0 if nothing can be heard
 */
export function pairGains(
  bodies: BodyReader,
  voice: number,
  ears: number,
  settings: SpaceSettings,
  rangeFactor: number,
  out: Float32Array,
): number {
  out.fill(0);
  if (!isInEarshot(bodies, voice, ears, rangeFactor)) return 0;
  const { floats, words } = bodies;
  const [at, to] = [voice * FLOATS, ears * FLOATS];
  const x = floats[at + MOUTH_X]! - floats[to + EARS_X]!;
  const y = floats[at + MOUTH_Y]! - floats[to + EARS_Y]!;
  const z = floats[at + MOUTH_Z]! - floats[to + EARS_Z]!;
  const distance = Math.sqrt(x * x + y * y + z * z);
  const range = floats[at + RANGE]! * rangeFactor;
  const near = distanceGain(settings.curve, distance, range);
  const unit = distance > 0 ? 1 / distance : 0;
  const [sin, cos] = [floats[to + EARS_SIN]!, floats[to + EARS_COS]!];
  // Looking along (sin, 0, -cos), the right hand is at (cos, 0, sin).
  earGains((x * cos + z * sin) * unit, (x * sin - z * cos) * unit, distance, atEars);
  const facing = x * floats[at + FACING_X]! + y * floats[at + FACING_Y]! + z * floats[at + FACING_Z]!;
  // The vector points from the ears to the mouth, so somebody who faces the ears looks along its opposite.
  const away = settings.cone ? Math.max(0, facing * unit) : 0;
  const muffle = bodies.pairMuffle(voice, ears) + floats[at + MUFFLE]! + floats[to + MUFFLE]!;
  const shells = shellsBetween(words[voice * WORDS + ENCLOSURE]!, words[ears * WORDS + ENCLOSURE]!);
  const low = near * muffledLow(muffle) * SHELL.low ** shells * (1 - AWAY_LOW * away);
  const high = near * airGain(distance) * muffledHigh(muffle) * SHELL.high ** shells * (1 - AWAY_HIGH * away);
  out[0] = low * atEars.leftLow;
  out[1] = high * atEars.leftHigh;
  out[2] = low * atEars.rightLow;
  out[3] = high * atEars.rightHigh;
  return low;
}

/** What the back of a talker's head takes away. */
const AWAY_LOW = 0.3;
const AWAY_HIGH = 0.6;

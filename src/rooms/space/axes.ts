/**
 * Coordinates as game engines use them, and as the mixer does: in metres, right-handed, x to the right, y up, and
 * forward along -z. A yaw is always in degrees, clockwise seen from above, and 0 looks along the engine's forward axis.
 */

import type { Axes } from '../../protocol/space.ts';

export type Point = readonly [x: number, y: number, z: number];

/** Metres, in the mixer's axes. */
export function toMetres(axes: Axes, metresPerUnit: number, x: number, y: number, z: number): Point {
  switch (axes) {
    case 'godot':
      return [x * metresPerUnit, y * metresPerUnit, z * metresPerUnit];
    case 'unity':
      return [x * metresPerUnit, y * metresPerUnit, -z * metresPerUnit];
    case 'unreal':
      return [y * metresPerUnit, z * metresPerUnit, -x * metresPerUnit];
    case 'source':
      return [-y * metresPerUnit, z * metresPerUnit, -x * metresPerUnit];
  }
}

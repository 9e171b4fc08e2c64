/**
 * Coordinates as game engines use them, and as the mixer does: in metres, right-handed, x to the right, y up, and
 * forward along -z. A yaw is always in degrees, clockwise seen from above, and 0 looks along the engine's forward axis.
 */

import type { Axes } from '../../protocol/space.ts';

export type Point = readonly [x: number, y: number, z: number];

/** Metres, in the mixer's axes. */
export function toMetres(axes: Axes, metresPerUnit: number, [x, y, z]: Point): [number, number, number] {
  const [right, up, forward] = directions(axes, x, y, z);
  return [right * metresPerUnit, up * metresPerUnit, -forward * metresPerUnit];
}

function directions(axes: Axes, x: number, y: number, z: number): Point {
  switch (axes) {
    case 'godot':
      return [x, y, -z];
    case 'unity':
      return [x, y, z];
    case 'unreal':
      return [y, z, x];
    case 'source':
      return [-y, z, x];
  }
}

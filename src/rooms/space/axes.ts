/**
 * Coordinates as game engines use them, and as the mixer does: in metres, right-handed, x to the right, y up, and
 * forward along -z. A yaw is always in degrees, clockwise seen from above, and 0 looks along the engine's forward axis.
 */

import type { Axes } from '../../protocol/space.ts';

export type Point = readonly [x: number, y: number, z: number];

export type MutablePoint = [x: number, y: number, z: number];

/**
 * Metres, in the mixer's axes.
 * @param point receives them; a new one by default
 */
export function toMetres(
  axes: Axes,
  metresPerUnit: number,
  x: number,
  y: number,
  z: number,
  point: MutablePoint = [0, 0, 0],
): MutablePoint {
  const isZUp = axes === 'unreal' || axes === 'source';
  point[0] = (isZUp ? (axes === 'source' ? -y : y) : x) * metresPerUnit;
  point[1] = (isZUp ? z : y) * metresPerUnit;
  point[2] = (isZUp ? -x : axes === 'unity' ? -z : z) * metresPerUnit;
  return point;
}

/** The other way: `at`, which is in metres in the mixer's axes, in the axes and units of an engine. */
export function fromMetres(axes: Axes, metresPerUnit: number, [x, y, z]: Point): Point {
  const [right, up, back] = [x / metresPerUnit, y / metresPerUnit, z / metresPerUnit];
  if (axes === 'unreal') return [-back, right, up];
  if (axes === 'source') return [-back, -right, up];
  return [right, up, axes === 'unity' ? -back : back];
}

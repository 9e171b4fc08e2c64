/**
 * The map and how people move on it, for the game server and the page. Seen from above, in metres: x grows to the
 * right, and z grows downwards, as in three.js and Godot. So looking up on the screen is looking along the forward axis.
 */

export interface Place {
  readonly x: number;
  readonly z: number;
}

/** Where somebody wants to go: each is -1, 0 or 1. */
export type Direction = Place;

export const WIDTH = 64;
export const DEPTH = 36;
export const WALL = { left: 31, right: 33, top: 11, bottom: 25 } as const;
/** The distance at which a voice can no longer be heard. The page shows it. */
export const EARSHOT = 20;
const SPEED_PER_S = 6;
const BODY_RADIUS = 0.5;

/** Everybody starts to the left of the wall, a few metres from the last one. */
export function startPlace(number: number): Place {
  return { x: 27 - 4 * (number % 6), z: DEPTH / 2 };
}

/** Where somebody is after `seconds`. The wall and the edges of the map stop them, and they slide along. */
export function walk({ x, z }: Place, direction: Direction, seconds: number): Place {
  const step = (SPEED_PER_S * seconds) / Math.max(1, Math.hypot(direction.x, direction.z));
  const toX = within(x + direction.x * step, WIDTH);
  const toZ = within(z + direction.z * step, DEPTH);
  const nextX = isInWall({ x: toX, z }) ? x : toX;
  return { x: nextX, z: isInWall({ x: nextX, z: toZ }) ? z : toZ };
}

/** Whether the straight line between two people meets the wall. */
export function isWallBetween(a: Place, b: Place): boolean {
  // The part of the line, from 0 to 1, that is between left and right and between top and bottom (slab method).
  const [fromX, toX] = partBetween(a.x, b.x, WALL.left, WALL.right);
  const [fromZ, toZ] = partBetween(a.z, b.z, WALL.top, WALL.bottom);
  return Math.max(fromX, fromZ, 0) <= Math.min(toX, toZ, 1);
}

function partBetween(from: number, to: number, low: number, high: number): readonly [number, number] {
  if (from === to) return from >= low && from <= high ? [0, 1] : [1, 0];
  const [one, other] = [(low - from) / (to - from), (high - from) / (to - from)];
  return one < other ? [one, other] : [other, one];
}

function within(value: number, size: number): number {
  return Math.min(size - BODY_RADIUS, Math.max(BODY_RADIUS, value));
}

function isInWall({ x, z }: Place): boolean {
  const { left, right, top, bottom } = WALL;
  return x > left - BODY_RADIUS && x < right + BODY_RADIUS && z > top - BODY_RADIUS && z < bottom + BODY_RADIUS;
}

/** What a room knows about a player in its space. */
import type { PlayerState } from '../../protocol/space.ts';
import type { MutablePoint, Point } from './axes.ts';

/** Where somebody is, in the room's axes and units. */
export interface Placement {
  /** The identity of a join token, or the id of a guest. */
  player: string;
  x: number;
  y: number;
  z: number;
  /** In degrees, clockwise from above. */
  yaw: number;
  /** In degrees, up. */
  pitch: number;
  /** They were moved there at once: nothing glides. */
  jump: boolean;
}

/** Somebody in the room, and what their client says about their ears. */
export interface Person {
  seatId: number | null;
  /** In degrees; null: as the player looks. */
  earsYaw: number | null;
  /** In metres, in the mixer's axes; null: at the player. */
  ears: Point | null;
}

export interface Body {
  readonly player: string;
  readonly slot: number;
  /** Made by its owner's client, and forgotten when they leave. */
  readonly isOwn: boolean;
  state: PlayerState;
  /** Null while nobody is here for it. */
  person: Person | null;
  isPlaced: boolean;
  /** The room does not have this body any more. */
  isForgotten: boolean;
  /** In metres, in the mixer's axes. */
  readonly at: MutablePoint;
  /** The same point unless they are elsewhere. */
  ears: Point;
  yaw: number;
  pitch: number;
  /** In metres. */
  range: number;
  /** Bits. */
  layers: number;
  hears: number;
}

export const DEFAULT_STATE: PlayerState = {
  range: 'normal',
  layers: [],
  hears: [],
  enclosure: null,
  muffle: 0,
  ears: null,
};

export function createBody(player: string, slot: number, person: Person | null, isOwn: boolean): Body {
  const at: MutablePoint = [0, 0, 0];
  // One literal: objects made by spreading several others are slow to read and write.
  return {
    player,
    slot,
    isOwn,
    state: DEFAULT_STATE,
    person,
    isPlaced: false,
    isForgotten: false,
    at,
    ears: at,
    yaw: 0,
    pitch: 0,
    range: 0,
    layers: 0,
    hears: 0,
  };
}

/** `wanted`, or the nearest point within `tether` of `centre`. */
export function tethered(wanted: Point, centre: Point, tether: number): Point {
  const [x, y, z] = [wanted[0] - centre[0], wanted[1] - centre[1], wanted[2] - centre[2]];
  const distance = Math.hypot(x, y, z);
  if (distance <= tether) return wanted;
  const share = tether / distance;
  return [centre[0] + x * share, centre[1] + y * share, centre[2] + z * share];
}

/**
 * The shared memory in which games tell Mumble where their player is (Mumble's "Link" plugin, `struct LinkedMem`). This
 * is its form on Linux, where a `wchar_t` has four bytes. Everything is in metres, with x to the right, y up and z
 * forward, as in Unity.
 */
import { closeSync, openSync, readSync } from 'node:fs';

type Vector = readonly [x: number, y: number, z: number];

export interface LinkedGame {
  /** The game's name. */
  readonly name: string;
  /** Grows with each frame of the game. */
  readonly tick: number;
  readonly position: Vector;
  /** Where the player looks, in degrees clockwise from above; 0 is along z. */
  readonly yaw: number;
}

export type LinkState =
  /** No game has reported a position, or the player has none: in a menu, for example. */
  | { readonly kind: 'absent' }
  /** The game no longer reports: it is paused, or was killed. */
  | { readonly kind: 'paused'; readonly name: string }
  | { readonly kind: 'playing'; readonly name: string; readonly position: Vector; readonly yaw: number };

/** Offsets in bytes. */
const [VERSION, TICK, AVATAR_POSITION, AVATAR_FRONT, NAME, CAMERA_FRONT] = [0, 4, 8, 20, 44, 1080] as const;
const NAME_CHARACTERS = 256;
export const LINK_BYTES = 10_580;
/** Mumble waits just as long. */
const PAUSED_MS = 5000;

export function linkPath(userId: number): string {
  return `/dev/shm/MumbleLink.${userId}`;
}

/** What is in the memory now; undefined if there is none. The game may be writing, so the next reading may differ. */
export function readLink(path: string): LinkedGame | undefined {
  const bytes = Buffer.alloc(LINK_BYTES);
  try {
    const file = openSync(path, 'r');
    try {
      if (readSync(file, bytes, 0, LINK_BYTES, 0) < LINK_BYTES) return undefined;
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
  return parseLink(bytes);
}

/** Undefined if nothing was written, or if the player has no position, for which games write zeros. */
export function parseLink(bytes: Buffer): LinkedGame | undefined {
  const vector = (at: number): Vector => [bytes.readFloatLE(at), bytes.readFloatLE(at + 4), bytes.readFloatLE(at + 8)];
  const position = vector(AVATAR_POSITION);
  const isSomewhere = position.every(Number.isFinite) && position.some((value) => value !== 0);
  if (bytes.readUInt32LE(VERSION) === 0 || !isSomewhere) return undefined;
  // Ears look where the camera does. Version 1 has none.
  const yaw = yawOf(vector(CAMERA_FRONT)) ?? yawOf(vector(AVATAR_FRONT)) ?? 0;
  return { name: textAt(bytes, NAME), tick: bytes.readUInt32LE(TICK), position, yaw };
}

function yawOf([x, , z]: Vector): number | undefined {
  if (!Number.isFinite(x) || !Number.isFinite(z) || (x === 0 && z === 0)) return undefined;
  return (Math.atan2(x, z) * 180) / Math.PI;
}

/** Reads up to the first zero, and skips invalid characters. */
function textAt(bytes: Buffer, at: number): string {
  let text = '';
  for (let index = 0; index < NAME_CHARACTERS; index++) {
    const code = bytes.readUInt32LE(at + 4 * index);
    if (code === 0) break;
    if (code <= 0x10_ff_ff) text += String.fromCodePoint(code);
  }
  return text;
}

/** Notices that the game no longer writes. */
export class LinkWatch {
  #tick: number | undefined;
  #changedMs = 0;

  /** @param nowMs a monotonic time */
  see(game: LinkedGame | undefined, nowMs: number): LinkState {
    if (game === undefined) {
      this.#tick = undefined;
      return { kind: 'absent' };
    }
    const { name, tick, position, yaw } = game;
    if (tick !== this.#tick) {
      // The first content may be left over from a game that was killed.
      this.#changedMs = this.#tick === undefined ? Number.NEGATIVE_INFINITY : nowMs;
      this.#tick = tick;
    }
    return nowMs - this.#changedMs < PAUSED_MS ? { kind: 'playing', name, position, yaw } : { kind: 'paused', name };
  }
}

/**
 * The shouts of one part of a room, in memory that the parts of all linked rooms read. A shout goes to everyone in a
 * linked room, or to nobody there.
 */
import type { Contributor } from '../../mixer/mix/contributor.ts';
import { type Address, NOWHERE, TO_ROOM } from '../../mixer/mix/voice-path.ts';
import { TARGETED_BYTES, TargetedRing } from './targeted-ring.ts';

const ORDER_BYTES = 8;

/**
 * Memory for the shouts of one part of a room.
 * @param room its number
 * @param part identifies the part within its room, and is never reused
 */
export function createShoutRing(room: number, part: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(ORDER_BYTES + TARGETED_BYTES);
  new Int32Array(memory).set([room, part]);
  new TargetedRing(memory, ORDER_BYTES).clear();
  return memory;
}

/** See `createShoutRing`. */
export class ShoutRing {
  /** Identifies the part among those of all rooms. */
  readonly key: string;
  readonly voices: TargetedRing;

  constructor(memory: SharedArrayBuffer) {
    this.key = new Int32Array(memory, 0, 2).join(' ');
    this.voices = new TargetedRing(memory, ORDER_BYTES);
  }

  /** @param channel the one in which people shout in this room */
  write(tick: number, shouts: readonly Contributor[], channel: number): void {
    const seen = ({ channels }: Address): Address => (channels.has(channel) ? TO_ROOM : NOWHERE);
    this.voices.write(tick, shouts, seen);
  }
}

/** How the parts of a room keep their last ticks in shared memory: a slot for each of them, with its tick in front. */

/** A power of two: one slot being written, one being read, and room for a late worker. */
export const SLOTS = 4;
/** In place of a tick, while a slot is being written or before it was. */
export const EMPTY = -1;
/** The other worker has not reached that tick, or passed it long ago. */
export const MISSING = -1;

/** The slot of a tick. */
export function slotOf(tick: number): number {
  return tick & (SLOTS - 1);
}

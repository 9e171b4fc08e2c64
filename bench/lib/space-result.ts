import type { Machine } from './machine.ts';
import type { Column } from './table.ts';

/** A room with space in which all listeners have their own stereo mix. */
export interface SpaceRow {
  readonly listeners: number;
  /** Time of a tick in ms; of those 20 ms, the worker also needs some to send. */
  readonly medianMs: number;
  readonly p99Ms: number;
  /** CPU time per listener and tick in µs, all included. */
  readonly cpuUsPerListener: number;
  /** Share of the time that was spent in encoders. */
  readonly encodePercent: number;
}

/** What `bench/space.ts` writes. */
export interface SpaceResult {
  readonly benchmark: 'space';
  readonly machine: Machine;
  readonly talkers: number;
  readonly rows: readonly SpaceRow[];
  /** The largest number of listeners that leaves time to send and 5 ms; 0 if there is none. */
  readonly largest: number;
}

export const SPACE_COLUMNS: readonly Column<SpaceRow>[] = [
  { title: 'listeners', value: (row) => String(row.listeners) },
  { title: 'tick, ms\nmedian', value: (row) => row.medianMs.toFixed(1) },
  { title: 'tick, ms\np99', value: (row) => row.p99Ms.toFixed(1) },
  { title: 'CPU per listener\nand tick, µs', value: (row) => row.cpuUsPerListener.toFixed(0) },
  { title: 'of it encoders\n%', value: (row) => row.encodePercent.toFixed(0) },
];

export function largestText({ largest, talkers }: SpaceResult): string {
  const found = largest === 0 ? 'None of these rooms is' : `Up to ${largest} listeners are`;
  return `${found} in time with ${talkers} voices: 99 % of the ticks leave 16 µs per listener to send, and 5 ms. The limit is set by the encoders, one for each listener.`;
}

import type { Machine } from './machine.ts';
import type { Column } from './table.ts';

/** One room that fills with people who have no media. */
export interface RosterRow {
  readonly people: number;
  /** Time from opening the WebSocket to `joined`. */
  readonly joinMs: { readonly median: number; readonly p95: number; readonly max: number };
  /** CPU time of the whole server for each join. */
  readonly cpuMsPerJoin: number;
  /** The largest `joined`. */
  readonly joinedBytes: number;
  /** Everything that each of them was sent while the room filled, on average. */
  readonly receivedBytes: number;
  /** Memory of the server beyond that of the empty server. */
  readonly residentBytesPerPerson: number;
  /** CPU of the whole server while one after the other changes what others see of them, in percent of a core. */
  readonly changesCpuPercent: number;
  /** Connections that the server has closed. */
  readonly cutOff: number;
}

/** What `bench/roster.ts` writes. */
export interface RosterResult {
  readonly benchmark: 'roster';
  readonly machine: Machine;
  readonly changesPerSecond: number;
  readonly rows: readonly RosterRow[];
}

export const ROSTER_COLUMNS: readonly Column<RosterRow>[] = [
  { title: 'people', value: ({ people }) => String(people) },
  { title: 'join, ms\nmedian', value: ({ joinMs }) => joinMs.median.toFixed(0) },
  { title: 'join, ms\np95', value: ({ joinMs }) => joinMs.p95.toFixed(0) },
  { title: 'server CPU\na join, ms', value: (row) => row.cpuMsPerJoin.toFixed(2) },
  { title: 'largest\njoined, kB', value: (row) => (row.joinedBytes / 1000).toFixed(1) },
  { title: 'sent to each\nmeanwhile, kB', value: (row) => (row.receivedBytes / 1000).toFixed(0) },
  { title: 'memory\na person, kB', value: (row) => (row.residentBytesPerPerson / 1000).toFixed(0) },
  { title: 'server CPU\nwith changes, %', value: (row) => row.changesCpuPercent.toFixed(1) },
  { title: 'cut off', value: ({ cutOff }) => String(cutOff) },
];

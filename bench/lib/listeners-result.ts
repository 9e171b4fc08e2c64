import type { Machine } from './machine.ts';
import type { Column } from './table.ts';

/** A room with a number of listeners over HTTP. */
export interface ListenersRow {
  readonly listeners: string;
  /** Of the whole server, in percent of a core. */
  readonly cpuPercent: number;
  /** What each listener who reads gets. */
  readonly kilobitsPerSecond: number;
  readonly latenessP99Ms: number;
  /** The lowest rate among the people in the room. */
  readonly packetsPerSecondMin: number;
  readonly residentMegabytes: number;
}

/** What `bench/listeners.ts` writes. */
export interface ListenersResult {
  readonly benchmark: 'listeners';
  readonly machine: Machine;
  readonly format: string;
  readonly seconds: number;
  readonly rows: readonly ListenersRow[];
}

export const LISTENERS_COLUMNS: readonly Column<ListenersRow>[] = [
  { title: 'listeners', value: (row) => row.listeners },
  { title: 'server\nCPU, %', value: (row) => row.cpuPercent.toFixed(1) },
  { title: 'each hears\nkb/s', value: (row) => row.kilobitsPerSecond.toFixed(0) },
  { title: 'tick lateness\np99, ms', value: (row) => row.latenessP99Ms.toFixed(2) },
  { title: 'packets a second\nin the room, least', value: (row) => row.packetsPerSecondMin.toFixed(1) },
  { title: 'memory\nMB', value: (row) => row.residentMegabytes.toFixed(0) },
];

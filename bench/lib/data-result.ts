import type { Machine } from './machine.ts';
import type { Column } from './table.ts';

export interface DataRow {
  readonly carrier: 'WebSocket' | 'data channel';
  readonly openMs: number;
  readonly roundTripMs: { readonly median: number; readonly p99: number };
  /** CPU time of the server for one message and its echo. */
  readonly microsecondsPerEcho: number;
  /** Of messages of 16 KiB, all sent at once and all echoed. */
  readonly megabytesPerSecond: number;
}

/** What `bench/data.ts` writes. */
export interface DataResult {
  readonly benchmark: 'data';
  readonly machine: Machine;
  readonly messageBytes: number;
  readonly rows: readonly DataRow[];
}

export const DATA_COLUMNS: readonly Column<DataRow>[] = [
  { title: 'carrier', value: ({ carrier }) => carrier },
  { title: 'opens\nafter, ms', value: ({ openMs }) => openMs.toFixed(0) },
  { title: 'round trip,\nmedian, ms', value: ({ roundTripMs }) => roundTripMs.median.toFixed(2) },
  { title: 'p99, ms', value: ({ roundTripMs }) => roundTripMs.p99.toFixed(2) },
  { title: 'server CPU\nan echo, µs', value: ({ microsecondsPerEcho }) => microsecondsPerEcho.toFixed(0) },
  { title: 'in bulk,\nMB/s', value: ({ megabytesPerSecond }) => megabytesPerSecond.toFixed(1) },
];

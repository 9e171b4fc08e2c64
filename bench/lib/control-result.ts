import type { Machine } from './machine.ts';
import type { Column } from './table.ts';

/**
 * What the game server sends. `nothing` shows what the idle server uses, and `ping`, a message without positions, what
 * it costs to receive anything at all: a thread that sleeps between messages has cold caches.
 */
export type PositionFormat = 'nothing' | 'ping' | 'binary' | 'json';

export interface ControlRow {
  readonly format: PositionFormat;
  readonly bytesPerBatch: number;
  readonly batches: number;
  /** User and system time of the whole server, in percent of a core. */
  readonly cpuPercent: number;
  /** Extra cost of a batch, in microseconds, compared with the same time without batches. */
  readonly microsecondsPerBatch: number;
}

/** What `bench/control.ts` writes. */
export interface ControlResult {
  readonly benchmark: 'control';
  readonly machine: Machine;
  readonly players: number;
  readonly rateHz: number;
  readonly formats: readonly ControlRow[];
}

export const CONTROL_COLUMNS: readonly Column<ControlRow>[] = [
  { title: 'positions', value: ({ format }) => format },
  { title: 'bytes\na batch', value: ({ bytesPerBatch }) => String(bytesPerBatch) },
  { title: 'batches', value: ({ batches }) => String(batches) },
  { title: 'server\nCPU, %', value: ({ cpuPercent }) => cpuPercent.toFixed(2) },
  { title: 'a batch,\nµs', value: ({ microsecondsPerBatch }) => microsecondsPerBatch.toFixed(0) },
];

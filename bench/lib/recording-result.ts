import type { Machine } from './machine.ts';
import type { Column } from './table.ts';

/** The recording of a room in which everybody talks without a pause. Shares are of one core. */
export interface RecordingRow {
  readonly people: number;
  /** The tap in the media worker, which is part of its tick. */
  readonly workerPercent: number;
  /** With the files, the operating system and its threads. */
  readonly mainPercent: number;
  /** 99 % of the turns of the main thread take less. */
  readonly turnMs: number;
  /** For each person. */
  readonly megabytesPerHour: number;
}

/** What `bench/recording.ts` writes. */
export interface RecordingResult {
  readonly benchmark: 'recording';
  readonly machine: Machine;
  readonly seconds: number;
  readonly rows: readonly RecordingRow[];
}

export const RECORDING_COLUMNS: readonly Column<RecordingRow>[] = [
  { title: 'people', value: (row) => String(row.people) },
  { title: 'worker\n% of a core', value: (row) => row.workerPercent.toFixed(2) },
  { title: 'main thread and files\n% of a core', value: (row) => row.mainPercent.toFixed(2) },
  { title: 'turn of the main thread\np99, ms', value: (row) => row.turnMs.toFixed(2) },
  { title: 'MB an hour\nand person', value: (row) => row.megabytesPerHour.toFixed(1) },
];

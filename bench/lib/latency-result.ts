import type { Machine } from './machine.ts';
import type { Column } from './table.ts';

/** What `bench/latency.ts` writes and `bench/report.ts` reads. */
export interface LatencyResult {
  readonly benchmark: 'latency';
  readonly machine: Machine;
  /** Each packet was held back by a time drawn evenly from 0 to this. */
  readonly jitterMs: number;
  readonly seed: number;
  readonly trials: number;
  /** Trials whose sound did not come out recognisably. */
  readonly missed: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly maxMs: number;
  /** Share of the frames played that were concealed. */
  readonly concealedPercent: number;
}

export const LATENCY_COLUMNS: readonly Column<LatencyResult>[] = [
  { title: 'jitter, ms', value: (result) => String(result.jitterMs) },
  { title: 'trials', value: (result) => String(result.trials) },
  { title: 'missed', value: (result) => String(result.missed) },
  { title: 'p50, ms', value: (result) => result.p50Ms.toFixed(1) },
  { title: 'p95, ms', value: (result) => result.p95Ms.toFixed(1) },
  { title: 'max, ms', value: (result) => result.maxMs.toFixed(1) },
  { title: 'concealed, %', value: (result) => result.concealedPercent.toFixed(2) },
];

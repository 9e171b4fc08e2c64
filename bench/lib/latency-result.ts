import type { Chart } from './chart.ts';
import type { Machine } from './machine.ts';
import { mean } from './statistics.ts';
import type { Column } from './table.ts';

/** One run against one server. */
export interface LatencyRun {
  /** For example `Partyline` or `Janus 1.1.2, buffer of 2`. */
  readonly server: string;
  readonly trials: number;
  /** Trials whose sound could not be recognized at the output. */
  readonly missed: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly maxMs: number;
  /** Share of the played frames that were concealed. Only Partyline reports it. */
  readonly concealedPercent?: number;
}

/** What `bench/latency.ts` writes and `bench/report.ts` reads. */
export interface LatencyResult {
  readonly benchmark: 'latency';
  readonly machine: Machine;
  /** Each packet was held back for a time drawn evenly from 0 to this. */
  readonly jitterMs: number;
  readonly seed: number;
  /** In the order in which they were made: the servers take turns. */
  readonly runs: readonly LatencyRun[];
}

/** A row of the table. */
export type LatencyRow = LatencyRun & { readonly jitterMs: number };

export function rowsOfLatency({ runs, jitterMs }: LatencyResult): LatencyRow[] {
  return runs.map((run) => ({ jitterMs, ...run }));
}

export const LATENCY_COLUMNS: readonly Column<LatencyRow>[] = [
  { title: 'server', value: (row) => row.server },
  { title: 'jitter, ms', value: (row) => String(row.jitterMs) },
  { title: 'trials', value: (row) => String(row.trials) },
  { title: 'missed', value: (row) => String(row.missed) },
  { title: 'p50, ms', value: (row) => row.p50Ms.toFixed(1) },
  { title: 'p95, ms', value: (row) => row.p95Ms.toFixed(1) },
  { title: 'max, ms', value: (row) => row.maxMs.toFixed(1) },
  { title: 'concealed, %', value: (row) => row.concealedPercent?.toFixed(2) ?? '–' },
];

/** Plots the median against the jitter, one line per server. Undefined without at least two amounts of jitter. */
export function latencyChart(results: readonly LatencyResult[]): Chart | undefined {
  const sorted = [...results].sort((a, b) => a.jitterMs - b.jitterMs);
  const [first] = sorted;
  if (first === undefined || sorted.length < 2) return undefined;
  const servers = [...new Set(sorted.flatMap(({ runs }) => runs.map(({ server }) => server)))];
  return {
    title: 'Delay added by the server',
    subtitle: `median of ${first.runs[0]!.trials} sounds, ${first.machine.cpu}`,
    xLabel: 'jitter of the network: each packet held back by 0 to this many ms',
    yLabel: 'ms',
    series: servers.map((name) => ({
      name,
      points: sorted.flatMap(({ jitterMs, runs }) => {
        const own = runs.filter(({ server }) => server === name).map(({ p50Ms }) => p50Ms);
        return own.length === 0 ? [] : [[jitterMs, mean(own)] as const];
      }),
    })),
  };
}

import type { Chart } from './chart.ts';
import type { Machine } from './machine.ts';
import type { PlayoutFigures } from './playout/outcome.ts';
import { mean } from './statistics.ts';
import type { Column } from './table.ts';

export interface JitterRow {
  readonly trace: string;
  /** Share of the frames sent. */
  readonly networkLossPercent: number;
  readonly partyline: PlayoutFigures;
  readonly netEqRule: PlayoutFigures;
  /** One entry for each requested target. */
  readonly fixed: readonly PlayoutFigures[];
}

/** What `bench/jitter.ts` writes. */
export interface JitterResult {
  readonly benchmark: 'jitter';
  readonly machine: Machine;
  readonly seed: number;
  readonly runs: number;
  /** Length of each trace. */
  readonly seconds: number;
  readonly fixedMs: readonly number[];
  readonly rows: readonly JitterRow[];
}

export function jitterColumns(fixedMs: readonly number[]): readonly Column<JitterRow>[] {
  return [
    { title: 'network', value: (row) => row.trace },
    { title: 'lost\n%', value: (row) => row.networkLossPercent.toFixed(1) },
    ...columnsOf('Partyline', (row) => row.partyline),
    ...columnsOf('NetEq rule', (row) => row.netEqRule),
    ...fixedMs.map((ms, index) => ({
      title: `fixed ${ms} ms\nwait, conc.`,
      value: ({ fixed }: JitterRow) =>
        `${fixed[index]!.waitMeanMs.toFixed(0)}, ${fixed[index]!.concealedPercent.toFixed(1)}`,
    })),
  ];
}

function columnsOf(name: string, of: (row: JitterRow) => PlayoutFigures): Column<JitterRow>[] {
  return [
    { title: `${name}\nwait, ms`, value: (row) => of(row).waitMeanMs.toFixed(1) },
    { title: 'p95\nms', value: (row) => of(row).waitP95Ms.toFixed(1) },
    { title: 'concealed\n%', value: (row) => of(row).concealedPercent.toFixed(2) },
    { title: 'unplayed\n%', value: (row) => of(row).unplayedPercent.toFixed(2) },
    { title: 'recovered\ns', value: (row) => recoveryText(of(row).recoveryMs) },
  ];
}

function recoveryText(recoveryMs: number | undefined): string {
  if (recoveryMs === undefined) return '';
  return Number.isFinite(recoveryMs) ? (recoveryMs / 1000).toFixed(1) : 'never';
}

/** Shows every way to play as one point, the mean over all networks. The points of the fixed delays are joined. */
export function jitterChart(result: JitterResult): Chart {
  const point = (of: (row: JitterRow) => PlayoutFigures) => {
    const wait = mean(result.rows.map((row) => of(row).waitMeanMs));
    const beyond = mean(result.rows.map((row) => of(row).concealedPercent - row.networkLossPercent));
    return [wait, Math.max(0, beyond)] as const;
  };
  return {
    title: 'What waiting for late packets costs and saves',
    subtitle: `mean over ${result.rows.length} simulated networks; lower left is better`,
    xLabel: 'mean wait of a packet in the buffer, ms',
    yLabel: 'concealed beyond the loss of the network, %',
    series: [
      { name: 'Partyline', points: [point((row) => row.partyline)] },
      { name: 'NetEq rule', points: [point((row) => row.netEqRule)] },
      {
        name: `fixed ${result.fixedMs.join(', ')} ms`,
        points: result.fixedMs.map((_, index) => point((row) => row.fixed[index]!)),
      },
    ],
  };
}

import type { Chart } from './chart.ts';
import type { Machine } from './machine.ts';
import type { QualityFigures } from './quality/compare.ts';
import { mean } from './statistics.ts';
import type { Column } from './table.ts';

export interface QualityRow extends QualityFigures {
  /** `none` means the packets as they were sent, decoded and added up without a server. */
  readonly server: string;
  readonly talkers: number;
  /** Loss on the way in and, independently, on the way out. */
  readonly lossPercent: number;
}

/** What `bench/quality.ts` writes. */
export interface QualityResult {
  readonly benchmark: 'quality';
  readonly machine: Machine;
  readonly seed: number;
  readonly seconds: number;
  readonly rows: readonly QualityRow[];
}

export const QUALITY_COLUMNS: readonly Column<QualityRow>[] = [
  { title: 'server', value: (row) => row.server },
  { title: 'talkers', value: (row) => String(row.talkers) },
  { title: 'loss each\nway, %', value: (row) => String(row.lossPercent) },
  { title: 'segmental\nSNR, dB', value: (row) => row.segmentalSnrDb.toFixed(1) },
  { title: 'ESTOI', value: (row) => row.estoi.toFixed(3) },
  { title: 'delay\np50, ms', value: (row) => delayText(row.delayP50Ms) },
  { title: 'delay\np95, ms', value: (row) => delayText(row.delayP95Ms) },
];

function delayText(ms: number): string {
  return Number.isFinite(ms) ? ms.toFixed(1) : '-';
}

/** Plots ESTOI against loss, one line per server: the mean over the numbers of talkers. */
export function qualityChart({ rows, seconds, machine }: QualityResult): Chart {
  const measured = rows.filter(({ server }) => server !== 'none');
  const talkers = [...new Set(measured.map((row) => row.talkers))];
  const series = [...new Set(measured.map(({ server }) => server))].map((server) => {
    const own = measured.filter((row) => row.server === server);
    const losses = [...new Set(own.map(({ lossPercent }) => lossPercent))].sort((a, b) => a - b);
    const estoiAt = (loss: number) => mean(own.filter((row) => row.lossPercent === loss).map(({ estoi }) => estoi));
    return { name: server, points: losses.map((loss) => [loss, estoiAt(loss)] as const) };
  });
  return {
    title: 'Intelligibility of what a listener hears',
    subtitle: `mean of rooms with ${talkers.join(', ')} talking for ${seconds} s, ${machine.cpu}`,
    xLabel: 'packets lost on the way in and again on the way out, %',
    yLabel: 'ESTOI (1: as intelligible as the original)',
    series,
  };
}

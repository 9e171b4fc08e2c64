import { groupRuns, type ScalingRun } from './scaling-result.ts';
import { mean } from './statistics.ts';
import type { Column } from './table.ts';

/** Compares two servers at one room size, or each in the largest room that it serves on time. */
export interface ComparisonRow {
  readonly participants: string;
  /** Server CPU per participant in % of a core: mean and extremes over the runs. */
  readonly own: Spread;
  readonly other: Spread;
  /** How many times as much CPU the other server needs. */
  readonly ratio: number;
}

export interface Spread {
  readonly mean: number;
  readonly min: number;
  readonly max: number;
}

/** Compares the first server in `runs` with the second. Empty if there is no second one. */
export function compareRuns(runs: readonly ScalingRun[]): ComparisonRow[] {
  const [own, other] = groupRuns(runs);
  if (own === undefined || other === undefined) return [];
  const rows = own.sizes.flatMap((size) => {
    const same = other.sizes.find(({ participants }) => participants === size.participants);
    return same === undefined ? [] : [compare(String(size.participants), size.cpuPercentEach, same.cpuPercentEach)];
  });
  const largest = own.sizes.findLast(({ onTime }) => onTime);
  const otherLargest = other.sizes.findLast(({ onTime }) => onTime);
  if (largest === undefined || otherLargest === undefined || largest.participants === otherLargest.participants)
    return rows;
  const title = `${largest.participants} to ${otherLargest.participants}`;
  return [...rows, compare(title, largest.cpuPercentEach, otherLargest.cpuPercentEach)];
}

/** `names` are the names of the two servers. */
export function comparisonColumns([own, other]: readonly [string, string]): readonly Column<ComparisonRow>[] {
  return [
    { title: 'partici-\npants', value: (row) => row.participants },
    { title: `${own}\nCPU each, % core`, value: (row) => formatSpread(row.own) },
    { title: `${other}\nCPU each, % core`, value: (row) => formatSpread(row.other) },
    { title: 'ratio', value: (row) => row.ratio.toFixed(2) },
  ];
}

function compare(participants: string, own: readonly number[], other: readonly number[]): ComparisonRow {
  const ratio = mean(other) / mean(own);
  return { participants, own: spread(own), other: spread(other), ratio };
}

function spread(values: readonly number[]): Spread {
  return { mean: mean(values), min: Math.min(...values), max: Math.max(...values) };
}

function formatSpread({ mean: middle, min, max }: Spread): string {
  return `${middle.toFixed(3)} (${min.toFixed(3)} to ${max.toFixed(3)})`;
}

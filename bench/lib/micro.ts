import { percentile } from './statistics.ts';
import type { Column } from './table.ts';

/** One thing to be timed. */
export interface MicroCase {
  readonly name: string;
  /** Runs it this many times. */
  readonly run: (times: number) => void;
  /** In milliseconds. Real time by default. */
  readonly clock?: () => number;
}

export interface MicroRow {
  readonly name: string;
  /** Median over all batches. */
  readonly medianUs: number;
  /** The fastest batch: how long it takes when nothing disturbs it. */
  readonly fastestUs: number;
  /** The median divided by that of the first case. */
  readonly ratio: number;
}

export interface MicroOptions {
  readonly rounds: number;
  /** Length of one batch. */
  readonly batchMs: number;
  readonly onProgress: (text: string) => void;
}

/**
 * Times all cases in turn, one batch of each per round, so that a busy machine affects all of them alike and the ratios
 * hold. The event loop runs between batches.
 */
export async function measureMicro(cases: readonly MicroCase[], options: MicroOptions): Promise<MicroRow[]> {
  const { rounds, batchMs, onProgress } = options;
  const times = cases.map((each) => timesFor(each, batchMs));
  const batches = cases.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    onProgress(`round ${round + 1} of ${rounds}`);
    for (const [index, each] of cases.entries()) {
      batches[index]!.push((1000 * timed(each, times[index]!)) / times[index]!);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const base = percentile(batches[0] ?? [], 0.5);
  return cases.map(({ name }, index) => {
    const medianUs = percentile(batches[index]!, 0.5);
    return { name, medianUs, fastestUs: Math.min(...batches[index]!), ratio: medianUs / base };
  });
}

export const MICRO_COLUMNS: readonly Column<MicroRow>[] = [
  { title: 'what', value: ({ name }) => name },
  { title: 'median\nµs', value: ({ medianUs }) => medianUs.toFixed(2) },
  { title: 'fastest\nµs', value: ({ fastestUs }) => fastestUs.toFixed(2) },
  { title: 'against\nthe first', value: ({ ratio }) => ratio.toFixed(2) },
];

/** How many runs fit in a batch. Finding out also gets the code compiled. */
function timesFor(each: MicroCase, batchMs: number): number {
  let times = 1;
  while (timed(each, times) < batchMs) times *= 2;
  return times;
}

/** Milliseconds. */
function timed({ run, clock = () => performance.now() }: MicroCase, times: number): number {
  const startMs = clock();
  run(times);
  return clock() - startMs;
}

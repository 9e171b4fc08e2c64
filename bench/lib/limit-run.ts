import type { Driver } from './driver.ts';
import { findLimit } from './limit.ts';
import type { Machine } from './machine.ts';
import { isOnTime, type ScalingRun } from './scaling-result.ts';
import { runScaling, type ScalingPlan } from './scaling-run.ts';
import type { StartServer } from './servers.ts';
import type { Column } from './table.ts';

/** The machine may have disturbed a room that was tried, so a second attempt decides. */
const ATTEMPTS = 2;

/** What `bench/scaling.ts --find-limit` writes. */
export interface LimitResult {
  readonly benchmark: 'limit';
  readonly machine: Machine;
  readonly talkers: number;
  readonly workers: readonly number[];
  /** Time between the last join and each window. */
  readonly warmUpSeconds: number;
  /** Length of each window. */
  readonly seconds: number;
  readonly servers: readonly ServerLimit[];
}

export interface ServerLimit {
  readonly server: string;
  /** Participants in the largest room where everybody was sent sound on time, to 5 %; 0 if there was none. */
  readonly largest: number;
  /** Whether the search stopped there because it was not allowed to go further. */
  readonly atHighest: boolean;
  /** The rooms that were tried, in order. */
  readonly probes: readonly ScalingRun[];
}

/** Searches from the smallest to the largest of `plan.sizes`, with a new server for each room that is tried. */
export async function searchLimit(start: StartServer, driver: Driver, plan: ScalingPlan): Promise<ServerLimit> {
  const probes: ScalingRun[] = [];
  const [lowest, highest] = [plan.sizes[0]!, plan.sizes.at(-1)!];
  const holds = async (size: number): Promise<boolean> => {
    const run = await runScaling(start, driver, { ...plan, sizes: [size] });
    probes.push(run);
    return run.steps.some(isOnTime);
  };
  const largest = await findLimit({ lowest, highest, attempts: ATTEMPTS, holds });
  return { server: probes[0]!.server, largest, atHighest: largest === highest, probes };
}

export const LIMIT_COLUMNS: readonly Column<ServerLimit>[] = [
  { title: 'server', value: ({ server }) => server },
  { title: 'largest room\non time', value: ({ largest, atHighest }) => `${atHighest ? '≥ ' : ''}${largest}` },
  { title: 'rooms\ntried', value: ({ probes }) => String(probes.length) },
];

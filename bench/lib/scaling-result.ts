import type { Chart } from './chart.ts';
import type { Machine } from './machine.ts';
import { mean } from './statistics.ts';
import type { Column } from './table.ts';

/** Figures that only a Partyline server reports. */
export interface OwnFigures {
  readonly tickLatenessP50Ms: number;
  readonly tickLatenessP99Ms: number;
  /** The upper bound of the histogram bucket that holds the latest tick. */
  readonly tickLatenessMaxMs: number;
  readonly ticksSkipped: number;
  readonly encodesPerTick: number;
}

/** The figures at one room size. Percentages are of one core. */
export interface ScalingStep extends Partial<OwnFigures> {
  readonly participants: number;
  readonly serverCpuPercent: number;
  readonly serverCpuPercentEach: number;
  /** The server thread that works most: this is what one core has to bear. Linux only. */
  readonly busiestThreadPercent?: number;
  readonly clientCpuPercent: number;
  /** Not counting the pauses that the server makes in silence. */
  readonly packetsPerSecondMean: number;
  /** For the participant that received the fewest packets. */
  readonly packetsPerSecondMin: number;
  readonly packetsLost: number;
  /** The longest gap between two packets for any participant, minus the time during which the client did not read. */
  readonly largestGapMs: number;
  /** The longest time during which the client did not read its sockets. */
  readonly clientPauseMs: number;
  /** Resident memory beyond that of the empty server, per participant. */
  readonly memoryMbEach: number;
  readonly joinP50Ms: number;
}

/** One server, from the smallest room to the largest. */
export interface ScalingRun {
  /** For example `Partyline` or `Janus 1.1.2`. */
  readonly server: string;
  readonly steps: readonly ScalingStep[];
  /** Why larger rooms were not measured. */
  readonly stopped?: string;
}

/** What `bench/scaling.ts` writes and `bench/report.ts` reads. */
export interface ScalingResult {
  readonly benchmark: 'scaling';
  readonly machine: Machine;
  /** Number of rooms at the same time. The participants of a step are those of all rooms together. */
  readonly rooms: number;
  /** Per room. */
  readonly talkers: number;
  /** Media workers of each Partyline server in the comparison. */
  readonly workers: readonly number[];
  /** Time between the last join and each window. */
  readonly warmUpSeconds: number;
  /** Length of each window. */
  readonly seconds: number;
  /** In the order in which they were made: the servers take turns. */
  readonly runs: readonly ScalingRun[];
}

const LEAST_PACKETS_PER_SECOND = 49.5;
const LARGEST_GAP_MS = 60;

/** Whether everybody was sent sound on time: 50 packets a second without a gap of more than 60 ms. */
export function isOnTime(step: Pick<ScalingStep, 'packetsPerSecondMin' | 'largestGapMs'>): boolean {
  return step.packetsPerSecondMin >= LEAST_PACKETS_PER_SECOND && step.largestGapMs <= LARGEST_GAP_MS;
}

/** All runs of one server, size by size. */
export interface ServerSizes {
  readonly server: string;
  readonly sizes: readonly {
    readonly participants: number;
    /** One entry per run. */
    readonly cpuPercentEach: readonly number[];
    /** Whether this holds in most of the runs. */
    readonly onTime: boolean;
  }[];
}

/** Grouped by server, in the order of their first runs, with ascending sizes. */
export function groupRuns(runs: readonly ScalingRun[]): ServerSizes[] {
  const rows = rowsOf(runs);
  return [...new Set(rows.map(({ server }) => server))].map((server) => {
    const own = rows.filter((row) => row.server === server);
    const sizes = [...new Set(own.map(({ participants }) => participants))].sort((a, b) => a - b);
    return {
      server,
      sizes: sizes.map((participants) => {
        const same = own.filter((row) => row.participants === participants);
        return {
          participants,
          cpuPercentEach: same.map(({ serverCpuPercentEach }) => serverCpuPercentEach),
          onTime: same.filter(isOnTime).length * 2 > same.length,
        };
      }),
    };
  });
}

/** For 60 participants with 3 talking, on a core of 2.5 GHz. */
const GOAL_PERCENT = 0.45;

/** A row of the table: one step of one run. */
export type ScalingRow = ScalingStep & { readonly server: string };

export function rowsOf(runs: readonly ScalingRun[]): ScalingRow[] {
  return runs.flatMap(({ server, steps }) => steps.map((step) => ({ server, ...step })));
}

/**
 * A server with few participants once used 14 MB less resident memory than the empty one, so less growth than this
 * means nothing.
 */
const LEAST_GROWTH_MB = 16;

function memoryText({ memoryMbEach, participants }: ScalingRow): string {
  return memoryMbEach * participants < LEAST_GROWTH_MB ? '–' : memoryMbEach.toFixed(2);
}

export const SCALING_COLUMNS: readonly Column<ScalingRow>[] = [
  { title: 'server', value: (step) => step.server },
  { title: 'partici-\npants', value: (step) => String(step.participants) },
  { title: 'server CPU\neach, % core', value: (step) => step.serverCpuPercentEach.toFixed(3) },
  { title: 'server\nCPU, %', value: (step) => step.serverCpuPercent.toFixed(1) },
  { title: 'busiest\nthread, %', value: (step) => step.busiestThreadPercent?.toFixed(1) ?? '–' },
  { title: 'client\nCPU, %', value: (step) => step.clientCpuPercent.toFixed(1) },
  { title: 'packets/s\nmean', value: (step) => step.packetsPerSecondMean.toFixed(1) },
  { title: 'packets/s\nleast', value: (step) => step.packetsPerSecondMin.toFixed(1) },
  { title: 'lost', value: (step) => String(step.packetsLost) },
  { title: 'largest\ngap, ms', value: (step) => step.largestGapMs.toFixed(0) },
  { title: 'client\npause, ms', value: (step) => step.clientPauseMs.toFixed(0) },
  { title: 'tick late\np50, ms', value: (step) => step.tickLatenessP50Ms?.toFixed(2) ?? '–' },
  { title: 'tick late\np99, ms', value: (step) => step.tickLatenessP99Ms?.toFixed(2) ?? '–' },
  {
    title: 'latest\ntick, ms',
    value: (step) => (step.tickLatenessMaxMs === undefined ? '–' : `<${step.tickLatenessMaxMs.toFixed(0)}`),
  },
  { title: 'ticks\nskipped', value: (step) => String(step.ticksSkipped ?? '–') },
  { title: 'encodes\nper tick', value: (step) => step.encodesPerTick?.toFixed(2) ?? '–' },
  { title: 'memory\neach, MB', value: memoryText },
  { title: 'join\np50, ms', value: (step) => step.joinP50Ms.toFixed(0) },
];

/** For example `1 media worker` or `1 and 2 media workers`. */
export function workersText(workers: readonly number[]): string {
  return `${workers.join(' and ')} media worker${workers.join() === '1' ? '' : 's'}`;
}

export function chartOf(result: ScalingResult): Chart {
  return {
    title: 'CPU of the server for each participant',
    subtitle: `${result.talkers} talking, ${workersText(result.workers)}, ${result.machine.cpu}`,
    xLabel: result.rooms === 1 ? 'participants in one room' : `participants in ${result.rooms} rooms`,
    yLabel: '% of a core for each participant',
    series: groupRuns(result.runs).map(({ server, sizes }) => ({
      name: server,
      points: sizes.map(({ participants, cpuPercentEach }) => [participants, mean(cpuPercentEach)] as const),
    })),
    limit: { name: `goal at 60: ${GOAL_PERCENT} %`, y: GOAL_PERCENT },
  };
}

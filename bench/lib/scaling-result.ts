import type { Chart } from './chart.ts';
import type { Machine } from './machine.ts';
import type { Column } from './table.ts';

/** One size of the room. Percentages are of one core. */
export interface ScalingStep {
  readonly participants: number;
  readonly serverCpuPercent: number;
  readonly serverCpuPercentEach: number;
  readonly clientCpuPercent: number;
  readonly packetsPerSecondMean: number;
  /** Of the participant that received the fewest. */
  readonly packetsPerSecondMin: number;
  readonly packetsLost: number;
  /** The longest silence that any participant had between two packets. */
  readonly largestGapMs: number;
  readonly tickLatenessP50Ms: number;
  readonly tickLatenessP99Ms: number;
  readonly ticksSkipped: number;
  readonly encodesPerTick: number;
  /** Resident memory over that of the empty server. */
  readonly memoryMbEach: number;
  readonly joinP50Ms: number;
}

/** What `bench/scaling.ts` writes and `bench/report.ts` reads. */
export interface ScalingResult {
  readonly benchmark: 'scaling';
  readonly machine: Machine;
  readonly talkers: number;
  readonly workers: number;
  /** Length of each window. */
  readonly seconds: number;
  readonly steps: readonly ScalingStep[];
}

/** At 60 participants with 3 talking on a core of 2.5 GHz. */
const GOAL_PERCENT = 0.45;

export const SCALING_COLUMNS: readonly Column<ScalingStep>[] = [
  { title: 'partici-\npants', value: (step) => String(step.participants) },
  { title: 'server CPU\neach, % core', value: (step) => step.serverCpuPercentEach.toFixed(3) },
  { title: 'server\nCPU, %', value: (step) => step.serverCpuPercent.toFixed(1) },
  { title: 'client\nCPU, %', value: (step) => step.clientCpuPercent.toFixed(1) },
  { title: 'packets/s\nmean', value: (step) => step.packetsPerSecondMean.toFixed(1) },
  { title: 'packets/s\nleast', value: (step) => step.packetsPerSecondMin.toFixed(1) },
  { title: 'lost', value: (step) => String(step.packetsLost) },
  { title: 'largest\ngap, ms', value: (step) => step.largestGapMs.toFixed(0) },
  { title: 'tick late\np50, ms', value: (step) => step.tickLatenessP50Ms.toFixed(2) },
  { title: 'tick late\np99, ms', value: (step) => step.tickLatenessP99Ms.toFixed(2) },
  { title: 'ticks\nskipped', value: (step) => String(step.ticksSkipped) },
  { title: 'encodes\nper tick', value: (step) => step.encodesPerTick.toFixed(2) },
  { title: 'memory\neach, MB', value: (step) => step.memoryMbEach.toFixed(2) },
  { title: 'join\np50, ms', value: (step) => step.joinP50Ms.toFixed(0) },
];

export function chartOf(result: ScalingResult): Chart {
  return {
    title: 'CPU of the server for each participant',
    subtitle: `${result.talkers} talking, ${result.workers} media worker${result.workers === 1 ? '' : 's'}, ${result.machine.cpu}`,
    xLabel: 'participants in one room',
    yLabel: '% of a core for each participant',
    series: [
      {
        name: 'Partyline',
        points: result.steps.map((step) => [step.participants, step.serverCpuPercentEach] as const),
      },
    ],
    limit: { name: `goal at 60: ${GOAL_PERCENT} %`, y: GOAL_PERCENT },
  };
}

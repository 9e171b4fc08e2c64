import type { Chart } from './chart.ts';
import type { Machine } from './machine.ts';
import type { PhaseFigures } from './measured-phase.ts';
import { percentile } from './statistics.ts';
import type { Column } from './table.ts';

/** The room before or during the storm. The figures are about the participants that were there before. */
export interface StormPhase extends PhaseFigures {
  readonly phase: 'before' | 'storm';
}

/** What `bench/storm.ts` writes. */
export interface StormResult {
  readonly benchmark: 'storm';
  readonly machine: Machine;
  readonly participants: number;
  readonly talkers: number;
  readonly joins: number;
  readonly joinSeconds: number;
  readonly phases: readonly StormPhase[];
  /** Times from opening the WebSocket to the end of the DTLS handshake, one per newcomer. */
  readonly joinMs: readonly number[];
  /** Times from opening the WebSocket to the first packet with sound, one per newcomer who heard any. */
  readonly firstSoundMs: readonly number[];
}

export const STORM_COLUMNS: readonly Column<StormPhase>[] = [
  { title: 'phase', value: ({ phase }) => phase },
  { title: 'seconds', value: ({ seconds }) => seconds.toFixed(1) },
  { title: 'tick late\np50, ms', value: ({ tickLatenessP50Ms }) => tickLatenessP50Ms.toFixed(2) },
  { title: 'tick late\np99, ms', value: ({ tickLatenessP99Ms }) => tickLatenessP99Ms.toFixed(2) },
  { title: 'ticks\nskipped', value: ({ ticksSkipped }) => String(ticksSkipped) },
  { title: 'server\nCPU, %', value: ({ serverCpuPercent }) => serverCpuPercent.toFixed(1) },
  { title: 'packets/s\nleast', value: ({ packetsPerSecondMin }) => packetsPerSecondMin.toFixed(1) },
  { title: 'largest\ngap, ms', value: ({ largestGapMs }) => largestGapMs.toFixed(0) },
];

/** How long newcomers waited for one thing. */
export interface WaitRow {
  readonly until: string;
  readonly count: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly maxMs: number;
}

export const WAIT_COLUMNS: readonly Column<WaitRow>[] = [
  { title: 'from the start of a join to', value: ({ until }) => until },
  { title: 'joins', value: ({ count }) => String(count) },
  { title: 'median\nms', value: ({ medianMs }) => medianMs.toFixed(0) },
  { title: 'p95\nms', value: ({ p95Ms }) => p95Ms.toFixed(0) },
  { title: 'longest\nms', value: ({ maxMs }) => maxMs.toFixed(0) },
];

export function waitRowsOf({ joinMs, firstSoundMs }: StormResult): WaitRow[] {
  return [waitRow('the end of the handshake', joinMs), waitRow('the first packet with sound', firstSoundMs)];
}

function waitRow(until: string, ms: readonly number[]): WaitRow {
  return {
    until,
    count: ms.length,
    medianMs: percentile(ms, 0.5),
    p95Ms: percentile(ms, 0.95),
    maxMs: percentile(ms, 1),
  };
}

/** Plots how many of the newcomers had waited no longer than a given time. */
export function stormChart({ joinMs, firstSoundMs, joins, joinSeconds, participants, machine }: StormResult): Chart {
  return {
    title: `Waiting in a storm of ${joins} joins in ${joinSeconds} s`,
    subtitle: `into a room of ${participants}, ${machine.cpu}`,
    xLabel: 'ms since the WebSocket was opened',
    yLabel: 'newcomers who had it by then, %',
    series: [
      { name: 'the end of the handshake', points: cumulative(joinMs) },
      { name: 'the first packet with sound', points: cumulative(firstSoundMs) },
    ],
  };
}

function cumulative(ms: readonly number[]): readonly (readonly [number, number])[] {
  return [0, 5, 10, 25, 50, 75, 90, 95, 100].map((percent) => [percentile(ms, percent / 100), percent] as const);
}

import type { Machine } from './machine.ts';
import type { PhaseFigures } from './measured-phase.ts';
import type { Column } from './table.ts';

/** The room before or during the flood. */
export interface FloodPhase extends PhaseFigures {
  readonly phase: 'before' | 'flood';
  /** Junk datagrams. */
  readonly sent: number;
  /** How many of these the server saw and dropped. */
  readonly received: number;
  readonly framesConcealed: number;
}

/** What `bench/flood.ts` writes. */
export interface FloodResult {
  readonly benchmark: 'flood';
  readonly machine: Machine;
  readonly participants: number;
  readonly talkers: number;
  /** The requested number of junk datagrams per second. */
  readonly rate: number;
  readonly addresses: number;
  readonly seed: number;
  readonly phases: readonly FloodPhase[];
  /** What came back to the senders of the junk. */
  readonly bytesHeard: number;
}

export const FLOOD_COLUMNS: readonly Column<FloodPhase>[] = [
  { title: 'phase', value: ({ phase }) => phase },
  { title: 'junk/s\nsent', value: ({ sent, seconds }) => (sent / seconds).toFixed(0) },
  { title: 'junk/s\nreceived', value: ({ received, seconds }) => (received / seconds).toFixed(0) },
  { title: 'tick late\np50, ms', value: ({ tickLatenessP50Ms }) => tickLatenessP50Ms.toFixed(2) },
  { title: 'tick late\np99, ms', value: ({ tickLatenessP99Ms }) => tickLatenessP99Ms.toFixed(2) },
  { title: 'ticks\nskipped', value: ({ ticksSkipped }) => String(ticksSkipped) },
  { title: 'server\nCPU, %', value: ({ serverCpuPercent }) => serverCpuPercent.toFixed(1) },
  { title: 'frames\nconcealed', value: ({ framesConcealed }) => String(framesConcealed) },
  { title: 'packets/s\nleast', value: ({ packetsPerSecondMin }) => packetsPerSecondMin.toFixed(1) },
  { title: 'largest\ngap, ms', value: ({ largestGapMs }) => largestGapMs.toFixed(0) },
];

import type { Machine } from './machine.ts';
import type { Column } from './table.ts';

interface Spread {
  readonly median: number;
  readonly p95: number;
  readonly worst: number;
}

/** Three servers with rooms, of which one is killed and another one is told to end; several times. */
export interface ClusterRow {
  readonly people: number;
  readonly rooms: number;
  readonly rounds: number;
  readonly joinsPerSecond: number;
  /** Those who asked another server than the room's. */
  readonly ledPercent: number;
  readonly joinMs: Spread;
  /** From `kill -9` until somebody of that server is in their room again. */
  readonly killMs: Spread;
  /** From SIGTERM until somebody of that server is in their room at another one. */
  readonly endMs: Spread;
  /** From SIGTERM until the process has ended. */
  readonly processMs: Spread;
}

/** What `bench/cluster.ts` writes. */
export interface ClusterResult {
  readonly benchmark: 'cluster';
  readonly machine: Machine;
  readonly rows: readonly ClusterRow[];
}

const ms = ({ median, p95, worst }: Spread) => [median, p95, worst].map((one) => one.toFixed(0)).join(' / ');

export const CLUSTER_COLUMNS: readonly Column<ClusterRow>[] = [
  { title: 'people, rooms,\nrounds', value: ({ people, rooms, rounds }) => `${people}, ${rooms}, ${rounds}` },
  { title: 'joins\na second', value: ({ joinsPerSecond }) => joinsPerSecond.toFixed(0) },
  { title: 'led to\nanother, %', value: ({ ledPercent }) => ledPercent.toFixed(0) },
  { title: 'join, ms', value: ({ joinMs }) => ms(joinMs) },
  { title: 'back after\nkill -9, ms', value: ({ killMs }) => ms(killMs) },
  { title: 'elsewhere after\nSIGTERM, ms', value: ({ endMs }) => ms(endMs) },
  { title: 'its process\nended, ms', value: ({ processMs }) => ms(processMs) },
];

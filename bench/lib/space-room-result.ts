import type { Machine } from './machine.ts';
import type { PhaseFigures } from './measured-phase.ts';
import type { Column } from './table.ts';

/** A room with space in the whole server. */
export interface SpaceRoomRow extends PhaseFigures {
  readonly people: number;
  readonly encodesPerTick: number;
}

/** What `bench/space-room.ts` writes. */
export interface SpaceRoomResult {
  readonly benchmark: 'space-room';
  readonly machine: Machine;
  readonly talkers: number;
  readonly seconds: number;
  readonly rows: readonly SpaceRoomRow[];
}

export const SPACE_ROOM_COLUMNS: readonly Column<SpaceRoomRow>[] = [
  { title: 'people', value: (row) => String(row.people) },
  { title: 'encodes\na tick', value: (row) => row.encodesPerTick.toFixed(1) },
  { title: 'tick lateness\nmedian, ms', value: (row) => row.tickLatenessP50Ms.toFixed(2) },
  { title: 'tick lateness\np99, ms', value: (row) => row.tickLatenessP99Ms.toFixed(2) },
  { title: 'ticks\nskipped', value: (row) => String(row.ticksSkipped) },
  { title: 'server\nCPU, %', value: (row) => row.serverCpuPercent.toFixed(1) },
  { title: 'packets a second\nleast', value: (row) => row.packetsPerSecondMin.toFixed(1) },
];

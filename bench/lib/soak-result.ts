import type { Chart } from './chart.ts';
import { hasGrown, medianSlope } from './growth.ts';
import type { Machine } from './machine.ts';
import type { Scrape } from './prometheus.ts';
import type { Column } from './table.ts';

/** The server between two rounds, after everybody has left. */
export interface SoakSample {
  readonly minutes: number;
  /** Joins since the server started, including reconnections. */
  readonly joins: number;
  readonly residentMb: number;
  /** Heap of the main thread, including garbage. */
  readonly heapMb: number;
  /** Heap of the media workers, including garbage. */
  readonly mediaHeapMb: number;
  readonly handles: number;
  /** Timers of the main thread. */
  readonly timers: number;
  readonly fileDescriptors: number;
  readonly webSockets: number;
  readonly rooms: number;
  /** Must be 0, because everybody has left. */
  readonly connections: number;
  /** Network addresses of clients. */
  readonly paths: number;
  readonly codecsInUse: number;
}

/** What `bench/soak.ts` writes. */
export interface SoakResult {
  readonly benchmark: 'soak';
  readonly machine: Machine;
  readonly seed: number;
  readonly participants: number;
  readonly samples: readonly SoakSample[];
  readonly trends: readonly Trend[];
}

export interface Trend {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  readonly perHour: number;
  readonly perThousandJoins: number;
  readonly grew: boolean;
}

/** Heaps fluctuate with the garbage collector. Counts do not. */
const MEMORY_TOLERANCE = 0.05;

const WATCHED: readonly { name: string; of: (sample: SoakSample) => number; tolerance: number }[] = [
  { name: 'resident memory, MB', of: ({ residentMb }) => residentMb, tolerance: MEMORY_TOLERANCE },
  { name: 'heap of the main thread, MB', of: ({ heapMb }) => heapMb, tolerance: MEMORY_TOLERANCE },
  { name: 'heap of the workers, MB', of: ({ mediaHeapMb }) => mediaHeapMb, tolerance: MEMORY_TOLERANCE },
  { name: 'handles', of: ({ handles }) => handles, tolerance: 0 },
  { name: 'timers', of: ({ timers }) => timers, tolerance: 0 },
  { name: 'file descriptors', of: ({ fileDescriptors }) => fileDescriptors, tolerance: 0 },
  { name: 'WebSockets', of: ({ webSockets }) => webSockets, tolerance: 0 },
  { name: 'rooms', of: ({ rooms }) => rooms, tolerance: 0 },
  { name: 'media connections', of: ({ connections }) => connections, tolerance: 0 },
  { name: 'addresses of clients', of: ({ paths }) => paths, tolerance: 0 },
  { name: 'codecs in use', of: ({ codecsInUse }) => codecsInUse, tolerance: 0 },
];

export function sampleOf(scrape: Scrape, minutes: number, joins: number): SoakSample {
  return {
    minutes,
    joins,
    residentMb: scrape.sum('process_resident_memory_bytes') / 1e6,
    heapMb: scrape.sum('nodejs_heap_size_used_bytes') / 1e6,
    mediaHeapMb: scrape.sum('partyline_media_heap_used_bytes') / 1e6,
    handles: scrape.sum('nodejs_active_handles_total'),
    timers: scrape.sum('nodejs_active_resources', { type: 'Timeout' }),
    fileDescriptors: scrape.sum('process_open_fds'),
    webSockets: scrape.sum('partyline_websocket_connections'),
    rooms: scrape.sum('partyline_rooms'),
    connections: scrape.sum('partyline_media_connections'),
    paths: scrape.sum('partyline_media_paths'),
    codecsInUse: scrape.sum('partyline_encoders_in_use') + scrape.sum('partyline_decoders_in_use'),
  };
}

/** The first `warmUp` samples are left out: until then, code is still being compiled and pools fill up. */
export function trendsOf(samples: readonly SoakSample[], warmUp: number): Trend[] {
  const counted = samples.slice(warmUp);
  return WATCHED.map(({ name, of, tolerance }) => ({
    name,
    first: counted[0] === undefined ? Number.NaN : of(counted[0]),
    last: counted.at(-1) === undefined ? Number.NaN : of(counted.at(-1)!),
    perHour: 60 * medianSlope(counted.map((sample) => [sample.minutes, of(sample)])),
    perThousandJoins: 1000 * medianSlope(counted.map((sample) => [sample.joins, of(sample)])),
    grew: hasGrown(counted.map(of), tolerance),
  }));
}

export const TREND_COLUMNS: readonly Column<Trend>[] = [
  { title: 'of the empty server', value: ({ name }) => name },
  { title: 'first', value: ({ first }) => first.toFixed(1) },
  { title: 'last', value: ({ last }) => last.toFixed(1) },
  { title: 'slope\nper hour', value: ({ perHour }) => perHour.toFixed(1) },
  { title: 'slope per\n1000 joins', value: ({ perThousandJoins }) => perThousandJoins.toFixed(2) },
  { title: 'grew', value: ({ grew }) => (grew ? 'YES' : 'no') },
];

export function soakChart({ samples, participants, machine }: SoakResult): Chart {
  return {
    title: 'Memory of the server between rounds of joins and leaves',
    subtitle: `${samples.at(-1)?.joins ?? 0} joins, up to ${participants} at a time, ${machine.cpu}`,
    xLabel: 'minutes',
    yLabel: 'MB',
    series: [
      { name: 'resident', points: samples.map(({ minutes, residentMb }) => [minutes, residentMb]) },
      { name: 'heap of the main thread', points: samples.map(({ minutes, heapMb }) => [minutes, heapMb]) },
      { name: 'heap of the workers', points: samples.map(({ minutes, mediaHeapMb }) => [minutes, mediaHeapMb]) },
    ],
  };
}

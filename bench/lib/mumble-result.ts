import type { Machine } from './machine.ts';
import { MICRO_COLUMNS, type MicroRow } from './micro.ts';
import { type Column, formatMarkdownTable } from './table.ts';

/** What the whole server uses, as the median of the windows. */
export interface MumbleListenersRow {
  readonly what: string;
  /** In percent of a core. */
  readonly cpuPercent: number;
  readonly leastPercent: number;
  readonly mostPercent: number;
  /** What of it the system's own code takes. */
  readonly systemPercent: number;
  /** Of the main thread, which has the sockets. */
  readonly mainPercent: number;
  /** 50 while somebody talks, unless the process that talks was too busy. */
  readonly sentPerSecond: number;
  readonly arrivedPercent: number;
}

/** What `bench/mumble-listeners.ts` writes. */
export interface MumbleListenersResult {
  readonly benchmark: 'mumble-listeners';
  readonly machine: Machine;
  readonly listeners: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly rows: readonly MumbleListenersRow[];
  /** The same window with all listeners, less that of its own round in which none of them hears anything: the median. */
  readonly addedPercent: number;
}

export const MUMBLE_LISTENERS_COLUMNS: readonly Column<MumbleListenersRow>[] = [
  { title: 'what', value: (row) => row.what },
  { title: 'server\nCPU, %', value: (row) => row.cpuPercent.toFixed(1) },
  { title: 'least, most\n%', value: (row) => `${row.leastPercent.toFixed(1)}, ${row.mostPercent.toFixed(1)}` },
  { title: 'of it in\nthe system, %', value: (row) => row.systemPercent.toFixed(1) },
  { title: 'main\nthread, %', value: (row) => row.mainPercent.toFixed(1) },
  { title: 'sent a\nsecond', value: (row) => row.sentPerSecond.toFixed(1) },
  { title: 'packets that\narrive, %', value: (row) => row.arrivedPercent.toFixed(1) },
];

export function addedText({ listeners, addedPercent, seconds, rounds }: MumbleListenersResult): string {
  const each = (1000 * addedPercent) / 100 / listeners / 50;
  return `Median of ${rounds} rounds of ${seconds} s: ${listeners} listeners add ${addedPercent.toFixed(1)} % of a core, ${(1000 * each).toFixed(1)} µs for each packet of each.`;
}

/** One direction between a WebRTC client and a Mumble client. */
export interface MumbleDelayRow {
  readonly way: string;
  readonly talkspurts: number;
  readonly arrived: number;
  readonly medianMs: number;
  readonly p90Ms: number;
  readonly longestMs: number;
}

/** What `bench/mumble-delay.ts` writes. */
export interface MumbleDelayResult {
  readonly benchmark: 'mumble-delay';
  readonly machine: Machine;
  readonly rows: readonly MumbleDelayRow[];
}

export const MUMBLE_DELAY_COLUMNS: readonly Column<MumbleDelayRow>[] = [
  { title: 'from → to', value: ({ way }) => way },
  { title: 'talkspurts\nthat arrive', value: ({ arrived, talkspurts }) => `${arrived} of ${talkspurts}` },
  { title: 'delay, median\nms', value: ({ medianMs }) => medianMs.toFixed(1) },
  { title: 'p90\nms', value: ({ p90Ms }) => p90Ms.toFixed(1) },
  { title: 'longest\nms', value: ({ longestMs }) => longestMs.toFixed(1) },
];

/** One room with a number of Mumble clients that listen to one that talks. */
export interface MumbleRow {
  readonly clients: string;
  readonly cpuPercent: number;
  /** 50, unless the process of the clients was too busy to talk: then the row says nothing about the server. */
  readonly sentPerSecond: number;
  readonly packetsPercent: number;
  readonly byUdpPercent: number;
  /** Null without listeners. */
  readonly delayMs: number | null;
  readonly delayP99Ms: number | null;
}

/** What `bench/mumble.ts` writes. */
export interface MumbleResult {
  readonly benchmark: 'mumble';
  readonly machine: Machine;
  readonly parts: readonly MicroRow[];
  readonly rows: readonly MumbleRow[];
}

export const MUMBLE_COLUMNS: readonly Column<MumbleRow>[] = [
  { title: 'who listens', value: (row) => row.clients },
  { title: 'server\nCPU, %', value: (row) => row.cpuPercent.toFixed(1) },
  { title: 'sent a second\n(50)', value: (row) => row.sentPerSecond.toFixed(1) },
  { title: 'packets that\narrive, %', value: (row) => row.packetsPercent.toFixed(2) },
  { title: 'by UDP\n%', value: (row) => row.byUdpPercent.toFixed(0) },
  { title: 'delay, median\nms', value: (row) => row.delayMs?.toFixed(2) ?? '–' },
  { title: 'delay, p99\nms', value: (row) => row.delayP99Ms?.toFixed(2) ?? '–' },
];

export type AnyMumbleResult = MumbleResult | MumbleDelayResult | MumbleListenersResult;

/** The tables of one of these benchmarks, for the report. */
export function mumbleTables(result: AnyMumbleResult): readonly string[] {
  switch (result.benchmark) {
    case 'mumble':
      return [formatMarkdownTable(MICRO_COLUMNS, result.parts), formatMarkdownTable(MUMBLE_COLUMNS, result.rows)];
    case 'mumble-delay':
      return [formatMarkdownTable(MUMBLE_DELAY_COLUMNS, result.rows)];
    case 'mumble-listeners':
      return [formatMarkdownTable(MUMBLE_LISTENERS_COLUMNS, result.rows), addedText(result)];
  }
}

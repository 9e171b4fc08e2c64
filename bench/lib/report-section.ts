import { z } from 'zod';
import type { Chart } from './chart.ts';
import { CLUSTER_COLUMNS, type ClusterResult } from './cluster-result.ts';
import { compareRuns, comparisonColumns } from './comparison.ts';
import { CONTROL_COLUMNS, type ControlResult } from './control-result.ts';
import { DATA_COLUMNS, type DataResult } from './data-result.ts';
import { FLOOD_COLUMNS, type FloodResult } from './flood-result.ts';
import { type JitterResult, jitterChart, jitterColumns } from './jitter-result.ts';
import { KERNEL_COLUMNS, type KernelRow } from './kernel-cases.ts';
import { LATENCY_COLUMNS, type LatencyResult, rowsOfLatency } from './latency-result.ts';
import { LISTENERS_COLUMNS, type ListenersResult } from './listeners-result.ts';
import type { Machine } from './machine.ts';
import { MICRO_COLUMNS, type MicroRow } from './micro.ts';
import { type AnyMumbleResult, mumbleTables } from './mumble-result.ts';
import { QUALITY_COLUMNS, type QualityResult, qualityChart } from './quality-result.ts';
import { RECORDING_COLUMNS, type RecordingResult } from './recording-result.ts';
import { ROSTER_COLUMNS, type RosterResult } from './roster-result.ts';
import { chartOf, rowsOf, SCALING_COLUMNS, type ScalingResult } from './scaling-result.ts';
import { type SoakResult, TREND_COLUMNS } from './soak-result.ts';
import { largestText, SPACE_COLUMNS, type SpaceResult } from './space-result.ts';
import { SPACE_ROOM_COLUMNS, type SpaceRoomResult } from './space-room-result.ts';
import { commandOf, type Step } from './steps.ts';
import { STORM_COLUMNS, type StormResult, stormChart, WAIT_COLUMNS, waitRowsOf } from './storm-result.ts';
import { formatMarkdownTable } from './table.ts';

interface MixerResult {
  readonly benchmark: 'mixer';
  readonly machine: Machine;
  readonly rows: readonly MicroRow[];
  readonly kernels: readonly KernelRow[];
}

export type Result =
  | ScalingResult
  | LatencyResult
  | StormResult
  | FloodResult
  | QualityResult
  | JitterResult
  | MixerResult
  | SoakResult
  | SpaceResult
  | ControlResult
  | DataResult
  | RecordingResult
  | ListenersResult
  | RosterResult
  | ClusterResult
  | SpaceRoomResult
  | AnyMumbleResult;

/** What all files have in common. The rest is trusted: this version of the scripts has written it. */
const resultSchema = z.looseObject({
  benchmark: z.enum([
    'scaling',
    'latency',
    'storm',
    'flood',
    'quality',
    'jitter',
    'mixer',
    'soak',
    'space',
    'control',
    'data',
    'recording',
    'listeners',
    'roster',
    'cluster',
    'space-room',
    'mumble',
    'mumble-delay',
    'mumble-listeners',
  ]),
  machine: z.looseObject({
    cpu: z.string(),
    node: z.string(),
    date: z.string(),
    packages: z.record(z.string(), z.string()),
  }),
});

/** Throws an error with a sentence if a file does not hold the figures of this benchmark. */
export function parseResult(text: string, file: string, benchmark: string): Result {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error(`${file} is not JSON.`);
  }
  const parsed = resultSchema.safeParse(json);
  if (!parsed.success)
    throw new Error(`${file} does not contain figures of a benchmark: ${z.prettifyError(parsed.error)}`);
  if (parsed.data.benchmark !== benchmark)
    throw new Error(`${file} contains figures of "${parsed.data.benchmark}", not "${benchmark}".`);
  return json as Result;
}

export interface Section {
  readonly markdown: string;
  /** Drawn into `benchmarks/NAME.svg`. */
  readonly chart: Chart | undefined;
}

export function sectionOf(step: Step, result: Result): Section {
  const { tables, chart } = contentOf(result);
  const image = chart === undefined ? [] : [`![${chart.title}](benchmarks/${step.name}.svg)`];
  const parts = [
    `## ${step.title}`,
    `${step.about} \`${commandOf(step)}\``,
    ...image,
    ...tables,
    machineLine(result.machine),
  ];
  return { markdown: parts.join('\n\n'), chart };
}

interface Content {
  readonly tables: readonly string[];
  readonly chart?: Chart;
}

function contentOf(result: Result): Content {
  switch (result.benchmark) {
    case 'scaling':
      return scalingContent(result);
    case 'latency':
      return { tables: [formatMarkdownTable(LATENCY_COLUMNS, rowsOfLatency(result))] };
    case 'storm': {
      const waits = formatMarkdownTable(WAIT_COLUMNS, waitRowsOf(result));
      return { tables: [formatMarkdownTable(STORM_COLUMNS, result.phases), waits], chart: stormChart(result) };
    }
    case 'flood':
      return {
        tables: [
          formatMarkdownTable(FLOOD_COLUMNS, result.phases),
          `${result.bytesHeard} bytes were sent back to the senders of the junk.`,
        ],
      };
    case 'quality':
      return { tables: [formatMarkdownTable(QUALITY_COLUMNS, result.rows)], chart: qualityChart(result) };
    case 'jitter':
      return { tables: [formatMarkdownTable(jitterColumns(result.fixedMs), result.rows)], chart: jitterChart(result) };
    case 'mixer':
      return {
        tables: [formatMarkdownTable(MICRO_COLUMNS, result.rows), formatMarkdownTable(KERNEL_COLUMNS, result.kernels)],
      };
    case 'space':
      return { tables: [formatMarkdownTable(SPACE_COLUMNS, result.rows), largestText(result)] };
    case 'space-room':
      return { tables: [formatMarkdownTable(SPACE_ROOM_COLUMNS, result.rows)] };
    case 'control':
      return { tables: [formatMarkdownTable(CONTROL_COLUMNS, result.formats)] };
    case 'data':
      return { tables: [formatMarkdownTable(DATA_COLUMNS, result.rows)] };
    case 'recording':
      return { tables: [formatMarkdownTable(RECORDING_COLUMNS, result.rows)] };
    case 'cluster':
      return { tables: [formatMarkdownTable(CLUSTER_COLUMNS, result.rows)] };
    case 'roster':
      return { tables: [formatMarkdownTable(ROSTER_COLUMNS, result.rows)] };
    case 'listeners':
      return { tables: [formatMarkdownTable(LISTENERS_COLUMNS, result.rows)] };
    case 'mumble':
    case 'mumble-delay':
    case 'mumble-listeners':
      return { tables: mumbleTables(result) };
    case 'soak':
      return { tables: [formatMarkdownTable(TREND_COLUMNS, result.trends)] };
  }
}

function scalingContent(result: ScalingResult): Content {
  const table = formatMarkdownTable(SCALING_COLUMNS, rowsOf(result.runs));
  const [own, other] = [...new Set(result.runs.map(({ server }) => server))];
  const sizes = new Set(result.runs.flatMap(({ steps }) => steps.map(({ participants }) => participants))).size;
  const comparison =
    own === undefined || other === undefined
      ? []
      : [formatMarkdownTable(comparisonColumns([own, other]), compareRuns(result.runs))];
  const tables = [...comparison, table];
  return sizes > 1 ? { tables, chart: chartOf(result) } : { tables };
}

function machineLine(machine: Machine): string {
  const packages = Object.entries(machine.packages).map(([name, version]) => `${name} ${version}`);
  const commit = machine.commit === undefined ? '' : `, commit ${machine.commit}`;
  return `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.system}; Node ${machine.node}, ${packages.join(', ')}${commit}; ${machine.date.slice(0, 10)}. Load before: ${machine.loadBefore}.`;
}

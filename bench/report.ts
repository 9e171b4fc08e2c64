import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { drawChart } from './lib/chart.ts';
import { runCommand } from './lib/command.ts';
import { LATENCY_COLUMNS, type LatencyResult, rowsOfLatency } from './lib/latency-result.ts';
import type { Machine } from './lib/machine.ts';
import type { Options } from './lib/options.ts';
import { chartOf, rowsOf, SCALING_COLUMNS, type ScalingResult, workersText } from './lib/scaling-result.ts';
import { formatMarkdownTable } from './lib/table.ts';

type Result = ScalingResult | LatencyResult;

const RESULTS = fileURLToPath(new URL('../../bench/results/', import.meta.url));
const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));

await runCommand({
  name: 'report',
  about: [
    'Writes docs/benchmarks.md and its charts from all JSON files in bench/results:',
    '  npm run bench -- scaling --json bench/results/scaling.json',
    '  npm run bench -- latency --json bench/results/latency.json',
    '  npm run bench -- latency --jitter 15 --json bench/results/latency-jitter.json',
    '  npm run bench -- report',
  ].join('\n'),
  options: {} satisfies Options,
  run,
});

async function run(): Promise<void> {
  const files = (await readdir(RESULTS).catch(() => [])).filter((file) => file.endsWith('.json')).sort();
  const results = await Promise.all(
    files.map(async (file) => JSON.parse(await readFile(RESULTS + file, 'utf8')) as Result),
  );
  if (results.length === 0) throw new Error(`no JSON files in ${RESULTS}; see --help`);
  const scaling = results.filter((result) => result.benchmark === 'scaling');
  const latency = results.filter((result) => result.benchmark === 'latency');
  const sections = [
    '# Benchmarks',
    'Written by `npm run bench -- report`; do not edit. Each script explains with `--help` what it measures and how, so that you can measure your own machine. Server and participants share the machine and talk over its loopback interface.',
    ...(await Promise.all(scaling.map(scalingSection))),
    ...latencySection(latency),
  ];
  await writeFile(`${DOCS}benchmarks.md`, `${sections.join('\n\n')}\n`);
  console.log('wrote docs/benchmarks.md');
}

async function scalingSection(result: ScalingResult): Promise<string> {
  const { rooms, talkers, workers } = result;
  const usual = rooms === 1 && talkers === 3 && workers.join() === '1';
  const chart = usual ? 'scaling' : `scaling-${rooms}-rooms-${talkers}-talking-${workers.join('-')}-workers`;
  await mkdir(`${DOCS}benchmarks`, { recursive: true });
  await writeFile(`${DOCS}benchmarks/${chart}.svg`, drawChart(chartOf(result)));
  return [
    `## Participants in ${rooms === 1 ? 'one room' : `${rooms} rooms`}, ${talkers} talking${rooms === 1 ? '' : ' in each'}`,
    machineLine(result.machine),
    `![CPU of the server for each participant](benchmarks/${chart}.svg)`,
    formatMarkdownTable(SCALING_COLUMNS, rowsOf(result.runs)),
    `Percentages are of one core; "server" is the whole server process with ${workersText(workers)}. Windows of ${result.seconds} s after everybody had joined.`,
  ].join('\n\n');
}

function latencySection(results: readonly LatencyResult[]): string[] {
  const [first] = results;
  if (first === undefined) return [];
  const sorted = [...results].sort((a, b) => a.jitterMs - b.jitterMs);
  return [
    '## Delay added by the server',
    machineLine(first.machine),
    formatMarkdownTable(LATENCY_COLUMNS, sorted.flatMap(rowsOfLatency)),
    "How much later a participant can play a sound than if the sender's packets came to it directly: waiting for the tick, jitter buffer, mixing and the look-ahead of the server's encoder.",
  ];
}

function machineLine(machine: Machine): string {
  const packages = Object.entries(machine.packages).map(([name, version]) => `${name} ${version}`);
  const commit = machine.commit === undefined ? '' : `, commit ${machine.commit}`;
  return `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.system}; Node ${machine.node}, ${packages.join(', ')}${commit}; ${machine.date.slice(0, 10)}. Load before: ${machine.loadBefore}.`;
}

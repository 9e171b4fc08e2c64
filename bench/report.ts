import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { drawChart } from './lib/chart.ts';
import { runCommand } from './lib/command.ts';
import { type LatencyResult, latencyChart } from './lib/latency-result.ts';
import type { Options } from './lib/options.ts';
import { parseResult, sectionOf } from './lib/report-section.ts';
import { STEPS } from './lib/steps.ts';

const RESULTS = fileURLToPath(new URL('../../bench/results/', import.meta.url));
const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));

await runCommand({
  name: 'report',
  about: [
    'Writes docs/benchmarks.md and its charts from the figures that `npm run bench -- all` leaves in bench/results. Steps',
    'without figures are left out. A file with the figures of another step is an error.',
  ].join('\n'),
  options: {} satisfies Options,
  run,
});

async function run(): Promise<void> {
  const sections: string[] = [];
  const latencies: LatencyResult[] = [];
  await mkdir(`${DOCS}benchmarks`, { recursive: true });
  for (const step of STEPS) {
    const file = `${RESULTS}${step.name}.json`;
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const result = parseResult(text, `bench/results/${step.name}.json`, step.args[0]!);
    const { markdown, chart } = sectionOf(step, result);
    if (chart !== undefined) await writeFile(`${DOCS}benchmarks/${step.name}.svg`, drawChart(chart));
    sections.push(markdown);
    if (result.benchmark !== 'latency') continue;
    latencies.push(result);
    const against = latencyChart(latencies);
    if (against === undefined) continue;
    await writeFile(`${DOCS}benchmarks/latency.svg`, drawChart(against));
    sections.push(`![${against.title}](benchmarks/latency.svg)`);
  }
  if (sections.length === 0) throw new Error(`There are no figures in ${RESULTS}. Run "npm run bench -- all" first.`);
  const intro = [
    '# Benchmarks',
    'Written by `npm run bench -- report`; do not edit. `npm run bench -- all` measures everything on your machine, and `--help` of each script explains what it measures and how. The server and the participants share the machine and talk over its loopback interface. Percentages are of one core, and the figures for the server cover its whole process.',
  ];
  await writeFile(`${DOCS}benchmarks.md`, `${[...intro, ...sections].join('\n\n')}\n`);
  console.log('wrote docs/benchmarks.md');
}

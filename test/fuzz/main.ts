/** `npm run fuzz`: feeds random inputs to everything that reads bytes from the network, for a given time. */
import { closeSync, ftruncateSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Coverage } from './coverage.ts';
import { Findings } from './findings.ts';
import { Fuzzer } from './fuzzer.ts';
import { startHangWatch } from './hang-watch.ts';
import { fuzzPort } from './port.ts';
import type { FuzzTarget } from './target.ts';

const HELP = `npm run fuzz -- [flags]

Feeds random inputs to everything that takes bytes from the network, and checks that nothing breaks. In the first part of
the time, code coverage is measured, and inputs that reach new code are kept and varied further. The rest runs at full
speed without coverage. Inputs that break something are saved in dist/fuzz/findings, and the exit code is then 1.

  --seconds N      total time for all targets (default 60)
  --only A,B       run only these targets; "port" attacks a whole server while two people talk, and must be the only one
  --seed N         the same seed gives the same inputs (default: from the clock)
  --guided N       share of the time with coverage, 0 to 1 (default 0.4)
  --rate N         datagrams per second for "port" (default 15000)
  --replay FILE    run the input in one file; requires --only NAME`;

const FINDINGS = 'dist/fuzz/findings';
/** The last input that ran before the process died. */
const CURRENT = join(FINDINGS, 'current.bin');
const CHUNK = 200;

interface Loaded {
  readonly targets: readonly FuzzTarget[];
}

interface Row {
  readonly target: string;
  executions: number;
  seconds: number;
  corpus: number;
  coverage: number;
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    only: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
    guided: { type: 'string', default: '0.4' },
    rate: { type: 'string', default: '15000' },
    replay: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else if (values.only === 'port') await attack();
else if (values.replay !== undefined) await replay(values.replay);
else await fuzz();
// The targets' servers and timers would keep the process alive.
process.exit();

async function fuzz(): Promise<void> {
  const seed = Number(values.seed);
  const seconds = Number(values.seconds);
  const guided = Number(values.guided);
  console.log(`seed ${seed}`);
  const findings = new Findings(FINDINGS);
  const watch = startHangWatch(FINDINGS);
  let running: { target: FuzzTarget; input: Uint8Array } | undefined;
  // A failure that happens after its input is still reported.
  const onStray = (error: unknown) => {
    if (running === undefined) throw error;
    findings.add({ target: running.target.name, seed, execution: 0, input: running.input }, error);
  };
  process.on('uncaughtException', onStray);
  process.on('unhandledRejection', onStray);

  const guidedUrl = new URL('./targets.mjs', import.meta.url);
  const coverage = new Coverage(readFileSync(guidedUrl, 'utf8'), guidedUrl.href);
  const chosen = choose(((await import(guidedUrl.href)) as Loaded).targets);
  // The code that runs when a file is loaded.
  coverage.take(
    chosen.flatMap(({ files }) => files),
    true,
  );
  // The same code again, compiled without counters.
  const plain = choose(((await import(`${guidedUrl.href}?plain`)) as Loaded).targets);
  const weights = chosen.reduce((sum, { weight = 1 }) => sum + weight, 0);
  const rows = new Map<string, Row>();
  const corpora = new Map<string, readonly Uint8Array[]>();

  const run = async (target: FuzzTarget, round: number, share: number, corpus?: readonly Uint8Array[]) => {
    const file = target.native === true ? openSync(CURRENT, 'w') : undefined;
    const fuzzer = new Fuzzer({
      target,
      seed: seed + round,
      onInput: (input) => {
        running = { target, input };
        watch.note(target.name, input);
        if (file !== undefined) {
          ftruncateSync(file, writeSync(file, input, 0, input.length, 0));
        }
      },
      onFailure: (input, error, execution) => findings.add({ target: target.name, seed, execution, input }, error),
    });
    const startMs = performance.now();
    const endMs = startMs + 1000 * seconds * share * ((target.weight ?? 1) / weights);
    if (corpus === undefined) await fuzzer.addSeeds();
    else fuzzer.corpus.push(...corpus);
    while (performance.now() < endMs) {
      if (corpus === undefined) await fuzzer.runGuided(coverage);
      else await fuzzer.run(CHUNK);
    }
    if (file !== undefined) closeSync(file);
    const row = rows.get(target.name) ?? { target: target.name, executions: 0, seconds: 0, corpus: 0, coverage: 0 };
    rows.set(target.name, row);
    row.executions += fuzzer.executions;
    row.seconds += (performance.now() - startMs) / 1000;
    row.corpus = fuzzer.corpus.length;
    if (corpus === undefined) row.coverage = coverage.share(target.files);
    corpora.set(target.name, fuzzer.corpus);
    running = undefined;
    watch.rest();
  };
  for (const target of chosen) await run(target, 0, guided);
  coverage.close();
  for (const target of plain) await run(target, 1, 1 - guided, corpora.get(target.name));
  rmSync(CURRENT, { force: true });
  report([...rows.values()], findings);
}

async function attack(): Promise<void> {
  const seed = Number(values.seed);
  console.log(`seed ${seed}`);
  const problems = await fuzzPort({ seed, seconds: Number(values.seconds), perSecond: Number(values.rate) });
  console.log(problems.length === 0 ? 'no failures' : problems.join('\n'));
  process.exitCode = problems.length > 0 ? 1 : 0;
}

function choose(targets: readonly FuzzTarget[]): readonly FuzzTarget[] {
  const names = values.only?.split(',');
  const unknown = names?.find((name) => !targets.some((target) => target.name === name));
  if (unknown !== undefined) {
    console.error(`There is no target "${unknown}". Targets: ${targets.map(({ name }) => name).join(', ')}.`);
    process.exit(2);
  }
  return names === undefined ? targets : targets.filter(({ name }) => names.includes(name));
}

function report(rows: readonly Row[], { found }: Findings): void {
  const lines = rows.map(({ target, executions, seconds, corpus, coverage }) =>
    [
      target.padEnd(10),
      executions.toLocaleString('en').padStart(12),
      Math.round(executions / seconds)
        .toLocaleString('en')
        .padStart(9),
      String(corpus).padStart(7),
      `${(100 * coverage).toFixed(1)} %`.padStart(9),
      String(found.filter((finding) => finding.target === target).length).padStart(9),
    ].join(''),
  );
  const total = rows.reduce((sum, { executions }) => sum + executions, 0);
  console.log('target       executions  per second  corpus coverage findings');
  console.log(lines.join('\n'));
  console.log(`${total.toLocaleString('en')} executions, ${found.length} findings`);
  for (const { target, message } of found) console.log(`\n${target}: ${message.split('\n', 3).join('\n')}`);
  if (found.length > 0) console.log(`\nThe inputs are in ${FINDINGS}.`);
  process.exitCode = found.length > 0 ? 1 : 0;
}

async function replay(file: string): Promise<void> {
  const { targets } = (await import(new URL('./targets.mjs', import.meta.url).href)) as Loaded;
  const input = Uint8Array.from(readFileSync(file));
  for (const target of choose(targets)) {
    const startMs = performance.now();
    await target.run(input);
    console.log(`${target.name}: ${(performance.now() - startMs).toFixed(1)} ms`);
  }
}

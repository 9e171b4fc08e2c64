import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { runCommand } from './lib/command.ts';
import { type Options, UsageError, type Values } from './lib/options.ts';
import { commandOf, STEPS, type Step } from './lib/steps.ts';

const RUN = fileURLToPath(new URL('../../bench/run.mjs', import.meta.url));
const RESULTS = 'bench/results';
const JANUS = '/usr/bin/janus';

const options = {
  only: { kind: 'text', placeholder: 'NAME,NAME,…', description: 'run only these steps' },
} as const satisfies Options;

const stepLines = STEPS.map(
  (step) => `  ${step.name.padEnd(20)} ${String(step.minutes).padStart(2)} min  ${commandOf(step)}`,
);

await runCommand({
  name: 'all',
  about: [
    'Runs every benchmark of docs/benchmarks.md one after the other, then writes that document. Do not use the machine',
    `meanwhile. Each step writes its figures to ${RESULTS}/NAME.json, so you can repeat a single step with --only NAME.`,
    'If Janus is not installed, steps that compare with it measure Partyline alone. These steps only run if you name them:',
    `${STEPS.filter(({ onlyByName }) => onlyByName)
      .map(({ name }) => name)
      .join(', ')}.`,
    '',
    ...stepLines,
  ].join('\n'),
  options,
  run,
});

async function run({ only }: Values<typeof options>): Promise<void> {
  const steps = only === undefined ? STEPS.filter(({ onlyByName }) => !onlyByName) : only.split(',').map(stepNamed);
  const minutes = steps.reduce((sum, step) => sum + step.minutes, 0);
  console.log(`${steps.length} steps, about ${minutes} minutes.`);
  const failed: string[] = [];
  for (const [index, step] of steps.entries()) {
    console.log(`\n[${index + 1} of ${steps.length}] ${step.name}: ${commandOf(step)}`);
    const file = `${RESULTS}/${step.name}.json`;
    // Otherwise the report would show figures of an earlier run for a step that failed.
    await rm(file, { force: true });
    if (!(await succeeds([...withoutMissing(step), '--json', file]))) failed.push(step.name);
  }
  await succeeds(['report']);
  if (failed.length > 0) throw new Error(`These steps failed: ${failed.join(', ')}.`);
}

function stepNamed(name: string): Step {
  const step = STEPS.find((one) => one.name === name);
  if (step !== undefined) return step;
  throw new UsageError(`--only: there is no step "${name}". Steps: ${STEPS.map((one) => one.name).join(', ')}.`);
}

function withoutMissing({ args }: Step): readonly string[] {
  const at = args.indexOf('--against');
  if (at < 0 || existsSync(JANUS)) return args;
  console.log('Janus is not installed (Debian: apt-get install janus); measuring Partyline alone.');
  return args.toSpliced(at, 2);
}

async function succeeds(args: readonly string[]): Promise<boolean> {
  const child = spawn(process.execPath, [RUN, ...args], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  return code === 0;
}

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { failureText } from './failure-text.ts';
import { describeOptions, type Options, parseOptions, UsageError, type Values } from './options.ts';
import { clearProgress } from './progress.ts';

export interface Benchmark<O extends Options> {
  readonly name: string;
  /** For `--help`: what is measured, and how. */
  readonly about: string;
  readonly options: O;
  readonly run: (values: Values<O>) => Promise<void>;
}

/** Runs a benchmark as a command: `--help`, exit code 2 for a wrong flag, 1 for a failure. */
export async function runCommand<O extends Options>({ name, about, options, run }: Benchmark<O>): Promise<void> {
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    console.log(`npm run bench -- ${name} [flags]\n\n${about}\n\n${describeOptions(options)}`);
    return;
  }
  try {
    await run(parseOptions(args, options));
  } catch (error) {
    clearProgress();
    if (error instanceof UsageError) {
      console.error(error.message);
      process.exitCode = 2;
    } else {
      console.error(failureText(error));
      process.exitCode = 1;
    }
  }
}

/** Writes a result file and creates its folder. */
export async function writeResult(file: string | undefined, text: string): Promise<void> {
  if (file === undefined) return;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  console.log(`wrote ${file}`);
}

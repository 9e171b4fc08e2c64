import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** What the compiler remembers of its last run, so that the next run checks only what has changed. */
const remembered = (name) => ['--incremental', '--tsBuildInfoFile', `.tap/${name}.tsbuildinfo`];

/**
 * TypeScript 7 checks types ten times as fast as 5.9. The package `typescript` is 5.9, because tap and the tests that
 * read source files need its API.
 */
const TSC = 'typescript7/bin/tsc';
/** Several threads of the compiler would check many types twice. Tests run beside it. */
const ONE_THREAD = ['--checkers', '1'];

/** By title. The slowest come first. */
const COMMANDS = {
  'types of server and tests': [TSC, '-p', '.', ...ONE_THREAD, ...remembered('server')],
  'types of the page': [TSC, '-p', 'web', ...ONE_THREAD, ...remembered('web')],
  lint: ['@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'],
};

export const CHECKS = Object.keys(COMMANDS);

/** Runs one of `CHECKS`. The results look like those of a test file with one test. */
export async function runCheck(title, { cwd }) {
  const startMs = performance.now();
  const [script, ...args] = COMMANDS[title];
  const child = spawn(process.execPath, [join('node_modules', script), ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const code = await new Promise((resolve) => child.once('close', resolve));
  const isGood = code === 0;
  return {
    passed: isGood ? 1 : 0,
    failed: isGood ? [] : [title],
    skipped: [],
    assertions: [],
    comments: [],
    problem: null,
    errorOutput: isGood ? '' : output,
    tookMs: performance.now() - startMs,
  };
}

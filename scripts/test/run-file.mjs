import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { GroupResults, TapResults } from './tap-results.mjs';

const GROUP_MAIN = fileURLToPath(new URL('group-main.mjs', import.meta.url));
/** After its timeout, a test may say what it was waiting for. */
const LAST_WORDS_MS = 10_000;
/**
 * tap writes its plan when nothing keeps the process alive any more. Rarely, Node then waits for ever for its compiler's
 * threads, which wait for Node (https://github.com/nodejs/node/issues/54918).
 */
const EXIT_MS = 10_000;
/** Processes that the test has started may keep its output open. */
const DRAIN_MS = 2000;
const running = new Set();

/**
 * Runs one test file with Node in its own process group, which no longer exists when this resolves. If the file did not
 * end as it should, `problem` in the results says how it ended.
 */
export async function runFile(file, options) {
  const results = new TapResults();
  const { isLate, isStuck, code, signal, errorOutput, tookMs } = await runNode([file], options, results);
  const read = results.end();
  const isKilled = signal !== null && !isStuck;
  const problems = [
    isLate ? `did not end within ${options.timeoutMs / 1000} s` : null,
    isKilled ? `ended by ${signal}` : null,
  ];
  // A failed test makes the exit code 1.
  if (code !== 0 && code !== null && read.failed.length === 0) problems.push(`ended with exit code ${code}`);
  const problem = [...problems, read.problem].filter((part) => part).join(', ') || null;
  return { ...read, problem, errorOutput, tookMs };
}

/**
 * Runs several test files in one process. Resolves with the results of those that ended as they should, by their names.
 * If the process did not, the results of none of them can be trusted. Each file has the time of `options`.
 * @param tap where tap is, as `tapPath` says
 * @param files by name, where they are
 * @param options `first` is a module that is loaded before everything else; it may run the process again elsewhere
 */
export async function runGroup(tap, files, { first = '', ...options }) {
  const results = new GroupResults();
  const entries = Object.entries(files);
  const args = [GROUP_MAIN, first, tap, ...entries.flat()];
  const { isLate, isStuck, code, errorOutput } = await runNode(args, { ...options, files: entries.length }, results);
  const read = results.end();
  // A failed test makes the exit code 1.
  const isExpected = code === ([...read.values()].some(({ failed }) => failed.length > 0) ? 1 : 0);
  if (isLate || !(isExpected || isStuck)) return new Map();
  return new Map([...read].map(([name, file]) => [name, { ...file, errorOutput }]));
}

async function runNode(
  args,
  { cwd, env, timeoutMs, files = 1, lastWordsMs = LAST_WORDS_MS, exitMs = EXIT_MS },
  results,
) {
  const startMs = performance.now();
  let errorOutput = '';
  const child = spawn(process.execPath, ['--enable-source-maps', ...args], {
    cwd,
    env: { ...env, TAP_TIMEOUT: String(timeoutMs / 1000) },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  running.add(child);
  let isStuck = false;
  let exitTimer;
  child.stdout.setEncoding('utf8').on('data', (text) => {
    results.write(text);
    if (!results.isComplete || exitTimer !== undefined) return;
    exitTimer = setTimeout(() => {
      isStuck = true;
      killGroup(child);
    }, exitMs);
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errorOutput += text;
  });
  const closed = new Promise((resolve) => child.once('close', resolve));
  let isLate = false;
  const timer = setTimeout(
    () => {
      isLate = true;
      killGroup(child);
    },
    files * timeoutMs + lastWordsMs,
  );
  const [code, signal] = await new Promise((resolve) => child.once('exit', (...end) => resolve(end)));
  clearTimeout(timer);
  clearTimeout(exitTimer);
  killGroup(child);
  running.delete(child);
  const drained = new Promise((resolve) => {
    setTimeout(resolve, DRAIN_MS).unref();
  });
  await Promise.race([closed, drained]);
  return { isLate, isStuck, code, signal, errorOutput, tookMs: performance.now() - startMs };
}

/** Kills all test files that are running, and everything that they have started. */
export function killRunningFiles() {
  for (const child of running) killGroup(child);
}

function killGroup({ pid }) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

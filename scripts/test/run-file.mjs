import { spawn } from 'node:child_process';
import { TapResults } from './tap-results.mjs';

/** After its timeout, a test may say what it was waiting for. */
const LAST_WORDS_MS = 10_000;
/** Processes that the test has started may keep its output open. */
const DRAIN_MS = 2000;
const running = new Set();

/**
 * Runs one test file with Node in its own process group, which no longer exists when this resolves. If the file did not
 * end as it should, `problem` in the results says how it ended.
 */
export async function runFile(file, { cwd, env, timeoutMs, lastWordsMs = LAST_WORDS_MS }) {
  const startMs = performance.now();
  const results = new TapResults();
  let errorOutput = '';
  const child = spawn(process.execPath, ['--enable-source-maps', file], {
    cwd,
    env: { ...env, TAP_TIMEOUT: String(timeoutMs / 1000) },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  running.add(child);
  child.stdout.setEncoding('utf8').on('data', (text) => results.write(text));
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errorOutput += text;
  });
  const closed = new Promise((resolve) => child.once('close', resolve));
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    killGroup(child);
  }, timeoutMs + lastWordsMs);
  const [code, signal] = await new Promise((resolve) => child.once('exit', (...end) => resolve(end)));
  clearTimeout(timer);
  killGroup(child);
  running.delete(child);
  const drained = new Promise((resolve) => {
    setTimeout(resolve, DRAIN_MS).unref();
  });
  await Promise.race([closed, drained]);

  const read = results.end();
  const problems = [isLate ? `did not end within ${timeoutMs / 1000} s` : null, signal && `ended by ${signal}`];
  // A failed test makes the exit code 1.
  if (code !== 0 && code !== null && read.failed.length === 0) problems.push(`ended with exit code ${code}`);
  const problem = [...problems, read.problem].filter((part) => part).join(', ') || null;
  return { ...read, problem, errorOutput, tookMs: performance.now() - startMs };
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

// Runs tests and ends with one line that counts them.
//
//   node scripts/test.mjs [--check] [--quick] [--jobs N] [--timeout SECONDS] [FILE or FOLDER …]
//
// Without paths it runs all tests. --check also checks types and lint. --quick leaves out the tests with browsers,
// executables and whole servers, and tries fewer random cases.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildAll } from './build.mjs';
import { buildKernels } from './kernels.mjs';
import { tapPath } from './test/bundle-tap.mjs';
import { CHECKS, runCheck } from './test/checks.mjs';
import { compiledPath, compileSources, isOutOfDate } from './test/compile.mjs';
import { failureLines } from './test/failures.mjs';
import { findTestFiles } from './test/find-files.mjs';
import { killRunningFiles, runFile, runGroup } from './test/run-file.mjs';
import { groupsOf, isSlow, runAll, sharesBrowsers } from './test/schedule.mjs';
import { Summary } from './test/summary.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COMPILED = join(ROOT, '.tap/compiled');
const CORES = availableParallelism();
/** Runs its process again in a network of its own. */
const PRIVATE_NETWORK = 'test/helpers/private-network.ts';

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      check: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      // Tests of whole servers mostly wait.
      jobs: { type: 'string', default: String(CORES + 2) },
      // Meant only for tests that hang.
      timeout: { type: 'string', default: '600' },
    },
  });
  const [jobs, timeout] = [values.jobs, values.timeout].map(Number);
  if (!Number.isInteger(jobs) || jobs < 1) throw new Error('--jobs takes a whole number from 1.');
  if (!(timeout > 0)) throw new Error('--timeout takes a number of seconds.');
  const named =
    positionals.length > 0
      ? findTestFiles(ROOT, positionals, process.cwd())
      : findTestFiles(ROOT, ['test']).filter((file) => !values.quick || !isSlow(file));
  const { check, quick } = values;
  return { checks: check ? CHECKS : [], files: named, quick, jobs, timeoutMs: timeout * 1000 };
}

function print(file, results) {
  const { comments, errorOutput, tookMs } = results;
  console.log(`${hasFailed(results) ? 'NOT OK' : 'ok    '} ${file} (${(tookMs / 1000).toFixed(1)} s)`);
  for (const text of comments) console.log(`       ${text}`);
  for (const line of failureLines(results)) console.log(line);
  // What a server logs while it is tested only helps to find out why a test failed.
  if (hasFailed(results) && errorOutput !== '') console.log(errorOutput.trimEnd());
}

function hasFailed({ failed, problem }) {
  return failed.length > 0 || problem !== null;
}

/** Returns the exit code. */
async function main({ checks, files, quick, jobs, timeoutMs }) {
  const summary = new Summary();
  const conclude = (name, results) => {
    print(name, results);
    summary.add(name, results);
  };
  await buildKernels();
  await compileSources(ROOT, COMPILED);
  // The tests may use the build. A nested test run finds it up to date.
  if (
    isOutOfDate(ROOT, [
      'dist/main.js',
      'dist/worker.js',
      'dist/web/index.html',
      'dist/web/admin.html',
      'dist/web/listen.html',
    ])
  )
    await buildAll();
  const look = async (check) => conclude(check, await runCheck(check, { cwd: ROOT }));
  const env = quick ? { ...process.env, TEST_QUICK: '1' } : process.env;
  const options = { cwd: ROOT, env, timeoutMs };
  const compiled = (file) => compiledPath(ROOT, COMPILED, file);
  const run = async (file) => conclude(file, await runFile(compiled(file), options));
  const runTogether = async (group) => {
    const paths = Object.fromEntries(group.map((file) => [file, compiled(file)]));
    const first = sharesBrowsers(group[0]) ? compiled(PRIVATE_NETWORK) : undefined;
    const results = group.length > 1 ? await runGroup(tapPath(COMPILED), paths, { ...options, first }) : new Map();
    for (const file of group) {
      const result = results.get(file);
      if (result === undefined) await run(file);
      else conclude(file, result);
    }
  };
  const groups = new Map(groupsOf(files).map((group) => [group[0], group]));
  const first = checks.map((check) => () => look(check));
  await runAll([...groups.keys()], { jobs, first }, (file) => runTogether(groups.get(file)));
  for (const line of summary.failures) console.log(line);
  for (const line of summary.lines) console.log(line);
  return summary.exitCode({ mustBeComplete: process.env.CI === 'true' });
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    killRunningFiles();
    process.exit(1);
  });
}
let settings;
try {
  settings = readArguments();
} catch (error) {
  console.error(error.message);
  process.exit(2);
}
process.exitCode = await main(settings);

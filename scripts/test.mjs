// Runs the tests by tap and ends with one line that counts them. Arguments are passed on: files, or options of tap.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const child = spawn('npx', ['--no-install', 'tap', '--reporter=tap', ...process.argv.slice(2)], {
  stdio: ['inherit', 'pipe', 'inherit'],
  env: { ...process.env, FORCE_COLOR: '0' },
});

// TAP 14: subtests are indented by four spaces and each ends in one line of its parent. The tests counted are those of
// the files, one level down; a file that dies without having counted its tests is a failure of its own.
const SUBTEST = /^ {4}(not )?ok \d+ - (.*?)(?: # (SKIP|TODO)\b(.*))?(?: # time=.*)?$/i;
const FILE = /^(not )?ok \d+ - (.*?)(?: # time=.*)?$/;
const failures = [];
const skips = [];
let passed = 0;
let failedInFile = 0;
let failed = 0;
let skipped = 0;

for await (const line of createInterface({ input: child.stdout })) {
  const subtest = SUBTEST.exec(line);
  const file = FILE.exec(line);
  if (subtest !== null) {
    const [, not, title, skip, reason] = subtest;
    if (skip !== undefined) {
      skipped++;
      skips.push(`${title}:${reason}`);
    } else if (not === undefined) passed++;
    else {
      failed++;
      failedInFile++;
      failures.push(title);
    }
  } else if (file !== null) {
    const [, not, title] = file;
    if (not !== undefined && failedInFile === 0) {
      failed++;
      failures.push(`${title} (the file as a whole)`);
    }
    failedInFile = 0;
    console.log(`${not === undefined ? 'ok    ' : 'NOT OK'} ${line.replace(/^(not )?ok \d+ - /, '')}`);
    continue;
  }
  // The details of what failed, and what tests say about themselves; not every assertion that holds.
  if (!/^ *ok \d+/.test(line) && line.trim() !== '' && !/^ *(1\.\.\d+|# time=|# Subtest|TAP version)/.test(line))
    console.log(line);
}

const code = await new Promise((resolve) => child.on('close', resolve));
for (const title of failures) console.log(`FAILED ${title}`);
for (const title of skips) console.log(`SKIPPED ${title}`);
if (code !== 0 && failed === 0) failed = 1;
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
// Where everything must be there, a test that did not run is a failure.
const unwanted = skipped > 0 && process.env.CI === 'true';
process.exitCode = code === 0 && failed === 0 && !unwanted ? 0 : 1;

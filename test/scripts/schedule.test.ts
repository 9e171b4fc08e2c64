import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { findTestFiles } from '../../scripts/test/find-files.mjs';
import { groupsOf, isSlow, runAll, sharesBrowsers } from '../../scripts/test/schedule.mjs';
import { Summary } from '../../scripts/test/summary.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDERS = ['e2e', 'lib', 'server', 'interop', 'media'];
const FILES = ['a', 'b', 'c'].flatMap((name) => FOLDERS.map((folder) => `test/${folder}/${name}`));
const hasBrowsers = (file: string) => /^test\/(e2e|interop)\//.test(file);

for (const jobs of [1, 2, 3]) {
  test(`with ${jobs} jobs every file runs once, and those with browsers one at a time beside the others`, async (t) => {
    const started: string[] = [];
    const now = new Set<string>();
    let most = 0;
    await runAll(FILES, { jobs }, async (file) => {
      started.push(file);
      now.add(file);
      most = Math.max(most, now.size);
      t.ok([...now].filter(hasBrowsers).length <= 1, `${[...now]} at once`);
      await new Promise(setImmediate);
      now.delete(file);
    });
    t.same([...started].sort(), [...FILES].sort());
    t.equal(most, jobs);
    t.ok(hasBrowsers(started[0]!), 'browsers begin at once');
    const others = started.filter((file) => !hasBrowsers(file)).map((file) => file.split('/')[1]);
    t.same(others, ['server', 'server', 'server', 'media', 'media', 'media', 'lib', 'lib', 'lib'], 'long files first');
  });
}

test('stacks without a browser run beside one', async (t) => {
  const now = new Set<string>();
  let most = 0;
  await runAll(['test/e2e/a.test.ts', 'test/interop/aiortc.test.ts'], { jobs: 2 }, async (file) => {
    now.add(file);
    most = Math.max(most, now.size);
    await new Promise(setImmediate);
    now.delete(file);
  });
  t.equal(most, 2);
});

test('a quick run leaves out other programs and whole servers, wherever their tests are', (t) => {
  for (const file of [
    'e2e/page',
    'interop/aiortc',
    'server/server',
    'server/tls/acme',
    'main/capture',
    'admin/api/api',
  ])
    t.equal(isSlow(`test/${file}.test.ts`), true, file);
  for (const file of ['main/token', 'admin/api/openapi', 'rtc/ice/stun', 'mixer/mix/mixer'])
    t.equal(isSlow(`test/${file}.test.ts`), false, file);
  t.end();
});

test('browser tests that share their browsers are in groups, and nothing else is with them', (t) => {
  const files = findTestFiles(ROOT, ['test']);
  const groups = groupsOf(files);
  t.same(groups.flat().sort(), files);
  for (const group of groups) {
    t.equal(new Set(group.map(sharesBrowsers)).size, 1, group.join());
    if (group.length === 1) continue;
    if (sharesBrowsers(group[0]!)) t.ok(group.every(hasBrowsers), group.join());
    else t.notOk(group.some(isSlow), group.join());
  }
  t.ok(groups.some((group) => group.length > 1 && group.includes('test/e2e/page.test.ts')));
  t.same(groupsOf(['test/e2e/page.test.ts', 'test/e2e/nat.test.ts']).flat(), [
    'test/e2e/page.test.ts',
    'test/e2e/nat.test.ts',
  ]);
  t.end();
});

test('groups hold each file once, few of them, and only those that need no process', (t) => {
  const files = (folder: string) => Array.from({ length: 60 }, (_, index) => `test/${folder}/${index}.test.ts`);
  const light = [...files('mixer'), ...files('lib')];
  const alone = ['test/scripts/a.test.ts', 'test/fuzz/b.test.ts'];
  const groups = groupsOf([...light, ...alone]);
  t.same(groups.flat().sort(), [...light, ...alone].sort());
  t.same(
    groups.map(({ length }) => length).sort((a, b) => a - b),
    [1, 1, 8, 32, 40, 40],
  );
  t.ok(groups.every((group) => group.length === 1 || group.every((file) => light.includes(file))));
  t.end();
});

test('preparatory tasks begin before all other files than those with browsers, and count as jobs', async (t) => {
  const started: string[] = [];
  const task = (name: string) => async () => {
    started.push(name);
    await new Promise(setImmediate);
  };
  const first = ['types', 'lint', 'more'].map(task);
  await runAll(['test/lib/a', 'test/e2e/a'], { jobs: 2, first }, (file) => task(file)());
  t.same(started, ['test/e2e/a', 'types', 'lint', 'more', 'test/lib/a']);
});

test('the last line counts, and a skip can be a failure', async (t) => {
  const summary = new Summary();
  summary.add('a.test.ts', { passed: 3, failed: [], skipped: [], assertions: [], problem: null });
  t.same(summary.lines, ['', '3 passed, 0 failed']);
  t.equal(summary.exitCode({ mustBeComplete: true }), 0);
  summary.add('b.test.ts', {
    passed: 1,
    failed: [],
    skipped: [{ title: 'x', reason: 'no sound' }],
    assertions: [],
    problem: null,
  });
  t.same(summary.lines, ['SKIPPED b.test.ts: x: no sound', '', '4 passed, 0 failed, 1 skipped']);
  t.equal(summary.exitCode({ mustBeComplete: false }), 0);
  t.equal(summary.exitCode({ mustBeComplete: true }), 1);
  t.same(summary.failures, []);
  const assertions = [
    { title: 'y > inner', details: { at: { fileName: 'c.test.ts', lineNumber: 3, columnNumber: 5 }, diff: '-1\n+2' } },
    { title: 'y', details: null },
  ];
  summary.add('c.test.ts', { passed: 1, failed: ['y'], skipped: [], assertions, problem: 'ended by SIGKILL' });
  t.same(summary.failures, [
    'NOT OK c.test.ts',
    '  not ok: y > inner',
    '    at c.test.ts:3:5\n    -1\n    +2',
    '  ended by SIGKILL',
  ]);
  t.same(summary.lines.slice(0, 2), ['FAILED c.test.ts: y', 'FAILED c.test.ts: ended by SIGKILL']);
  t.equal(summary.lines.at(-1), '5 passed, 2 failed, 1 skipped');
  t.equal(summary.exitCode({ mustBeComplete: false }), 1);
});

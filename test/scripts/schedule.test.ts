import { test } from 'tap';
import { runAll } from '../../scripts/test/schedule.mjs';
import { Summary } from '../../scripts/test/summary.mjs';

test('every file runs once; of browsers and of conversations one at a time, and the machine is never idle', async (t) => {
  const folders = ['e2e', 'lib', 'server', 'server/tls', 'media'];
  const files = ['a', 'b', 'c'].flatMap((name) => folders.map((folder) => `test/${folder}/${name}`));
  const started: string[] = [];
  const now = new Set<string>();
  const running = (folder: RegExp) => [...now].filter((file) => folder.test(file)).length;
  await runAll(files, { jobs: 3 }, async (file) => {
    started.push(file);
    now.add(file);
    await new Promise(setImmediate);
    t.ok(running(/e2e/) <= 1 && running(/server\/\w$/) <= 1, `${[...now]} at the same time`);
    t.equal(now.size, Math.min(3, files.length - started.length + now.size), 'nothing waits that could run');
    now.delete(file);
  });
  t.same([...started].sort(), [...files].sort());
  t.same(started.slice(0, 2), ['test/e2e/a', 'test/server/a'], 'what takes long begins');
  t.ok(
    started.slice(-3).every((file) => file.startsWith('test/lib')),
    'and what is short ends',
  );
});

test('what is first begins before all files, and counts as a job', async (t) => {
  const started: string[] = [];
  const task = (name: string) => async () => {
    started.push(name);
    await new Promise(setImmediate);
  };
  const first = ['types', 'lint', 'more'].map(task);
  await runAll(['test/lib/a', 'test/e2e/a'], { jobs: 2, first }, (file) => task(file)());
  t.same(started, ['types', 'lint', 'more', 'test/e2e/a', 'test/lib/a']);
});

test('files of one kind only run one after the other', async (t) => {
  let now = 0;
  const started: string[] = [];
  await runAll(['test/e2e/a', 'test/e2e/b', 'test/e2e/c'], { jobs: 2 }, async (file) => {
    started.push(file);
    now++;
    await new Promise(setImmediate);
    t.equal(now, 1);
    now--;
  });
  t.same(started, ['test/e2e/a', 'test/e2e/b', 'test/e2e/c']);
});

test('the last line counts, and a skip can be a failure', async (t) => {
  const summary = new Summary();
  summary.add('a.test.ts', { passed: 3, failed: [], skipped: [], problem: null });
  t.same(summary.lines, ['', '3 passed, 0 failed']);
  t.equal(summary.exitCode({ mustBeComplete: true }), 0);
  summary.add('b.test.ts', { passed: 1, failed: [], skipped: [{ title: 'x', reason: 'no sound' }], problem: null });
  t.same(summary.lines, ['SKIPPED b.test.ts: x: no sound', '', '4 passed, 0 failed, 1 skipped']);
  t.equal(summary.exitCode({ mustBeComplete: false }), 0);
  t.equal(summary.exitCode({ mustBeComplete: true }), 1);
  summary.add('c.test.ts', { passed: 1, failed: ['y'], skipped: [], problem: 'ended by SIGKILL' });
  t.same(summary.lines.slice(0, 2), ['FAILED c.test.ts: y', 'FAILED c.test.ts: ended by SIGKILL']);
  t.equal(summary.lines.at(-1), '5 passed, 2 failed, 1 skipped');
  t.equal(summary.exitCode({ mustBeComplete: false }), 1);
});

import { test } from 'tap';
import { runAll } from '../../scripts/test/schedule.mjs';
import { Summary } from '../../scripts/test/summary.mjs';

test('every file runs once, with few heavy ones at a time', async (t) => {
  const files = ['a', 'b', 'c', 'd'].flatMap((name) => [`test/e2e/${name}`, `test/lib/${name}`, `test/server/${name}`]);
  const started: string[] = [];
  const now = new Set<string>();
  const ends = new Map<string, () => void>();
  const isHeavy = (file: string) => file.startsWith('test/e2e');
  const all = runAll(files, { jobs: 3, heavyJobs: 1 }, async (file) => {
    started.push(file);
    now.add(file);
    t.ok(now.size <= 3, 'no more than three');
    t.ok([...now].filter(isHeavy).length <= 1, 'one heavy file');
    await new Promise<void>((resolve) => ends.set(file, resolve));
    now.delete(file);
  });
  // A heavy file takes as long as all the others.
  while (started.length < files.length) {
    const file = [...now].find((name) => !isHeavy(name)) ?? [...now][0]!;
    ends.get(file)!();
    await new Promise(setImmediate);
  }
  for (const end of ends.values()) end();
  await all;
  t.same([...started].sort(), [...files].sort());
  t.same(started.slice(0, 3), ['test/e2e/a', 'test/server/a', 'test/server/b'], 'what takes long begins');
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

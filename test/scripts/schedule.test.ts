import { test } from 'tap';
import { isSlow, runAll } from '../../scripts/test/schedule.mjs';
import { Summary } from '../../scripts/test/summary.mjs';

test('every file runs once, and those that need the whole machine run last, one at a time', async (t) => {
  const folders = ['e2e', 'lib', 'server', 'server/tls', 'media'];
  const files = ['a', 'b', 'c'].flatMap((name) => folders.map((folder) => `test/${folder}/${name}`));
  const started: string[] = [];
  const now = new Set<string>();
  const needsAll = (file: string) => /^test\/(e2e|server)\/\w$/.test(file);
  await runAll(files, { jobs: 3 }, async (file) => {
    started.push(file);
    now.add(file);
    t.ok(now.size <= (needsAll(file) ? 1 : 3), `${[...now]} at once`);
    await new Promise(setImmediate);
    now.delete(file);
  });
  t.same([...started].sort(), [...files].sort());
  t.same(started.slice(9).every(needsAll), true, 'alone at the end');
  t.same(
    started.slice(0, 3).some((file) => file.startsWith('test/lib')),
    false,
    'long files begin',
  );
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

test('preparatory tasks begin before all files, and count as jobs', async (t) => {
  const started: string[] = [];
  const task = (name: string) => async () => {
    started.push(name);
    await new Promise(setImmediate);
  };
  const first = ['types', 'lint', 'more'].map(task);
  await runAll(['test/lib/a', 'test/e2e/a'], { jobs: 2, first }, (file) => task(file)());
  t.same(started, ['types', 'lint', 'more', 'test/lib/a', 'test/e2e/a']);
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

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { findTestFiles } from '../../scripts/test/find-files.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SCRIPT = join(ROOT, 'scripts/test.mjs');

function run(args: readonly string[], cwd = ROOT): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [SCRIPT, ...args], { cwd }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

test('a folder stands for all tests in it and below', async (t) => {
  const root = t.testdir({
    test: {
      a: { 'one.test.ts': '', 'helper.ts': '', deep: { 'two.test.ts': '' } },
      b: { 'three.test.ts': '' },
      c: { 'helper.ts': '' },
    },
  });
  t.same(findTestFiles(root, ['test/a']), ['test/a/deep/two.test.ts', 'test/a/one.test.ts']);
  t.same(findTestFiles(root, ['test/a/deep/']), ['test/a/deep/two.test.ts']);
  t.same(findTestFiles(root, ['test/b', 'test/a', 'test/a/one.test.ts']), [
    'test/a/deep/two.test.ts',
    'test/a/one.test.ts',
    'test/b/three.test.ts',
  ]);
  t.same(findTestFiles(root, ['../b', 'one.test.ts'], join(root, 'test/a')), [
    'test/a/one.test.ts',
    'test/b/three.test.ts',
  ]);
  t.throws(() => findTestFiles(root, ['test/a', 'test/gone']), { message: 'There is no file or folder "test/gone".' });
  t.throws(() => findTestFiles(root, ['test/c']), { message: 'There are no tests in "test/c".' });
  t.throws(() => findTestFiles(root, ['test/a/helper.ts']), {
    message: '"test/a/helper.ts" is not a test (*.test.ts).',
  });
});

test('folders work each time, together with files, and relative to the current directory', async (t) => {
  for (const [folder, cwd] of [
    ['test/lib/', ROOT],
    ['', join(ROOT, 'test/lib')],
  ] as const) {
    const { code, stdout } = await run(['--quick', `${folder}rates`, `${folder}suggest.test.ts`], cwd);
    t.equal(code, 0);
    t.match(stdout, /^ok {5}test\/lib\/rates\/token-bucket\.test\.ts /m);
    t.match(stdout, /^ok {5}test\/lib\/suggest\.test\.ts /m);
    t.match(stdout.trimEnd().split('\n').at(-1), /^\d+ passed, 0 failed$/);
  }
});

test('a missing path is an error', async (t) => {
  t.match(await run(['test/no-such-folder']), {
    code: 2,
    stderr: 'There is no file or folder "test/no-such-folder".\n',
  });
  t.match(await run(['--jobs', '0']), { code: 2, stderr: '--jobs takes a whole number from 1.\n' });
  t.match(await run(['--no-such-option']), { code: 2, stderr: /--no-such-option/ });
});

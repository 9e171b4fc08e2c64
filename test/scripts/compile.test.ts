import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'tap';
import { compiledPath, compileSources, isOutOfDate } from '../../scripts/test/compile.mjs';

/** The compiler would replace it here as well. */
const URL_OF_MODULE = ['import', 'meta', 'url'].join('.');
const SOURCES = {
  src: { lib: { 'a.ts': 'export const a: number = 1;', 'b.ts': `export const where = ${URL_OF_MODULE};` } },
  bench: {},
  examples: {},
  web: { 'page.tsx': 'export const page = <p />;' },
  test: { 'a.test.ts': "import { test } from 'tap'; import { a } from '../src/lib/a.ts'; test(String(a));" },
};

test('only sources that have changed are compiled again, and each lies where it is looked for', async (t) => {
  const root = t.testdir(SOURCES);
  const outdir = join(root, '.tap/compiled');
  const compiled = (file: string) => readFileSync(compiledPath(root, outdir, file), 'utf8');
  await compileSources(root, outdir);
  t.match(compiled('src/lib/a.ts'), /a = 1;/);
  t.match(compiled('src/lib/b.ts'), JSON.stringify(pathToFileURL(join(root, 'src/lib/b.ts')).href));
  t.match(compiled('web/page.tsx'), 'preact/jsx-runtime');
  t.match(compiled('test/a.test.ts'), /from "\.\.\/src\/lib\/a\.js"/);
  t.match(compiled('test/a.test.ts'), /tap\.mjs"/, 'tap is one file');

  const a = join(root, 'src/lib/a.ts');
  const marked = compiledPath(root, outdir, 'src/lib/b.ts');
  const { mtime } = statSync(marked);
  writeFileSync(marked, 'left alone');
  utimesSync(marked, mtime, mtime);
  writeFileSync(a, 'export const a: number = 2;');
  await compileSources(root, outdir);
  t.match(compiled('src/lib/a.ts'), /a = 2;/);
  t.equal(compiled('src/lib/b.ts'), 'left alone');

  // An older version that is put back keeps its old time.
  writeFileSync(a, 'export const a: number = 1;');
  utimesSync(a, 1_000_000, 1_000_000);
  await compileSources(root, outdir);
  t.match(compiled('src/lib/a.ts'), /a = 1;/);
});

test('a build is out of date when a file of it is missing or older than any source', (t) => {
  const root = t.testdir({
    ...SOURCES,
    scripts: { 'build.mjs': '' },
    'package.json': '{}',
    dist: { 'main.js': '', 'worker.js': '' },
  });
  const built = ['dist/main.js', 'dist/worker.js'];
  const age = (file: string, seconds: number) => utimesSync(join(root, file), seconds, seconds);
  const future = Date.parse('2100-01-01') / 1000;
  for (const file of built) age(file, future);
  t.equal(isOutOfDate(root, built), false);
  t.equal(isOutOfDate(root, [...built, 'dist/web/index.html']), true);
  for (const source of ['src/lib/b.ts', 'web/page.tsx', 'scripts/build.mjs', 'package.json']) {
    age(source, future + 1);
    t.equal(isOutOfDate(root, built), true, source);
    age(source, future - 1);
  }
  age('test/a.test.ts', future + 1);
  t.equal(isOutOfDate(root, built), false, 'tests are no part of it');
  t.end();
});

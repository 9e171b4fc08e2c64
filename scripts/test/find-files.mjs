import { readdirSync, statSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';

/** Only files with such a name are tests. Everything else in the folders supports them. */
const IS_TEST = /\.test\.ts$/;

/**
 * The test files that these paths name: sorted, without duplicates, relative to `root` and with slashes. A folder
 * stands for all tests in and below it. Paths are relative to `from`. Throws an error whose message says which path
 * names no test.
 */
export function findTestFiles(root, paths, from = root) {
  const files = new Set();
  for (const path of paths) {
    const full = resolve(from, path);
    const stats = statSync(full, { throwIfNoEntry: false });
    if (stats === undefined) throw new Error(`There is no file or folder "${path}".`);
    const found = stats.isDirectory() ? testsIn(full) : [full].filter((file) => IS_TEST.test(file));
    if (found.length === 0) {
      throw new Error(
        stats.isDirectory() ? `There are no tests in "${path}".` : `"${path}" is not a test (*.test.ts).`,
      );
    }
    for (const file of found) files.add(relative(root, file).split(sep).join('/'));
  }
  return [...files].sort();
}

function testsIn(folder) {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return entries.filter((name) => IS_TEST.test(name)).map((name) => join(folder, name));
}

// What the builds of the server (build.mjs) and of the executable (binary.mjs) share. V8 keeps the text of all code that it
// has loaded.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MODULES = fileURLToPath(new URL('../node_modules', import.meta.url));
const NOTHING = 'nothing';

/** A plugin of esbuild. */
export const onlyWhatIsUsed = {
  name: 'only what is used',
  setup({ onResolve, onLoad }) {
    // Messages of zod in fifty languages. English, the default, is imported without this index.
    onResolve({ filter: /\/locales\/index\.js$/ }, ({ resolveDir, path }) =>
      join(resolveDir, path).startsWith(join(MODULES, 'zod')) ? { path, namespace: NOTHING } : undefined,
    );
    onLoad({ filter: /.*/, namespace: NOTHING }, () => ({ contents: 'export {};' }));
  },
};

/**
 * Replaces what is not ASCII in a file that esbuild has written, which is only in comments. With a single such character
 * V8 holds the text with two bytes for each, and Node takes twice as long to read it.
 */
export async function makeAscii(file) {
  const code = await readFile(file, 'utf8');
  await writeFile(file, code.replace(/\P{ASCII}/gu, '?'));
}

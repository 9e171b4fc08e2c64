// Removes the types from all sources once, instead of at each start of a test: that took longer than most tests do.
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { bundleTap, tapPath } from './bundle-tap.mjs';

const FOLDERS = ['src', 'bench', 'test', 'web'];
const SOURCE = /\.tsx?$/;

/**
 * Writes every source as JavaScript below `outdir`, which must be inside `root`, and bundles tap for the tests into one
 * file.
 */
export async function compileSources(root, outdir) {
  await bundleTap(root, outdir);
  const { outputFiles } = await build({
    entryPoints: FOLDERS.flatMap((folder) => sourcesIn(join(root, folder))),
    outbase: root,
    outdir,
    absWorkingDir: root,
    // This only makes the plugin see each import.
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20.12',
    format: 'esm',
    packages: 'external',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    sourcemap: 'inline',
    sourcesContent: false,
    logLevel: 'warning',
    plugins: [fileByFile(pathToFileURL(tapPath(outdir)).href)],
  });
  for (const { path, contents } of outputFiles) writeIfChanged(path, contents);
}

/** Where `compileSources` writes this file. */
export function compiledPath(root, outdir, file) {
  return join(outdir, relative(root, resolve(root, file)).replace(SOURCE, '.js'));
}

function sourcesIn(folder) {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return entries.filter((name) => SOURCE.test(name) && !name.endsWith('.d.ts')).map((name) => join(folder, name));
}

/** Whether one of these built files is missing or older than its sources in `src` and `web`. */
export function isOutOfDate(root, builtFiles) {
  const changedMs = (path) => statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = ['src', 'web'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  );
  const newest = Math.max(...[...sources, 'scripts/build.mjs', 'package.json'].map(changedMs));
  return builtFiles.some((file) => changedMs(file) < newest);
}

/** Nothing is bundled, and `import.meta.url` remains the address of the source. */
function fileByFile(tapUrl) {
  return {
    name: 'file-by-file',
    setup(esbuild) {
      esbuild.onResolve({ filter: /^tap$/ }, () => ({ path: tapUrl, external: true }));
      esbuild.onResolve({ filter: /^\./ }, ({ path, resolveDir, kind }) => {
        if (kind === 'entry-point') return undefined;
        if (SOURCE.test(path)) return { path: path.replace(SOURCE, '.js'), external: true };
        return { path: pathToFileURL(resolve(resolveDir, path)).href, external: true };
      });
      esbuild.onLoad({ filter: SOURCE }, ({ path }) => ({
        contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
        loader: path.endsWith('x') ? 'tsx' : 'ts',
      }));
    },
  };
}

/** Atomic, so that two runs in the same folder do not disturb each other. */
function writeIfChanged(path, contents) {
  try {
    if (readFileSync(path).equals(contents)) return;
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true });
  }
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, contents);
  renameSync(unfinished, path);
}

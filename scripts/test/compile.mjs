// Removes the types from all sources once, instead of at each start of a test: that took longer than most tests do.
import { mkdirSync, readdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { bundleTap, tapPath } from './bundle-tap.mjs';
import { changedMs } from './changed-ms.mjs';

const FOLDERS = ['src', 'bench', 'test', 'web', 'examples'];
const SOURCE = /\.tsx?$/;

/** In the output folder; as old as this file was when it wrote everything there. */
const MARK = 'compiler';

/**
 * Writes each source that has changed since the last call as JavaScript below `outdir`, which must be inside `root`, and
 * bundles tap for the tests into one file.
 */
export async function compileSources(root, outdir) {
  await bundleTap(root, outdir);
  const mark = join(outdir, MARK);
  const compilerMs = changedMs(fileURLToPath(import.meta.url));
  const isSameCompiler = isSameTime(changedMs(mark), compilerMs);
  /** By output: when its source was changed. */
  const outdated = new Map();
  for (const source of FOLDERS.flatMap((folder) => sourcesIn(join(root, folder)))) {
    const output = compiledPath(root, outdir, source);
    const sourceMs = changedMs(source);
    if (!isSameCompiler || !isSameTime(changedMs(output), sourceMs)) outdated.set(output, { source, sourceMs });
  }
  if (outdated.size === 0) return;
  const { outputFiles } = await build({
    entryPoints: Array.from(outdated.values(), ({ source }) => source),
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
  for (const { path, contents } of outputFiles) write(path, contents, outdated.get(path).sourceMs);
  write(mark, '', compilerMs);
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
  const sources = ['src', 'web'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  );
  const timeOf = (path) => changedMs(join(root, path));
  const newest = Math.max(...[...sources, 'scripts/build.mjs', 'package.json'].map(timeOf));
  return builtFiles.some((file) => timeOf(file) < newest);
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

/** Times that were copied from one file to another lose their last digits. */
function isSameTime(aMs, bMs) {
  return Math.abs(aMs - bMs) < 0.5;
}

/** Atomic, so that two runs in the same folder do not disturb each other. */
function write(path, contents, sourceMs) {
  const unfinished = `${path}.${process.pid}`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(unfinished, contents);
  utimesSync(unfinished, sourceMs / 1000, sourceMs / 1000);
  renameSync(unfinished, path);
}

// Builds the server (dist/main.js, dist/worker.js) and the page (dist/web).
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGE = join(ROOT, 'web/app');
/** What `src="/main.js"` and the like in index.html stand for. */
const REFERENCE = /(?<=\s(?:src|href)=")\/([\w.-]+)(?=")/g;

function buildServer(outdir) {
  return build({
    entryPoints: { main: join(ROOT, 'src/main.ts'), worker: join(ROOT, 'src/media/worker.ts') },
    outdir,
    bundle: true,
    platform: 'node',
    target: 'node20.12',
    format: 'esm',
    packages: 'external',
    sourcemap: 'linked',
    logLevel: 'warning',
  });
}

/** Every file that index.html names is built or copied under a name with a hash, and index.html is told the new name. Resolves with esbuild's metafile. */
export async function buildPage(outdir) {
  const html = await readFile(join(PAGE, 'index.html'), 'utf8');
  const names = [...new Set([...html.matchAll(REFERENCE)].map(([, name]) => name))];
  await rm(outdir, { recursive: true, force: true });
  const { metafile } = await build({
    entryPoints: names.map((name) => join(PAGE, sourceOf(name))),
    outdir,
    // Paths from here are in the source maps, and so in the hashes.
    absWorkingDir: ROOT,
    bundle: true,
    platform: 'browser',
    target: ['chrome109', 'firefox115', 'safari16'],
    format: 'esm',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.svg': 'copy', '.png': 'copy', '.ico': 'copy', '.webmanifest': 'copy' },
    entryNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    minify: true,
    sourcemap: 'linked',
    metafile: true,
    logLevel: 'warning',
  });
  const built = new Map();
  for (const [path, { entryPoint }] of Object.entries(metafile.outputs)) {
    if (entryPoint !== undefined) built.set(basename(entryPoint), relative(outdir, resolve(ROOT, path)));
  }
  const rewritten = html.replace(REFERENCE, (_, name) => `/${built.get(sourceOf(name)) ?? missing(name)}`);
  await mkdir(outdir, { recursive: true });
  await writeFile(join(outdir, 'index.html'), rewritten);
  return metafile;
}

function sourceOf(name) {
  return name === 'main.js' ? 'main.tsx' : name;
}

function missing(name) {
  throw new Error(`web/app/index.html names /${name}, which is not in web/app`);
}

/** Writes into `outdir`; rejects, with the errors printed, if something cannot be built. */
export async function buildAll(outdir = join(ROOT, 'dist')) {
  await Promise.all([buildServer(outdir), buildPage(join(outdir, 'web'))]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { outdir: { type: 'string' } } });
  await buildAll(values.outdir && resolve(values.outdir));
}

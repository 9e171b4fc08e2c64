// Builds the server (dist/main.js, dist/worker.js) and the pages (dist/web).
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { build } from 'esbuild';
import { buildKernels } from './kernels.mjs';
import { buildServedSdk, TARGET } from './sdk.mjs';
import { makeAscii, onlyWhatIsUsed } from './server-code.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Browsers, and the manifest of the page, know these by their names. */
const FIXED = ['service-worker.ts', 'icon-192.png', 'icon-512.png'];
const PAGES = { 'index.html': 'web/app', 'admin.html': 'web/admin', 'listen.html': 'web/listen' };
/**
 * Node reads all files of a package at the same time. zod has so many that a start could exceed the limit of open files.
 * Of werift the server uses the smaller part.
 */
const BUNDLED = ['zod', 'werift'];
/** Packages that are not ES modules ask for parts of Node by this. */
const REQUIRE =
  "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);";
/** Not source maps: only developers load them, and they would take more space than everything else. */
const COMPRESSIBLE = /\.(?:html|js|ts|css|json|webmanifest|svg|txt)$/;
/** The texts of languages, which are loaded one at a time. */
const TEXTS = /^web\/app\/locales\//;
/** Matches references such as `src="/main.js"` in index.html. */
const REFERENCE = /(?<=\s(?:src|href)=")\/([\w.-]+)(?=")/g;

async function buildServer(outdir) {
  await buildKernels();
  const { dependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  await build({
    entryPoints: { main: join(ROOT, 'src/main/main.ts'), worker: join(ROOT, 'src/media/worker/thread.ts') },
    outdir,
    bundle: true,
    platform: 'node',
    target: 'node20.12',
    format: 'esm',
    external: Object.keys(dependencies).filter((name) => !BUNDLED.includes(name)),
    plugins: [onlyWhatIsUsed],
    banner: { js: REQUIRE },
    legalComments: 'none',
    charset: 'ascii',
    sourcemap: 'linked',
    logLevel: 'warning',
  });
  await Promise.all(['main.js', 'worker.js'].map((name) => makeAscii(join(outdir, name))));
}

/**
 * Builds the page of the rooms, the pages at `/admin` and `/listen`, and the client library for other sites. Resolves with everything that was included, as in esbuild's
 * metafile.
 */
export async function buildPage(outdir, { hasMaps = true } = {}) {
  await rm(outdir, { recursive: true, force: true });
  await mkdir(outdir, { recursive: true });
  const built = await Promise.all(
    Object.entries(PAGES).map(([name, folder]) => buildHtml(folder, join(outdir, name), hasMaps)),
  );
  await buildServedSdk(outdir);
  await buildFixed(outdir);
  await compressAll(outdir);
  return { inputs: Object.assign({}, ...built.map(({ inputs }) => inputs)) };
}

/**
 * Builds or copies every file that the folder's index.html refers to, under a name with a hash, and puts the new name
 * into the page. Resolves with esbuild's metafile.
 */
async function buildHtml(folder, page, hasMaps) {
  const outdir = dirname(page);
  const html = await readFile(join(ROOT, folder, 'index.html'), 'utf8');
  const names = [...new Set([...html.matchAll(REFERENCE)].map(([, name]) => name))];
  const { metafile } = await build({
    entryPoints: names.map((name) => join(ROOT, folder, sourceOf(folder, name))),
    outdir,
    // Source maps contain paths relative to this, so the hashes depend on it.
    absWorkingDir: ROOT,
    bundle: true,
    platform: 'browser',
    target: TARGET,
    format: 'esm',
    splitting: true,
    plugins: [oneStart(join(ROOT, folder, 'main'))],
    // Escapes would make texts in other scripts longer.
    charset: 'utf8',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.svg': 'copy', '.png': 'copy', '.ico': 'copy', '.webmanifest': 'copy', '.wasm': 'file' },
    publicPath: '/',
    entryNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    minify: true,
    sourcemap: hasMaps && 'linked',
    sourcesContent: false,
    metafile: true,
    logLevel: 'warning',
  });
  if (hasMaps) await removeMapsOfTexts(metafile.outputs);
  const built = new Map();
  for (const [path, { entryPoint }] of Object.entries(metafile.outputs)) {
    if (entryPoint !== undefined) built.set(basename(entryPoint), relative(outdir, resolve(ROOT, path)));
  }
  const missing = (name) => {
    throw new Error(`${folder}/index.html names /${name}, which is not there`);
  };
  await writeFile(
    page,
    html.replace(REFERENCE, (_, name) => `/${built.get(sourceOf(folder, name)) ?? missing(name)}`),
  );
  return metafile;
}

/**
 * What the page starts with goes into one file: every part that is loaded later shares all of it, so that esbuild does
 * not put each combination of shared modules into a file of its own, with a compression of its own.
 */
function oneStart(main) {
  const late = new Set();
  const isResolving = Symbol('this plugin asks');
  return {
    name: 'one start',
    setup({ onResolve, onLoad, resolve: find }) {
      onResolve({ filter: /^\./ }, async ({ path, kind, pluginData, ...place }) => {
        if (kind !== 'dynamic-import' || pluginData === isResolving) return undefined;
        const found = await find(path, { kind, pluginData: isResolving, ...place });
        // The start waits for the texts.
        if (!TEXTS.test(relative(ROOT, found.path))) late.add(found.path);
        return found;
      });
      onLoad({ filter: /\.tsx?$/ }, async ({ path }) => {
        if (!late.has(path)) return undefined;
        const code = await readFile(path, 'utf8');
        return { contents: `${code}\nimport ${JSON.stringify(main)};`, loader: path.endsWith('x') ? 'tsx' : 'ts' };
      });
    },
  };
}

/** Nobody debugs texts, and the maps of all languages would be a tenth of the page. */
async function removeMapsOfTexts(outputs) {
  for (const [path, { inputs }] of Object.entries(outputs)) {
    const sources = Object.keys(inputs);
    if (!path.endsWith('.js') || sources.length === 0 || !sources.every((source) => TEXTS.test(source))) continue;
    const file = resolve(ROOT, path);
    await rm(`${file}.map`);
    await writeFile(file, (await readFile(file, 'utf8')).replace(/^\/\/# sourceMappingURL=.*\n/m, ''));
  }
}

/** Builds or copies the files that must keep their names. */
async function buildFixed(outdir) {
  await build({
    entryPoints: FIXED.map((name) => join(ROOT, 'web/app', name)),
    outdir,
    bundle: true,
    platform: 'browser',
    target: TARGET,
    format: 'esm',
    loader: { '.png': 'copy' },
    assetNames: '[name]',
    minify: true,
    logLevel: 'warning',
  });
}

/** Puts FILE.br and FILE.gz beside each compressible file that they make smaller. The same content gives the same bytes. */
async function compressAll(outdir) {
  const names = (await readdir(outdir)).filter((name) => COMPRESSIBLE.test(name));
  await Promise.all(
    names.map(async (name) => {
      const body = await readFile(join(outdir, name));
      const [br, gz] = await Promise.all([
        promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }),
        promisify(gzip)(body, { level: 9 }),
      ]);
      for (const [suffix, compressed] of Object.entries({ br, gz }))
        if (compressed.length < body.length) await writeFile(join(outdir, `${name}.${suffix}`), compressed);
    }),
  );
}

/** Scripts are built from TypeScript. */
function sourceOf(folder, name) {
  const sources = ['.ts', '.tsx'].map((suffix) => name.replace(/\.js$/, suffix));
  return sources.find((source) => existsSync(join(ROOT, folder, source))) ?? name;
}

/** Writes into `outdir`. If something cannot be built, prints the errors and rejects. */
export async function buildAll(outdir = join(ROOT, 'dist')) {
  await Promise.all([buildServer(outdir), buildPage(join(outdir, 'web'))]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { outdir: { type: 'string' } } });
  await buildAll(values.outdir && resolve(values.outdir));
}

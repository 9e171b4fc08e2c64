// Builds the one-file executable (dist/partyline): the Node that runs this script, with the server, its worker, the page
// and the Opus codec inside, as a "single executable application". For the platform that it runs on.
import { execFileSync } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { Script } from 'node:vm';
import { brotliCompress, constants } from 'node:zlib';
import { build } from 'esbuild';
import { inject } from 'postject';
import { buildPage } from './build.mjs';
import { buildKernels } from './kernels.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ADDON = '@discordjs/opus';
// In two parts: a second copy of the whole in the executable (of this very script, say) would stop postject.
const FUSE = ['NODE_SEA_FUSE', 'fce680ab2cc467b6e072b8b5df1996b2'].join('_');
const IS_MAC = process.platform === 'darwin';
/** The best takes ten times as long for a tenth less. */
const COMPRESSION = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
const compress = promisify(brotliCompress);

async function buildCode(outdir) {
  await buildKernels();
  const { metafile } = await build({
    entryPoints: { main: join(ROOT, 'src/main/main.ts'), worker: join(ROOT, 'src/media/worker/thread.ts') },
    outdir,
    // Paths are in what it writes.
    absWorkingDir: ROOT,
    bundle: true,
    platform: 'node',
    target: 'node20.12',
    // A single executable application takes no ES modules.
    format: 'cjs',
    define: {
      // There is no file; see src/lib/packaged.ts.
      'import.meta.url': 'undefined',
      // Native parts that ws would look for outside.
      'process.env.WS_NO_BUFFER_UTIL': '"1"',
      'process.env.WS_NO_UTF_8_VALIDATE': '"1"',
    },
    // Not minified, for stack traces that say something; what is in the executable is compressed instead.
    legalComments: 'none',
    charset: 'ascii',
    metafile: true,
    logLevel: 'warning',
  });
  for (const name of ['main', 'worker']) {
    const file = join(outdir, `${name}.js`);
    // Only comments have other characters now. Without them Node reads the code in half of the time.
    const code = (await readFile(file, 'utf8')).replace(/\P{ASCII}/gu, '?');
    await writeFile(file, name === 'main' ? `(function (require, module, exports) {${code}})` : code);
  }
  return metafile;
}

/** Writes what V8 makes of the code, which it need not do again at each start then; the same code gives the same bytes. */
async function buildCodeCache(code, cache) {
  // Of V8's flags only these are not among those that have to be the same when the cache is used.
  const deterministic = ['--predictable', '--random-seed=1'];
  execFileSync(process.execPath, [...deterministic, join(ROOT, 'scripts/binary-cache.cjs'), code, cache], { env: {} });
  const script = new Script(await readFile(code, 'latin1'), { cachedData: await readFile(cache) });
  if (script.cachedDataRejected) throw new Error('V8 does not take the code cache that it has made');
}

/** The file that npm has made or fetched for this Node. */
function addonFile() {
  const manifest = createRequire(import.meta.url).resolve(`${ADDON}/package.json`);
  return createRequire(manifest)('@discordjs/node-pre-gyp').find(manifest);
}

async function filesUnder(directory) {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.map((file) => relative(directory, file).split(sep).join('/')).sort();
}

/** Without symbols and notes for a debugger: a tenth of Node, half of the codec. */
function strip(file) {
  execFileSync('strip', IS_MAC ? ['-S', '-x', file] : [file]);
}

/** Writes what Node wants to have inside itself; resolves with the file. `files` by the names that the program knows them by. */
async function makeBlob(directory, files) {
  const assets = {};
  for (const [name, file] of Object.entries(files)) {
    assets[name] = join(directory, `${Object.keys(assets).length}.br`);
    await writeFile(assets[name], await compress(await readFile(file), COMPRESSION));
  }
  const config = join(directory, 'sea.json');
  const blob = join(directory, 'sea.blob');
  await writeFile(
    config,
    JSON.stringify({
      // Node keeps this path in the executable: relative, it is the same wherever the sources are.
      main: 'scripts/binary-start.cjs',
      output: blob,
      assets,
      disableExperimentalSEAWarning: true,
      useSnapshot: false,
      // Of the entry alone; the code has one of its own.
      useCodeCache: false,
    }),
  );
  execFileSync(process.execPath, ['--experimental-sea-config', config], { cwd: ROOT, stdio: 'pipe' });
  return blob;
}

async function makeExecutable(file, blob) {
  await copyFile(process.execPath, file);
  await chmod(file, 0o755);
  if (IS_MAC) execFileSync('codesign', ['--remove-signature', file]);
  // Before the blob is in: strip does not understand what postject does.
  strip(file);
  const { warn } = console;
  // postject warns of the names of sections that strip has left out.
  console.warn = () => {};
  try {
    await inject(file, 'NODE_SEA_BLOB', await readFile(blob), {
      sentinelFuse: FUSE,
      ...(IS_MAC && { machoSegmentName: 'NODE_SEA' }),
    });
  } finally {
    console.warn = warn;
  }
  if (IS_MAC) execFileSync('codesign', ['--sign', '-', file]);
}

/**
 * Writes `outfile`; resolves with the paths of all sources in it, and the names of packages that went in without esbuild.
 */
export async function buildBinary(outfile = join(ROOT, 'dist/partyline')) {
  await mkdir(dirname(outfile), { recursive: true });
  const directory = await mkdtemp(join(dirname(outfile), '.binary-'));
  try {
    const web = join(directory, 'web');
    const [code, page] = await Promise.all([buildCode(directory), buildPage(web)]);
    await buildCodeCache(join(directory, 'main.js'), join(directory, 'main.cache'));
    const addon = join(directory, 'addon.node');
    await copyFile(addonFile(), addon);
    strip(addon);
    if (IS_MAC) execFileSync('codesign', ['--force', '--sign', '-', addon]);

    const pageFiles = await filesUnder(web);
    const files = {
      'main.js': join(directory, 'main.js'),
      'main.cache': join(directory, 'main.cache'),
      'worker.js': join(directory, 'worker.js'),
      [ADDON]: addon,
      ...Object.fromEntries(pageFiles.map((name) => [`web/${name}`, join(web, name)])),
      'contents.json': join(directory, 'contents.json'),
    };
    await writeFile(files['contents.json'], JSON.stringify(Object.keys(files)));
    const executable = join(directory, 'partyline');
    await makeExecutable(executable, await makeBlob(directory, files));
    // At once, and also where the one before is running.
    await rename(executable, outfile);
    const sources = [code, page].flatMap(({ inputs }) => Object.keys(inputs)).map((path) => resolve(ROOT, path));
    return { sources, packages: [ADDON] };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { outfile: { type: 'string' } } });
  const outfile = resolve(values.outfile ?? join(ROOT, 'dist/partyline'));
  await buildBinary(outfile);
  console.log(relative(process.cwd(), outfile));
}

// Builds the one-file executable (dist/partyline): Node with the server, its worker, the page and the Opus codec inside,
// as a "single executable application". It is built for the platform on which this runs, or for another one.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { build } from 'esbuild';
import { inject } from 'postject';
import { buildPage } from './build.mjs';
import { buildKernels } from './kernels.mjs';
import { hostPlatform } from './release/platform.mjs';
import { makeAscii, onlyWhatIsUsed } from './server-code.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ADDON = '@discordjs/opus';
// In two parts: if the whole string occurred a second time in the executable (because of this script, for example),
// postject would stop.
const FUSE = ['NODE_SEA_FUSE', 'fce680ab2cc467b6e072b8b5df1996b2'].join('_');
const compress = promisify(brotliCompress);

async function buildCode(outdir) {
  await buildKernels();
  const { metafile } = await build({
    entryPoints: { main: join(ROOT, 'src/main/main.ts'), worker: join(ROOT, 'src/media/worker/thread.ts') },
    outdir,
    // The output contains paths.
    absWorkingDir: ROOT,
    bundle: true,
    platform: 'node',
    target: 'node20.12',
    // A single executable application cannot use ES modules.
    format: 'cjs',
    define: {
      // There is no file here; see src/lib/packaged.ts.
      'import.meta.url': 'undefined',
      // ws would look for these native parts outside the executable.
      'process.env.WS_NO_BUFFER_UTIL': '"1"',
      'process.env.WS_NO_UTF_8_VALIDATE': '"1"',
    },
    plugins: [onlyWhatIsUsed],
    // Not minified, so that stack traces are readable. The contents of the executable are compressed instead.
    legalComments: 'none',
    charset: 'ascii',
    metafile: true,
    logLevel: 'warning',
  });
  const main = join(outdir, 'main.js');
  await Promise.all([main, join(outdir, 'worker.js')].map(makeAscii));
  await writeFile(main, `(function (require, module, exports) {${await readFile(main, 'utf8')}})`);
  return metafile;
}

/**
 * Writes V8's compiled form of the code, so that it need not be compiled at each start. The same code gives the same
 * bytes.
 */
function buildCodeCache(code, cache, { node, command }) {
  const [program, ...args] = command(node);
  // V8 requires its other flags to be the same when the cache is used, but not these two.
  const deterministic = ['--predictable', '--random-seed=1'];
  const script = join(ROOT, 'scripts/binary-cache.cjs');
  const { PATH } = process.env;
  execFileSync(program, [...args, ...deterministic, script, code, cache], { env: { PATH } });
}

async function filesUnder(directory) {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.map((file) => relative(directory, file).split(sep).join('/')).sort();
}

/** Removes symbols and notes for debuggers: a tenth of Node, half of the codec. */
function strip(file, platform) {
  execFileSync(platform.strip, isMac(platform) ? ['-S', '-x', file] : [file]);
}

function isMac({ os }) {
  return os === 'darwin';
}

/**
 * Writes the blob that Node is to contain, and resolves with its path. `files` maps the names that the program uses to
 * paths.
 */
async function makeBlob(directory, files, quality) {
  const settings = { params: { [constants.BROTLI_PARAM_QUALITY]: quality } };
  const assets = {};
  for (const [name, file] of Object.entries(files)) {
    assets[name] = join(directory, `${Object.keys(assets).length}.br`);
    await writeFile(assets[name], await compress(await readFile(file), settings));
  }
  const config = join(directory, 'sea.json');
  const blob = join(directory, 'sea.blob');
  await writeFile(
    config,
    JSON.stringify({
      // Node stores this path in the executable. A relative path is the same wherever the sources are.
      main: 'scripts/binary-start.cjs',
      output: blob,
      assets,
      disableExperimentalSEAWarning: true,
      useSnapshot: false,
      // This would cache only the entry. The code has its own cache.
      useCodeCache: false,
    }),
  );
  execFileSync(process.execPath, ['--experimental-sea-config', config], { cwd: ROOT, stdio: 'pipe' });
  return blob;
}

async function makeExecutable(file, blob, platform) {
  await copyFile(platform.node, file);
  await chmod(file, 0o755);
  if (isMac(platform)) execFileSync('codesign', ['--remove-signature', file]);
  // Before the blob is added: strip does not understand what postject does.
  strip(file, platform);
  const { warn } = console;
  // postject warns about the names of sections that strip has removed.
  console.warn = () => {};
  try {
    await inject(file, 'NODE_SEA_BLOB', await readFile(blob), {
      sentinelFuse: FUSE,
      ...(isMac(platform) && { machoSegmentName: 'NODE_SEA' }),
    });
  } finally {
    console.warn = warn;
  }
  if (isMac(platform)) execFileSync('codesign', ['--sign', '-', file]);
}

/** Throws if it does not run, or if V8 does not take the code cache, which the start would warn of. */
function checkStart(executable, { command }) {
  const [program, ...args] = command(executable);
  const { status, stdout, stderr } = spawnSync(program, [...args, '--version'], { encoding: 'utf8' });
  if (status !== 0 || stderr !== '') throw new Error(`the executable does not start as it should: ${stdout}${stderr}`);
}

/**
 * Writes `outfile`, for this platform by default. `quality` is that of Brotli: the best takes some seconds and saves a
 * tenth. Resolves with the paths of all sources in it, and with the names of packages that were included
 * without esbuild.
 */
export async function buildBinary(
  outfile = join(ROOT, 'dist/partyline'),
  { platform = hostPlatform(), quality = constants.BROTLI_MAX_QUALITY } = {},
) {
  await mkdir(dirname(outfile), { recursive: true });
  const directory = await mkdtemp(join(dirname(outfile), '.binary-'));
  try {
    const web = join(directory, 'web');
    // The executable has no place for source maps of the page.
    const [code, page] = await Promise.all([buildCode(directory), buildPage(web, { hasMaps: false })]);
    buildCodeCache(join(directory, 'main.js'), join(directory, 'main.cache'), platform);
    const addon = join(directory, 'addon.node');
    await copyFile(platform.addon(), addon);
    strip(addon, platform);
    if (isMac(platform)) execFileSync('codesign', ['--force', '--sign', '-', addon]);

    // What is there compressed is not needed twice: see src/lib/packaged.ts.
    const built = await filesUnder(web);
    const pageFiles = built.filter((name) => !built.includes(`${name}.br`));
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
    await makeExecutable(executable, await makeBlob(directory, files, quality), platform);
    // Atomic, and works even while the previous executable is running.
    checkStart(executable, platform);
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

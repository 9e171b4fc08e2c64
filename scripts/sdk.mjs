// Builds the client library: the package for npm, and the files that the server offers to other sites.
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = join(ROOT, 'web/sdk');
/** Written by scripts/generate.mjs. */
const DECLARATIONS = join(FOLDER, 'partyline-client.d.ts');
const BOT_DECLARATIONS = join(FOLDER, 'partyline-bot.d.ts');
const WEB_SOCKET_MEDIA_DECLARATIONS = join(FOLDER, 'partyline-websocket-media.d.ts');
/** A module, and what it runs in other threads; the page has the same. */
const WEB_SOCKET_MEDIA = {
  'websocket-media': join(FOLDER, 'websocket-media/index.ts'),
  'websocket-media-threads': join(ROOT, 'web/app/media-threads.ts'),
};
/** The types of a script that offers nothing: it runs in other threads. */
const NOTHING = 'export {};\n';
export const TARGET = ['chrome109', 'firefox115', 'safari16'];

function bundle(options) {
  return build({
    absWorkingDir: ROOT,
    bundle: true,
    platform: 'browser',
    target: TARGET,
    format: 'esm',
    sourcemap: 'linked',
    logLevel: 'warning',
    ...options,
  });
}

/** Writes sdk.js, sdk.d.ts, embed.js and the files for sound over a WebSocket into the folder of the page's files. */
export async function buildServedSdk(outdir) {
  const entryPoints = { sdk: join(FOLDER, 'index.ts'), embed: join(ROOT, 'web/embed/embed.ts'), ...WEB_SOCKET_MEDIA };
  await bundle({ entryPoints, outdir, minify: true });
  await copyFile(DECLARATIONS, join(outdir, 'sdk.d.ts'));
}

/** Writes the package `@partyline/client` into this folder, ready for `npm pack`. */
export async function buildPackage(outdir) {
  await rm(outdir, { recursive: true, force: true });
  await mkdir(outdir, { recursive: true });
  // Readable, because the application's own build makes it small.
  const entryPoints = { index: join(FOLDER, 'index.ts'), bot: join(FOLDER, 'bot/index.ts'), ...WEB_SOCKET_MEDIA };
  await bundle({ entryPoints, outdir });
  await copyFile(DECLARATIONS, join(outdir, 'index.d.ts'));
  await copyFile(BOT_DECLARATIONS, join(outdir, 'bot.d.ts'));
  await copyFile(WEB_SOCKET_MEDIA_DECLARATIONS, join(outdir, 'websocket-media.d.ts'));
  await writeFile(join(outdir, 'websocket-media-threads.d.ts'), NOTHING);
  for (const name of ['package.json', 'README.md']) await copyFile(join(FOLDER, name), join(outdir, name));
  await copyFile(join(ROOT, 'LICENSE'), join(outdir, 'LICENSE'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { outdir: { type: 'string', default: 'dist/sdk' } } });
  await buildPackage(resolve(values.outdir));
}

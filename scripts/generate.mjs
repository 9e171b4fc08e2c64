// Generates text that repeats what another file decides: config.sample.toml from the table of settings, and the table
// of errors in docs/protocol.md and src/lib/error-code.ts from src/lib/errors.ts, the types of the client library and their
// reference from web/sdk. With --check it writes nothing and exits with 1 if one of them
// is out of date.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { bundleDeclarations } from './declarations.mjs';
import { referenceOf } from './sdk-reference.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const checkOnly = process.argv.includes('--check');

async function load() {
  // Inside the project, so that the bundle finds its packages.
  const directory = await mkdtemp(join(root, 'node_modules', '.generate-'));
  try {
    const outfile = join(directory, 'sources.mjs');
    await build({
      stdin: {
        contents: `export { sampleToml } from './src/config/help.ts'; export { ERRORS } from './src/lib/errors.ts';`,
        resolveDir: root,
      },
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      logLevel: 'warning',
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function errorTable(errors) {
  const rows = Object.entries(errors).map(
    ([code, { message, httpStatus, closeCode }]) => `| \`${code}\` | ${message} | ${httpStatus} | ${closeCode ?? ''} |`,
  );
  return ['| code | what it means | HTTP status | close code |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

async function update(name, change) {
  const path = join(root, name);
  const before = await readFile(path, 'utf8').catch(() => '');
  const after = change(before);
  if (after === before) return;
  if (checkOnly) {
    console.error(`${name} is not up to date: run npm run generate`);
    process.exitCode = 1;
  } else {
    await writeFile(path, after);
  }
}

const BY_SCRIPT = '// Written by scripts/generate.mjs from web/sdk/index.ts.\n';

function errorCodeType(errors) {
  const codes = Object.keys(errors).map((code) => `  | '${code}'`);
  return `// Written by scripts/generate.mjs from the table in errors.ts.

/** The code of an error. Stable, for programs. */
export type ErrorCode =
${codes.join('\n')};
`;
}

const { sampleToml, ERRORS } = await load();
await update('src/lib/error-code.ts', () => errorCodeType(ERRORS));
await update('config.sample.toml', () => sampleToml());
const declarations = bundleDeclarations(join(root, 'web/sdk/index.ts'));
await update('web/sdk/partyline-client.d.ts', () => `${BY_SCRIPT}\n${declarations}`);
const bot = bundleDeclarations(join(root, 'web/sdk/bot/index.ts'));
await update('web/sdk/partyline-bot.d.ts', () => `${BY_SCRIPT.replace('index.ts', 'bot/index.ts')}\n${bot}`);
const webSocketMedia = bundleDeclarations(join(root, 'web/sdk/websocket-media/index.ts'));
await update(
  'web/sdk/partyline-websocket-media.d.ts',
  () => `${BY_SCRIPT.replace('index.ts', 'websocket-media/index.ts')}\n${webSocketMedia}`,
);
await update('docs/sdk-reference.md', () => referenceOf(declarations));
await update('docs/protocol.md', (text) =>
  text.replace(
    /(<!-- errors.*?-->\n).*?(<!-- \/errors -->)/s,
    (_, start, end) => `${start}${errorTable(ERRORS)}\n${end}`,
  ),
);

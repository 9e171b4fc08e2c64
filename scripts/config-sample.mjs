// Writes config.sample.toml from the table of settings in src/config/settings.ts.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
// Inside of the project, so that the bundle finds its packages.
const directory = await mkdtemp(join(root, 'node_modules', '.config-sample-'));
try {
  const outfile = join(directory, 'help.mjs');
  await build({
    entryPoints: [join(root, 'src/config/help.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'warning',
  });
  const { sampleToml } = await import(pathToFileURL(outfile).href);
  await writeFile(join(root, 'config.sample.toml'), sampleToml());
} finally {
  await rm(directory, { recursive: true, force: true });
}

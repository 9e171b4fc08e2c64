// Builds the fuzzers into dist/fuzz and runs them: `npm run fuzz -- --help`.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildAll } from '../../scripts/build.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
process.chdir(root);
mkdirSync('dist/fuzz/findings', { recursive: true });
await buildAll();
await build({
  absWorkingDir: root,
  entryPoints: ['test/fuzz/main.ts', 'test/fuzz/targets.ts'],
  outdir: 'dist/fuzz',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
});
await import(new URL('../../dist/fuzz/main.mjs', import.meta.url).href);

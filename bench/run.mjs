// Builds a benchmark, the process for its participants and the server into dist/bench, and runs it: `node bench/run.mjs scaling --help`.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildAll } from '../scripts/build.mjs';
import { buildKernels } from '../scripts/kernels.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const benchmarks = {
  scaling: 'cost of the server for each participant, on-time ticks and packets, for rooms of growing size',
  latency: 'delay that the server adds to a sound',
  quality: 'what a listener hears, with and without packet loss, against the voices as they were',
  storm: 'what a room notices of a hundred joins in ten seconds, and how long those wait for sound',
  flood: 'what a room notices of 20,000 junk datagrams a second from many addresses',
  soak: 'minutes of joins, leaves, talk and mutes at random: whether memory, handles or sockets grow',
  mixer: 'what the parts of the media path cost, in microseconds',
  jitter: 'delay and gaps on bad networks, replayed in simulated time',
  all: 'all of these, one after the other, and then the report',
  report: 'writes docs/benchmarks.md from the figures of the others',
};

const [name, ...args] = process.argv.slice(2);
if (name === undefined || !Object.hasOwn(benchmarks, name)) {
  const lines = Object.entries(benchmarks).map(([key, text]) => `  npm run bench -- ${key.padEnd(10)} ${text}`);
  console.log(`Benchmarks (each explains its flags with --help):\n${lines.join('\n')}`);
  process.exit(name === undefined || name === '--help' ? 0 : 2);
}

await buildKernels();
await build({
  absWorkingDir: root,
  entryPoints: { [name]: `bench/${name}.ts`, client: 'bench/client/main.ts' },
  outdir: 'dist/bench',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'warning',
});
const NO_SERVER = ['all', 'report', 'mixer', 'jitter'];
if (!args.includes('--help') && !NO_SERVER.includes(name)) await buildAll(`${root}dist/bench/server`);
const file = new URL(`../dist/bench/${name}.mjs`, import.meta.url);
process.argv = [process.argv[0], fileURLToPath(file), ...args];
await import(file.href);

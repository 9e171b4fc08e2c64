// Builds a benchmark, the process for its participants and the server into dist/bench, and runs it: `node bench/run.mjs scaling --help`.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildAll } from '../scripts/build.mjs';
import { buildKernels } from '../scripts/kernels.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const benchmarks = {
  scaling: 'server cost per participant, and whether ticks and packets are in time, for growing rooms',
  latency: 'delay that the server adds',
  quality: 'what a listener hears, with and without packet loss, compared with the original voices',
  storm: 'how a hundred joins in ten seconds affect a room, and how long the newcomers wait for sound',
  flood: 'how 20,000 junk datagrams per second from many addresses affect a room',
  soak: 'whether memory, handles or sockets grow over minutes of random joins, leaves, talk and mutes',
  control: 'cost of the positions that a game server sends',
  data: 'messages of programs by WebSocket and by data channel',
  mixer: 'cost of each part of the media path, in microseconds',
  space: 'how many listeners with stereo mixes of their own one media worker can have',
  'space-room': 'a room with space in the whole server',
  recording: 'what it costs to record rooms',
  listeners: 'what listeners over HTTP cost',
  bots: 'what bots cost that send and get sound over a WebSocket',
  'websocket-media': 'what people cost whose sound goes over WebSockets, and its delay',
  relayed: 'what packets of bots and players cost between the threads',
  mumble: 'what Mumble clients cost, and the delay between them',
  'mumble-listeners': 'what it costs to pass on a voice to a hundred Mumble clients',
  'mumble-delay': 'delay between Mumble and WebRTC, both ways',
  idle: 'what the server costs while nobody is there, or nobody talks',
  'mumble-flood': 'Mumble clients while junk and idle connections come to their port',
  roster: 'what a room of thousands costs, apart from sound',
  cluster: 'joins at three servers, and how soon people are back when one dies or ends',
  jitter: 'delay and gaps on bad networks, replayed in simulated time',
  all: 'runs all of these, then writes the report',
  report: 'writes docs/benchmarks.md from the collected figures',
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
const NO_SERVER = ['all', 'report', 'mixer', 'space', 'recording', 'relayed', 'jitter', 'data'];
if (!args.includes('--help') && !NO_SERVER.includes(name)) await buildAll(`${root}dist/bench/server`);
const file = new URL(`../dist/bench/${name}.mjs`, import.meta.url);
process.argv = [process.argv[0], fileURLToPath(file), ...args];
await import(file.href);

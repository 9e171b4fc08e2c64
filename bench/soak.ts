import { setTimeout as sleep } from 'node:timers/promises';
import { createPrng } from '../test/helpers/prng.ts';
import { drawChart } from './lib/chart.ts';
import { runCommand, writeResult } from './lib/command.ts';
import { Crowd, ROOMS } from './lib/crowd.ts';
import { Driver } from './lib/driver.ts';
import { LEAST_SAMPLES } from './lib/growth.ts';
import { describeMachine } from './lib/machine.ts';
import { JSON_FILE, type Options, SERVER_FLAGS, SVG_FILE, type Values } from './lib/options.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { serversOf } from './lib/servers.ts';
import {
  type SoakResult,
  type SoakSample,
  sampleOf,
  soakChart,
  TREND_COLUMNS,
  type Trend,
  trendsOf,
} from './lib/soak-result.ts';
import { formatTable } from './lib/table.ts';

const ROUND_MS = 15_000;
/** The server learns from the WebSocket that a client has left, and its worker reports every 500 ms. */
const EMPTY_MS = 2500;
/** Approximate time between two events. */
const EVENT_MS = 100;
const WARM_UP_ROUNDS = 3;

const options = {
  minutes: { kind: 'number', default: 10, min: 1, max: 10_000, integer: false, description: 'length of the run' },
  participants: {
    kind: 'number',
    default: 30,
    min: 1,
    max: 1000,
    description: 'maximum number of participants at the same time, in 3 rooms',
  },
  seed: { kind: 'number', default: 1, min: 0, max: 2 ** 32 - 1, description: 'seed of everything that happens' },
  workers: { kind: 'number', default: 1, min: 0, max: 256, description: 'media workers of the server' },
  'server-flags': SERVER_FLAGS,
  json: JSON_FILE,
  svg: SVG_FILE,
} as const satisfies Options;

await runCommand({
  name: 'soak',
  about: [
    'Checks whether anything grows. In rounds of 15 s, participants join, talk, fall silent, mute, leave and come back at',
    'random. At the end of each round everyone leaves, and the empty server is examined: memory, handles, timers, file',
    'descriptors, connections, addresses and codecs. The first three rounds only warm up.',
    '',
    'Memory varies, because garbage is collected late. So memory "grew" only if its smallest value in the last third of the',
    'run is more than 5 % above its largest value in the first third. Everything else grew if it is higher at all. The slope',
    'is the median over all pairs of samples. The exit code is 1 if anything grew. Memory figures from less than ten minutes',
    'mean little.',
  ].join('\n'),
  options,
  run,
});

async function run(values: Values<typeof options>): Promise<void> {
  const { minutes, participants, seed, workers } = values;
  const machine = describeMachine();
  const [start] = serversOf({ flags: [], workers: [workers], moreFlags: values['server-flags'] });
  const driver = new Driver(new URL('./client.mjs', import.meta.url));
  await driver.ask({ type: 'prepare', voices: ROOMS.length, dtx: 'as-asked' });
  const server = await start!();
  const crowd = new Crowd(driver, server, participants, createPrng(seed));
  const samples: SoakSample[] = [];
  const startMs = performance.now();
  const minutesNow = () => (performance.now() - startMs) / 60_000;
  try {
    do {
      const endMs = performance.now() + ROUND_MS;
      while (performance.now() < endMs) {
        showProgress(`${minutesNow().toFixed(1)} of ${minutes} minutes, ${crowd.joins} joins, ${crowd.size} present`);
        await crowd.next();
        await sleep(EVENT_MS);
      }
      await crowd.leave();
      await sleep(EMPTY_MS);
      samples.push(sampleOf(await server.metrics!(), minutesNow(), crowd.joins));
    } while (minutesNow() < minutes);
  } finally {
    driver.close();
    await server.close();
  }
  clearProgress();
  const trends = trendsOf(samples, WARM_UP_ROUNDS);
  const result: SoakResult = { benchmark: 'soak', machine, seed, participants, samples, trends };
  const grown = trends.filter(({ grew }) => grew);
  console.log(formatTable(TREND_COLUMNS, trends));
  const verdict = verdictOf(trends, samples.length);
  console.log(`\n${verdict}: ${crowd.joins} joins in ${minutesNow().toFixed(1)} minutes, seed ${seed}.`);
  await writeResult(values.json, `${JSON.stringify(result, null, 2)}\n`);
  await writeResult(values.svg, drawChart(soakChart(result)));
  if (grown.length > 0) process.exitCode = 1;
}

function verdictOf(trends: readonly Trend[], samples: number): string {
  const grown = trends.filter(({ grew }) => grew).map(({ name }) => name);
  if (grown.length > 0) return `GREW: ${grown.join('; ')}`;
  return samples - WARM_UP_ROUNDS < LEAST_SAMPLES ? 'Too short to tell whether anything grows' : 'Nothing grew';
}

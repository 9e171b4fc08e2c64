import { setTimeout as sleep } from 'node:timers/promises';
import { drawChart } from './lib/chart.ts';
import { runCommand, writeResult } from './lib/command.ts';
import { Driver } from './lib/driver.ts';
import { describeMachine, warnIfBusy } from './lib/machine.ts';
import { JSON_FILE, type Options, SVG_FILE, UsageError, type Values } from './lib/options.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { chartOf, SCALING_COLUMNS, type ScalingResult, type ScalingStep } from './lib/scaling-result.ts';
import { ServerProcess } from './lib/server-process.ts';
import { mean, percentile } from './lib/statistics.ts';
import { formatTable } from './lib/table.ts';
import { Window } from './lib/window.ts';

const ROOM = 'bench';
/** Encoders and jitter buffers settle, and the joins' garbage goes. */
const SETTLE_MS = 3000;

const options = {
  participants: {
    kind: 'numbers',
    default: [10, 20, 40, 60, 100],
    min: 1,
    max: 5000,
    description: 'sizes of the room, one step each',
  },
  talkers: { kind: 'number', default: 3, min: 0, max: 5000, description: 'how many of them speak at the same time' },
  workers: { kind: 'number', default: 1, min: 0, max: 256, description: 'media workers of the server' },
  seconds: {
    kind: 'number',
    default: 20,
    min: 1,
    max: 3600,
    description: 'length of the window measured in each step',
  },
  rate: { kind: 'number', default: 15, min: 1, max: 1000, description: 'joins per second' },
  json: JSON_FILE,
  svg: SVG_FILE,
} as const satisfies Options;

await runCommand({
  name: 'scaling',
  about: [
    'What a participant costs the server. Builds and starts the server in a process of its own, joins',
    'participants from another, lets some of them speak, and measures one window for each size of the room.',
    'The rest send what a silent browser sends. Everything stays on the loopback interface.',
  ].join('\n'),
  options,
  run,
});

async function run(values: Values<typeof options>): Promise<void> {
  const machine = describeMachine();
  warnIfBusy(machine);
  const sizes = [...values.participants].sort((a, b) => a - b);
  if (values.talkers > sizes[0]!)
    throw new UsageError(`--talkers: ${values.talkers} people cannot speak in a room of ${sizes[0]}.`);
  const largest = String(sizes.at(-1));
  const driver = new Driver(new URL('./client.mjs', import.meta.url));
  const server = await ServerProcess.start(['--workers', String(values.workers), '--max-participants', largest]);
  try {
    await driver.ask({ type: 'prepare', voices: Math.min(6, values.talkers) });
    const { residentBytes } = await server.usage();
    const steps: ScalingStep[] = [];
    let joined = 0;
    for (const size of sizes) {
      showProgress(`${size} participants: joining`);
      const join = { room: ROOM, url: server.webSocketUrl, count: size - joined, perSecond: values.rate };
      const { joinMs } = await driver.ask({ type: 'join', ...join });
      joined = size;
      await driver.ask({ type: 'talk', room: ROOM, count: values.talkers });
      await sleep(SETTLE_MS);
      steps.push({
        participants: size,
        joinP50Ms: percentile(joinMs, 0.5),
        ...(await measure(server, driver, values.seconds, values.workers, residentBytes)),
      });
    }
    clearProgress();
    const result: ScalingResult = {
      benchmark: 'scaling',
      machine,
      talkers: values.talkers,
      workers: values.workers,
      seconds: values.seconds,
      steps,
    };
    console.log(formatTable(SCALING_COLUMNS, steps));
    await writeResult(values.json, `${JSON.stringify(result, null, 2)}\n`);
    await writeResult(values.svg, drawChart(chartOf(result)));
  } finally {
    driver.close();
    await server.close();
  }
}

type Measured = Omit<ScalingStep, 'participants' | 'joinP50Ms'>;

async function measure(
  server: ServerProcess,
  driver: Driver,
  seconds: number,
  workers: number,
  emptyBytes: number,
): Promise<Measured> {
  const begin = await server.metrics();
  await driver.ask({ type: 'reset' });
  for (let second = 0; second < seconds; second++) {
    showProgress(`measuring: ${second} of ${seconds} s`);
    await sleep(1000);
  }
  const load = await driver.ask({ type: 'report' });
  const window = new Window(begin, await server.metrics());
  const { participants } = load;
  const rates = participants.map(({ packets }) => packets / load.seconds);
  return {
    serverCpuPercent: (100 * window.cpuSeconds) / window.seconds,
    serverCpuPercentEach: (100 * window.cpuSeconds) / window.seconds / participants.length,
    clientCpuPercent: (100 * load.cpuSeconds) / load.seconds,
    packetsPerSecondMean: mean(rates),
    packetsPerSecondMin: Math.min(...rates),
    packetsLost: participants.reduce((sum, { lost }) => sum + lost, 0),
    largestGapMs: Math.max(...participants.map(({ largestGapMs }) => largestGapMs)),
    tickLatenessP50Ms: window.latenessMs(0.5),
    tickLatenessP99Ms: window.latenessMs(0.99),
    ticksSkipped: window.ticksSkipped,
    encodesPerTick: window.framesEncoded / (window.ticks / Math.max(1, workers)),
    memoryMbEach: (window.residentBytes - emptyBytes) / participants.length / 1e6,
  };
}

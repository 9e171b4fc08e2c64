import { isInPrivateNetwork, runInPrivateNetwork } from './janus/private-network.ts';
import { drawChart } from './lib/chart.ts';
import { runCommand, writeResult } from './lib/command.ts';
import { compareRuns, comparisonColumns } from './lib/comparison.ts';
import { Driver } from './lib/driver.ts';
import { LIMIT_COLUMNS, type LimitResult, type ServerLimit, searchLimit } from './lib/limit-run.ts';
import { describeMachine, warnIfBusy } from './lib/machine.ts';
import {
  AGAINST,
  BESIDE,
  JSON_FILE,
  type Options,
  REPEATS,
  SERVER_FLAGS,
  SVG_FILE,
  UsageError,
  type Values,
} from './lib/options.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { chartOf, rowsOf, SCALING_COLUMNS, type ScalingResult, type ScalingRun } from './lib/scaling-result.ts';
import { runScaling, type ScalingPlan } from './lib/scaling-run.ts';
import { type StartServer, serversOf } from './lib/servers.ts';
import { formatTable } from './lib/table.ts';

const options = {
  participants: {
    kind: 'numbers',
    default: [10, 20, 40, 60, 100],
    min: 1,
    max: 5000,
    description: 'sizes of each room, one step each',
  },
  rooms: { kind: 'number', default: 1, min: 1, max: 5000, description: 'rooms of that size at the same time' },
  talkers: {
    kind: 'number',
    default: 3,
    min: 0,
    max: 5000,
    description: 'how many in each room speak at the same time; 0 measures what silence costs',
  },
  workers: {
    kind: 'numbers',
    default: [1],
    min: 0,
    max: 256,
    description: 'media workers of the server; several numbers are compared, in turns',
  },
  seconds: {
    kind: 'number',
    default: 20,
    min: 1,
    max: 3600,
    description: 'length of the window measured in each step',
  },
  'warm-up': {
    kind: 'number',
    default: 60,
    min: 0,
    max: 3600,
    description: 'seconds between the last join and the window of each step',
  },
  rate: { kind: 'number', default: 15, min: 1, max: 1000, description: 'joins per second' },
  repeats: REPEATS,
  against: AGAINST,
  beside: BESIDE,
  'find-limit': {
    kind: 'switch',
    description: 'search the largest room on time, between the smallest and the largest of --participants',
  },
  dtx: {
    kind: 'choice',
    choices: ['always'],
    description: 'participants leave out silent frames with every server, asked or not',
  },
  'server-flags': SERVER_FLAGS,
  json: JSON_FILE,
  svg: SVG_FILE,
} as const satisfies Options;

await runCommand({
  name: 'scaling',
  about: [
    'What a participant costs the server. Builds and starts the server in a process of its own, joins',
    'participants from another, lets some of them speak, and measures one window for each size of the room.',
    'The rest send what a silent browser sends. Everything stays on the loopback interface.',
    '',
    'V8 compiles the code of a new server for half a minute, and clears up after joins for as long; what that takes is gone',
    'after --warm-up seconds, and costs a server that runs for hours nothing. Every server is given that time.',
    '',
    'Many channels, as an example: --rooms 50 --participants 10 --talkers 1. What silent participants cost: --talkers 0.',
    '',
    'With --find-limit: the largest room in which every participant is sent 50 packets a second (apart from the pauses',
    'in silence) with no gap over 60 ms, to 5 %. A room that fails is tried twice.',
    '',
    'With --against janus: the same with the AudioBridge of Janus (Debian: apt-get install janus) in turns with Partyline,',
    'in a 48 kHz room and else with its default settings. Both then run in a network namespace of their own, which needs',
    'Linux with unshare, setpriv and ip. All talking, as an example: --participants 40 --talkers 40 --against janus.',
    'As browsers do, participants use DTX only with a server that asks for it, which Janus does not: it gets every frame',
    'of silence. With --dtx always it does not either, and both servers get the same packets.',
  ].join('\n'),
  options,
  run,
});

async function run(values: Values<typeof options>): Promise<void> {
  const sizes = [...values.participants].sort((a, b) => a - b);
  if (values.talkers > sizes[0]!)
    throw new UsageError(`--talkers: ${values.talkers} people cannot speak in a room of ${sizes[0]}.`);
  if (values.against !== undefined && values.rooms > 1)
    throw new UsageError('--rooms: other servers are measured with one room.');
  if (values.against === 'janus' && !isInPrivateNetwork()) {
    process.exitCode = runInPrivateNetwork();
    return;
  }
  const machine = describeMachine();
  warnIfBusy(machine);
  const { rooms, talkers, workers, 'warm-up': warmUpSeconds, seconds } = values;
  const plan: ScalingPlan = {
    sizes,
    rooms,
    talkers,
    warmUpSeconds,
    seconds,
    joinsPerSecond: values.rate,
    onProgress: showProgress,
  };
  const largest = sizes.at(-1)!;
  const flags = ['--max-participants', largest, '--max-rooms', rooms, '--max-connections', rooms * largest + 10];
  const servers = serversOf({
    flags: flags.map(String),
    workers,
    moreFlags: values['server-flags'],
    against: values.against,
    beside: values.beside,
  });
  const driver = new Driver(new URL('./client.mjs', import.meta.url));
  try {
    await driver.ask({ type: 'prepare', voices: Math.min(6, talkers), dtx: values.dtx ?? 'as-asked' });
    const common = { machine, rooms, talkers, workers, warmUpSeconds, seconds };
    let result: LimitResult | ScalingResult;
    if (values['find-limit']) {
      result = { benchmark: 'limit', ...common, servers: await searchLimits(servers, driver, plan) };
    } else {
      result = { benchmark: 'scaling', ...common, runs: await runInTurns(servers, driver, plan, values.repeats) };
      await writeResult(values.svg, drawChart(chartOf(result)));
    }
    await writeResult(values.json, `${JSON.stringify(result, null, 2)}\n`);
  } finally {
    driver.close();
  }
}

async function runInTurns(
  servers: readonly StartServer[],
  driver: Driver,
  plan: ScalingPlan,
  repeats: number,
): Promise<readonly ScalingRun[]> {
  const runs: ScalingRun[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const start of servers) runs.push(await runScaling(start, driver, plan));
  }
  clearProgress();
  console.log(formatTable(SCALING_COLUMNS, rowsOf(runs)));
  for (const { server, stopped } of runs) if (stopped !== undefined) console.log(`${server}: ${stopped}`);
  const [own, other] = runs.map(({ server }) => server);
  if (own !== undefined && other !== undefined && own !== other) {
    console.log(`\n${formatTable(comparisonColumns([own, other]), compareRuns(runs))}`);
  }
  return runs;
}

async function searchLimits(
  servers: readonly StartServer[],
  driver: Driver,
  plan: ScalingPlan,
): Promise<readonly ServerLimit[]> {
  const limits: ServerLimit[] = [];
  for (const start of servers) limits.push(await searchLimit(start, driver, plan));
  clearProgress();
  const tried = limits.flatMap(({ probes }) => rowsOf(probes));
  console.log(`${formatTable(SCALING_COLUMNS, tried)}\n\n${formatTable(LIMIT_COLUMNS, limits)}`);
  return limits;
}

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
    description: 'room sizes, one step for each',
  },
  rooms: {
    kind: 'number',
    default: 1,
    min: 1,
    max: 5000,
    description: 'number of rooms of that size at the same time',
  },
  talkers: {
    kind: 'number',
    default: 3,
    min: 0,
    max: 5000,
    description: 'number of people in each room who talk at the same time; 0 measures what silence costs',
  },
  workers: {
    kind: 'numbers',
    default: [1],
    min: 0,
    max: 256,
    description: 'media workers of the server; several numbers are compared in turns',
  },
  seconds: {
    kind: 'number',
    default: 20,
    min: 1,
    max: 3600,
    description: 'length of the measured window in each step',
  },
  'warm-up': {
    kind: 'number',
    default: 60,
    min: 0,
    max: 3600,
    description: 'seconds between the last join and the measured window',
  },
  rate: { kind: 'number', default: 15, min: 1, max: 1000, description: 'joins per second' },
  repeats: REPEATS,
  against: AGAINST,
  beside: BESIDE,
  together: {
    kind: 'switch',
    description: 'run all servers at the same time instead of in turns, so that disturbances affect all of them',
  },
  'find-limit': {
    kind: 'switch',
    description: 'find the largest room that stays in time, between the smallest and the largest of --participants',
  },
  dtx: {
    kind: 'choice',
    choices: ['always'],
    description: 'participants use DTX with every server, whether or not it asks for it',
  },
  'server-flags': SERVER_FLAGS,
  json: JSON_FILE,
  svg: SVG_FILE,
} as const satisfies Options;

await runCommand({
  name: 'scaling',
  about: [
    'Measures what a participant costs the server. Builds the server, starts it in a separate process, joins participants',
    'from another process, lets some of them talk, and measures one window for each room size. The others send what a silent',
    'browser sends. Everything stays on the loopback interface.',
    '',
    'V8 compiles the code of a new server for half a minute and collects garbage after the joins for just as long. A server',
    'that runs for hours does not have these costs, so every server gets --warm-up seconds before it is measured.',
    '',
    'For example, many rooms: --rooms 50 --participants 10 --talkers 1. The cost of silent participants: --talkers 0.',
    '',
    '--together needs a machine that serves all of them at once with time to spare. If ticks come late, a server that then',
    'lowers the quality of its sound looks cheaper than it is.',
    '',
    '--find-limit finds, to within 5 %, the largest room in which every participant is sent 50 packets per second (not',
    'counting pauses in silence) without a gap of more than 60 ms. A room that fails is tried again once.',
    '',
    'With --against janus, the AudioBridge of Janus (Debian: apt-get install janus) is measured in turns with Partyline, in a',
    '48 kHz room and otherwise with its default settings. Both servers run in a private network namespace, which requires',
    'Linux with unshare, setpriv and ip. For example, everyone talking: --participants 40 --talkers 40 --against janus.',
    'As in browsers, participants use DTX only if the server asks for it. Janus does not, so it receives every silent frame.',
    'With --dtx always, neither server receives them.',
  ].join('\n'),
  options,
  run,
});

async function run(values: Values<typeof options>): Promise<void> {
  const sizes = [...values.participants].sort((a, b) => a - b);
  if (values.talkers > sizes[0]!)
    throw new UsageError(`--talkers: ${values.talkers} people cannot talk in a room of ${sizes[0]}.`);
  if (values.together && values['find-limit'])
    throw new UsageError('--together: the search for the limit measures one server at a time.');
  if (values.against !== undefined && values.rooms > 1)
    throw new UsageError('--rooms: the comparison with another server uses one room.');
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
  const drivers = servers
    .slice(0, values.together ? servers.length : 1)
    .map(() => new Driver(new URL('./client.mjs', import.meta.url)));
  const driver = drivers[0]!;
  try {
    const prepare = { type: 'prepare', voices: Math.min(6, talkers), dtx: values.dtx ?? 'as-asked' } as const;
    await Promise.all(drivers.map((each) => each.ask(prepare)));
    const common = { machine, rooms, talkers, workers, warmUpSeconds, seconds };
    let result: LimitResult | ScalingResult;
    if (values['find-limit']) {
      result = { benchmark: 'limit', ...common, servers: await searchLimits(servers, driver, plan) };
    } else {
      result = { benchmark: 'scaling', ...common, runs: await runAll(servers, drivers, plan, values.repeats) };
      await writeResult(values.svg, drawChart(chartOf(result)));
    }
    await writeResult(values.json, `${JSON.stringify(result, null, 2)}\n`);
  } finally {
    for (const each of drivers) each.close();
  }
}

/** Runs the servers at the same time if each of them has a driver, otherwise in turns with the only driver. */
async function runAll(
  servers: readonly StartServer[],
  drivers: readonly Driver[],
  plan: ScalingPlan,
  repeats: number,
): Promise<readonly ScalingRun[]> {
  const runs: ScalingRun[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    if (drivers.length === servers.length) {
      runs.push(...(await Promise.all(servers.map((start, index) => runScaling(start, drivers[index]!, plan)))));
    } else {
      for (const start of servers) runs.push(await runScaling(start, drivers[0]!, plan));
    }
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

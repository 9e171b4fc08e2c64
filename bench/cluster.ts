import { setTimeout as sleep } from 'node:timers/promises';
import { missingPackages } from '../test/helpers/debian-packages.ts';
import { startRedis } from '../test/helpers/redis.ts';
import { Wanderer } from './client/wanderer.ts';
import { CLUSTER_COLUMNS, type ClusterResult, type ClusterRow } from './lib/cluster-result.ts';
import { runCommand, writeResult } from './lib/command.ts';
import { freePort } from './lib/free-port.ts';
import { describeMachine, warnIfBusy } from './lib/machine.ts';
import { JSON_FILE, type Options, type Values } from './lib/options.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { ServerProcess } from './lib/server-process.ts';
import { percentile } from './lib/statistics.ts';
import { formatTable } from './lib/table.ts';

const SERVERS = ['n1', 'n2', 'n3'];
const JOINING_TOGETHER = 20;
/** Longer than a lease: who is new takes no rooms over. */
const SETTLE_MS = 6000;
const CHECK_MS = 10;
const PATIENCE_MS = 60_000;

const options = {
  people: { kind: 'number', default: 300, min: 10, max: 5000, description: 'in all rooms' },
  rooms: { kind: 'number', default: 30, min: 3, max: 500, description: 'each with as many people' },
  rounds: { kind: 'number', default: 3, min: 1, max: 100, description: 'each with new servers' },
  json: JSON_FILE,
} as const satisfies Options;

await runCommand({
  name: 'cluster',
  about: [
    'Three servers with redis-server on this machine, and people without media who ask any of them and try again after 100 ms.',
    'They join, twenty at a time; the server with most people is killed (-9); then one of the other two is told to end.',
  ].join('\n'),
  options,
  run,
});

interface Figures {
  joins: number;
  joinSeconds: number;
  led: number;
  readonly joinMs: number[];
  readonly killMs: number[];
  readonly endMs: number[];
  readonly processMs: number[];
}

async function startServer(engine: string, node: string): Promise<ServerProcess> {
  const port = await freePort();
  return ServerProcess.start(
    [
      ...['--port', String(port), '--workers', '1', '--cluster-engine', engine, '--cluster-node', node],
      ...['--cluster-secret', 'a secret that only this benchmark has'],
      ...['--node-url', `ws://127.0.0.1:${port}/ws`, '--cluster-peer', `http://127.0.0.1:${port}`],
      ...['--cluster-pages', 'ws://127.0.0.1:*'],
    ],
    node,
  );
}

/** The median, 95 % and the worst. */
function spread(values: readonly number[]): ClusterRow['joinMs'] {
  return { median: percentile(values, 0.5), p95: percentile(values, 0.95), worst: percentile(values, 1) };
}

/** Resolves when all of them are at one of these servers, with how long it took each. */
async function untilAllAt(people: readonly Wanderer[], urls: readonly string[], beganMs: number): Promise<number[]> {
  while (!people.every(({ at }) => at !== undefined && urls.includes(at))) {
    if (performance.now() - beganMs > PATIENCE_MS) throw new Error('some did not come back within a minute');
    await sleep(CHECK_MS);
  }
  return people.map(({ arrivedMs }) => arrivedMs - beganMs);
}

async function measureRound({ people: count, rooms }: Values<typeof options>, figures: Figures): Promise<void> {
  const engine = await startRedis();
  const servers: ServerProcess[] = [];
  const people: Wanderer[] = [];
  try {
    servers.push(...(await Promise.all(SERVERS.map((node) => startServer(engine.url, node)))));
    await sleep(SETTLE_MS);
    const alive = new Set(servers);
    const urls = () => Array.from(alive, ({ webSocketUrl }) => webSocketUrl);
    const beganMs = performance.now();
    const joinNext = async () => {
      while (people.length < count) {
        const person = new Wanderer(urls, `room ${people.length % rooms}`, `Person ${people.length}`);
        people.push(person);
        const askedMs = performance.now();
        await person.enter();
        figures.joinMs.push(person.arrivedMs - askedMs);
      }
    };
    await Promise.all(Array.from({ length: JOINING_TOGETHER }, joinNext));
    figures.joins += count;
    figures.joinSeconds += (performance.now() - beganMs) / 1000;
    figures.led += people.filter(({ wasLed }) => wasLed).length;
    await sleep(SETTLE_MS);

    const peopleAt = ({ webSocketUrl }: ServerProcess) => people.filter(({ at }) => at === webSocketUrl);
    const [dead, ending] = [...servers].sort((a, b) => peopleAt(b).length - peopleAt(a).length) as [
      ServerProcess,
      ServerProcess,
    ];
    const bereft = peopleAt(dead);
    alive.delete(dead);
    const killedMs = performance.now();
    process.kill(dead.pid, 'SIGKILL');
    figures.killMs.push(...(await untilAllAt(bereft, urls(), killedMs)));
    await sleep(SETTLE_MS);

    const moving = peopleAt(ending);
    alive.delete(ending);
    const toldMs = performance.now();
    const ended = ending.close().then(() => figures.processMs.push(performance.now() - toldMs));
    figures.endMs.push(...(await untilAllAt(moving, urls(), toldMs)));
    await ended;
  } finally {
    for (const person of people) person.leave();
    await Promise.all(servers.map((server) => server.close()));
    await engine.close();
  }
}

async function run(values: Values<typeof options>): Promise<void> {
  const missing = missingPackages(['redis-server']);
  if (missing !== null) throw new Error(missing);
  const machine = describeMachine();
  warnIfBusy(machine);
  const figures: Figures = { joins: 0, joinSeconds: 0, led: 0, joinMs: [], killMs: [], endMs: [], processMs: [] };
  for (let round = 0; round < values.rounds; round++) {
    showProgress(`round ${round + 1} of ${values.rounds}`);
    await measureRound(values, figures);
  }
  clearProgress();
  const row: ClusterRow = {
    people: values.people,
    rooms: values.rooms,
    rounds: values.rounds,
    joinsPerSecond: figures.joins / figures.joinSeconds,
    ledPercent: (100 * figures.led) / figures.joins,
    joinMs: spread(figures.joinMs),
    killMs: spread(figures.killMs),
    endMs: spread(figures.endMs),
    processMs: spread(figures.processMs),
  };
  console.log(formatTable(CLUSTER_COLUMNS, [row]));
  const result: ClusterResult = { benchmark: 'cluster', machine, rows: [row] };
  await writeResult(values.json, `${JSON.stringify(result, null, 2)}\n`);
}

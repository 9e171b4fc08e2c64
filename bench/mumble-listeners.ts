import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MumbleClient } from '../test/helpers/mumble-client.ts';
import { runCommand, writeResult } from './lib/command.ts';
import { freePort } from './lib/free-port.ts';
import { describeMachine, warnIfBusy } from './lib/machine.ts';
import {
  addedText,
  MUMBLE_LISTENERS_COLUMNS,
  type MumbleListenersResult,
  type MumbleListenersRow,
} from './lib/mumble-result.ts';
import { heardBy, open, ping, talk } from './lib/mumble-talk.ts';
import { JSON_FILE, type Options, type Values } from './lib/options.ts';
import { parseSystemShare, readProcessUsage } from './lib/proc-usage.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { ServerProcess } from './lib/server-process.ts';
import { ROOM } from './lib/servers.ts';
import { percentile } from './lib/statistics.ts';
import { formatTable } from './lib/table.ts';

const SETTLE_MS = 2000;
const PING_MS = 5000;

interface Window {
  readonly cpuPercent: number;
  readonly systemPercent: number;
  readonly mainPercent: number;
  readonly sentPerSecond: number;
  readonly arrivedPercent: number;
}

const options = {
  listeners: { kind: 'number', default: 100, min: 1, max: 1000, description: 'Mumble clients that listen' },
  seconds: { kind: 'number', default: 10, min: 1, max: 600, description: 'length of each window' },
  rounds: { kind: 'number', default: 5, min: 1, max: 100, description: 'of three windows each' },
  'warm-up': { kind: 'number', default: 60, min: 0, max: 600, description: 'seconds of talk before the first window' },
  json: JSON_FILE,
} as const satisfies Options;

await runCommand({
  name: 'mumble-listeners',
  about: [
    'What it costs to pass on one Mumble client’s voice to others by UDP. All are connected the whole time. Each round has',
    'three windows: nobody talks; one talks, and the others want to hear nothing; one talks, and all hear. So whatever',
    'else happens on the machine disturbs all three alike. Before, one talks for --warm-up seconds: V8 is compiling until then. CPU time is that of the whole server, with one worker. Linux only.',
  ].join('\n'),
  options,
  run,
});

async function run({
  listeners,
  seconds,
  rounds,
  'warm-up': warmUpSeconds,
  json,
}: Values<typeof options>): Promise<void> {
  const machine = describeMachine();
  warnIfBusy(machine);
  const folder = await mkdtemp(join(tmpdir(), 'partyline-bench-'));
  const port = await freePort();
  const mumble = ['--mumble', 'on', '--mumble-port', String(port), '--mumble-rooms', ROOM, '--data-dir', folder];
  const limits = ['--max-mumble-clients', '2000', '--max-participants', '2000', '--mumble-default-room', ROOM];
  const server = await ServerProcess.start(['--workers', '1', ...mumble, ...limits]);
  const clients: MumbleClient[] = [];
  try {
    const talker = await MumbleClient.join({ port, name: 'Talker' });
    clients.push(talker);
    await open(port, clients, listeners + 1);
    const others = clients.slice(1);
    const pinging = setInterval(() => ping(clients), PING_MS);
    for (let n = 0; n < 2; n++) {
      ping(clients);
      await sleep(SETTLE_MS);
    }
    const measure = (isTalking: boolean) =>
      measureWindow(server.pid, seconds * 1000, isTalking ? talker : null, others);
    const windows: Record<'quiet' | 'unheard' | 'heard', Window[]> = { quiet: [], unheard: [], heard: [] };
    showProgress('warming up');
    await measureWindow(server.pid, warmUpSeconds * 1000, talker, others);
    for (let round = 0; round < rounds; round++) {
      showProgress(`round ${round + 1} of ${rounds}`);
      for (const selfDeaf of [true, false]) {
        for (const one of others) one.send('userState', { selfDeaf });
        await sleep(SETTLE_MS);
        if (selfDeaf) windows.quiet.push(await measure(false));
        windows[selfDeaf ? 'unheard' : 'heard'].push(await measure(true));
      }
    }
    clearInterval(pinging);
    clearProgress();
    const rows = [
      rowOf('nobody talks', windows.quiet),
      rowOf('one talks, nobody listens', windows.unheard),
      rowOf(`one talks, ${listeners} listen`, windows.heard),
    ];
    const added = windows.heard.map(({ cpuPercent }, i) => cpuPercent - windows.unheard[i]!.cpuPercent);
    const result: MumbleListenersResult = {
      benchmark: 'mumble-listeners',
      machine,
      listeners,
      rounds,
      seconds,
      rows,
      addedPercent: percentile(added, 0.5),
    };
    console.log(formatTable(MUMBLE_LISTENERS_COLUMNS, rows));
    console.log(addedText(result));
    await writeResult(json, `${JSON.stringify(result, null, 2)}\n`);
  } finally {
    for (const client of clients) client.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureWindow(
  pid: number,
  windowMs: number,
  talker: MumbleClient | null,
  listeners: readonly MumbleClient[],
): Promise<Window> {
  const [before, statBefore] = await Promise.all([readProcessUsage(pid), readFile(`/proc/${pid}/stat`, 'utf8')]);
  const talking = talker === null ? undefined : talk(talker);
  await sleep(windowMs);
  talking?.stop();
  const [after, statAfter] = await Promise.all([readProcessUsage(pid), readFile(`/proc/${pid}/stat`, 'utf8')]);
  const ms = after.atMs - before.atMs;
  const percentOf = (of: (usage: typeof after) => number) => (100_000 * (of(after) - of(before))) / ms;
  const cpuPercent = percentOf((usage) => [...usage.threadSeconds.values()].reduce((sum, each) => sum + each, 0));
  await sleep(500);
  const sentAtMs = talking?.sentAtMs ?? [];
  const { packetsPercent } = heardBy(listeners, sentAtMs);
  return {
    cpuPercent,
    systemPercent: cpuPercent * parseSystemShare(statBefore, statAfter),
    mainPercent: percentOf(({ threadSeconds }) => threadSeconds.get(pid) ?? 0),
    sentPerSecond: (1000 * sentAtMs.length) / ms,
    arrivedPercent: packetsPercent,
  };
}

function rowOf(what: string, windows: readonly Window[]): MumbleListenersRow {
  const median = (of: (window: Window) => number) => percentile(windows.map(of), 0.5);
  return {
    what,
    cpuPercent: median(({ cpuPercent }) => cpuPercent),
    leastPercent: Math.min(...windows.map(({ cpuPercent }) => cpuPercent)),
    mostPercent: Math.max(...windows.map(({ cpuPercent }) => cpuPercent)),
    systemPercent: median(({ systemPercent }) => systemPercent),
    mainPercent: median(({ mainPercent }) => mainPercent),
    sentPerSecond: median(({ sentPerSecond }) => sentPerSecond),
    arrivedPercent: median(({ arrivedPercent }) => arrivedPercent),
  };
}

import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from './lib/command.ts';
import { Driver } from './lib/driver.ts';
import { describeMachine, warnIfBusy } from './lib/machine.ts';
import type { Options, Values } from './lib/options.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { ServerProcess } from './lib/server-process.ts';
import { ROOM } from './lib/servers.ts';
import { type Column, formatTable } from './lib/table.ts';

const TOKEN = 'token-of-the-benchmark';
const SILENT_PEOPLE = 10;
const JOINS_PER_SECOND = 15;

const options = {
  seconds: { kind: 'number', default: 60, min: 5, max: 3600, description: 'Measured time of each row.' },
  settle: { kind: 'number', default: 45, min: 1, max: 3600, description: 'Seconds before it, in which V8 tidies up.' },
  rooms: { kind: 'number', default: 1000, min: 1, max: 10_000, integer: true, description: 'Empty rooms.' },
} as const satisfies Options;

interface Row {
  readonly who: string;
  readonly cpuPercent: number;
  readonly wakeUpsPerSecond: number;
  readonly residentBytes: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'who is there', value: ({ who }) => who },
  { title: 'server\nCPU, %', value: ({ cpuPercent }) => cpuPercent.toFixed(2) },
  { title: 'wake-ups\na second', value: ({ wakeUpsPerSecond }) => wakeUpsPerSecond.toFixed(1) },
  { title: 'resident\nmemory, MB', value: ({ residentBytes }) => (residentBytes / 1e6).toFixed(0) },
];

/** How often the threads of a process have waited and been woken, and how long they have run in seconds. Linux only. */
async function readThreads(pid: number): Promise<{ wakeUps: number; cpuSeconds: number }> {
  let [wakeUps, cpuSeconds] = [0, 0];
  for (const id of await readdir(`/proc/${pid}/task`)) {
    const [status, schedule] = await Promise.all([
      readFile(`/proc/${pid}/task/${id}/status`, 'utf8'),
      readFile(`/proc/${pid}/task/${id}/schedstat`, 'utf8'),
    ]);
    wakeUps += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
    cpuSeconds += Number(schedule.split(' ')[0]) / 1e9;
  }
  return { wakeUps, cpuSeconds };
}

/** Nothing asks the server for anything meanwhile, because each request would wake it. */
async function measure(server: ServerProcess, who: string, { settle, seconds }: Values<typeof options>): Promise<Row> {
  showProgress(`${who}: waiting`);
  await sleep(settle * 1000);
  showProgress(`${who}: measuring`);
  const [before, beganMs] = [await readThreads(server.pid), performance.now()];
  await sleep(seconds * 1000);
  const [after, passedSeconds] = [await readThreads(server.pid), (performance.now() - beganMs) / 1000];
  const { residentBytes } = await server.usage();
  return {
    who,
    cpuPercent: (100 * (after.cpuSeconds - before.cpuSeconds)) / passedSeconds,
    wakeUpsPerSecond: (after.wakeUps - before.wakeUps) / passedSeconds,
    residentBytes,
  };
}

async function run(values: Values<typeof options>): Promise<void> {
  warnIfBusy(describeMachine());
  const flags = ['--workers', '1', '--admin-token', TOKEN, '--max-rooms', String(values.rooms + 1)];
  const server = await ServerProcess.start(flags);
  const driver = new Driver(new URL('./client.mjs', import.meta.url));
  const rows: Row[] = [];
  try {
    rows.push(await measure(server, 'nobody', values));
    for (let i = 0; i < values.rooms; i++)
      await fetch(`${server.url}/api/v1/rooms`, {
        method: 'POST',
        headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
        body: JSON.stringify({ name: `empty-${i}` }),
      });
    rows.push(await measure(server, `nobody, ${values.rooms} open rooms`, values));
    const target = { room: ROOM, server: 'partyline' as const, url: server.webSocketUrl };
    await driver.ask({ type: 'join', ...target, count: SILENT_PEOPLE, perSecond: JOINS_PER_SECOND });
    rows.push(await measure(server, `${SILENT_PEOPLE} silent people`, values));
  } finally {
    driver.close();
    await server.close();
  }
  clearProgress();
  console.log(formatTable(COLUMNS, rows));
}

await runCommand({
  name: 'idle',
  about:
    'Measures what the server costs while nobody talks: with nobody there, with open empty rooms, and with ten people\nwho are silent. Linux only.',
  options,
  run,
});

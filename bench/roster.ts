import { setTimeout as sleep } from 'node:timers/promises';
import { LightClient } from './client/light-client.ts';
import { runCommand, writeResult } from './lib/command.ts';
import { describeMachine, warnIfBusy } from './lib/machine.ts';
import { JSON_FILE, type Options, SERVER_FLAGS, type Values } from './lib/options.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { ROSTER_COLUMNS, type RosterResult, type RosterRow } from './lib/roster-result.ts';
import type { ServerUnderTest } from './lib/server-under-test.ts';
import { ROOM, serversOf } from './lib/servers.ts';
import { formatTable } from './lib/table.ts';

/** More connections at once would measure the queue of the listening socket. */
const JOINING_TOGETHER = 20;
const SETTLE_MS = 2000;

const options = {
  people: { kind: 'numbers', default: [200, 1000, 5000], min: 1, max: 10_000, description: 'in the room' },
  'changes-per-second': { kind: 'number', default: 20, min: 1, max: 1000, description: 'after all have joined' },
  seconds: { kind: 'number', default: 10, min: 1, max: 600, description: 'length of the window with changes' },
  pages: { kind: 'choice', choices: ['yes', 'no'], description: 'whether clients ask for pages; yes by default' },
  beside: { kind: 'text', placeholder: 'FILE', description: 'measure the `main.js` of another build instead' },
  'server-flags': SERVER_FLAGS,
  json: JSON_FILE,
} as const satisfies Options;

await runCommand({
  name: 'roster',
  about: [
    'What it costs that many people are in one room, apart from sound: each joins by WebSocket and has no media. The clients',
    'run in the process of the benchmark and read everything. Then one after the other raises or lowers a hand.',
  ].join('\n'),
  options,
  run,
});

async function fill(server: ServerUnderTest, people: number, pages: boolean): Promise<LightClient[]> {
  const clients: LightClient[] = [];
  const joinNext = async () => {
    while (clients.length < people) {
      const client = new LightClient(server.webSocketUrl);
      clients.push(client);
      if (clients.length % 100 === 0) showProgress(`${clients.length} of ${people} join`);
      await client.join(ROOM, `Person ${clients.length}`, pages);
    }
  };
  await Promise.all(Array.from({ length: JOINING_TOGETHER }, joinNext));
  return clients;
}

async function measure(server: ServerUnderTest, people: number, values: Values<typeof options>): Promise<RosterRow> {
  await sleep(SETTLE_MS);
  const empty = await server.usage();
  const clients = await fill(server, people, values.pages !== 'no');
  await sleep(SETTLE_MS);
  const full = await server.usage();
  const receivedBytes = clients.reduce((sum, client) => sum + client.receivedBytes, 0) / people;
  showProgress(`changes among ${people}`);
  const rate = values['changes-per-second'];
  for (let change = 0; change < rate * values.seconds; change++) {
    const round = Math.floor(change / people);
    clients[change % people]!.send({ type: 'state', handRaised: round % 2 === 0 });
    await sleep(1000 / rate);
  }
  const after = await server.usage();
  clearProgress();
  const cutOff = clients.filter((client) => client.isCutOff).length;
  for (const { socket } of clients) socket.terminate();
  const joins = clients.map(({ joinMs }) => joinMs).filter((ms) => !Number.isNaN(ms));
  joins.sort((a, b) => a - b);
  const at = (part: number) => joins[Math.floor((joins.length - 1) * part)] ?? Number.NaN;
  return {
    people,
    joinMs: { median: at(0.5), p95: at(0.95), max: at(1) },
    cpuMsPerJoin: (1000 * (full.cpuSeconds - empty.cpuSeconds)) / people,
    joinedBytes: Math.max(...clients.map(({ joinedBytes }) => joinedBytes)),
    receivedBytes,
    residentBytesPerPerson: (full.residentBytes - empty.residentBytes) / people,
    changesCpuPercent: (100_000 * (after.cpuSeconds - full.cpuSeconds)) / (after.atMs - full.atMs),
    cutOff,
  };
}

async function run(values: Values<typeof options>): Promise<void> {
  const machine = describeMachine();
  warnIfBusy(machine);
  const rows: RosterRow[] = [];
  for (const people of values.people) {
    const flags = ['--max-participants', people, '--max-connections', people + 10].map(String);
    const { beside, 'server-flags': moreFlags } = values;
    const starts = serversOf({ flags, workers: [1], moreFlags, beside });
    // An empty server each time, because memory that was used once stays with the process.
    const server = await starts.at(-1)!();
    try {
      rows.push(await measure(server, people, values));
    } finally {
      await server.close();
    }
  }
  console.log(formatTable(ROSTER_COLUMNS, rows));
  const result: RosterResult = {
    benchmark: 'roster',
    machine,
    changesPerSecond: values['changes-per-second'],
    rows,
  };
  await writeResult(values.json, `${JSON.stringify(result, null, 2)}\n`);
}

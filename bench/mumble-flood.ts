import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { MumbleClient } from '../test/helpers/mumble-client.ts';
import { createPrng } from '../test/helpers/prng.ts';
import { Barrage, loopbackAddresses } from './client/barrage.ts';
import { runCommand } from './lib/command.ts';
import { freePort } from './lib/free-port.ts';
import { describeMachine, warnIfBusy } from './lib/machine.ts';
import { type HeardOfTalker, heardBy, open, ping, talk } from './lib/mumble-talk.ts';
import type { Options, Values } from './lib/options.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { ROOM, serversOf } from './lib/servers.ts';
import { type Column, formatTable } from './lib/table.ts';

interface Row extends HeardOfTalker {
  readonly phase: string;
  readonly sent: number;
  readonly cpuPercent: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'phase', value: (row) => row.phase },
  { title: 'junk sent', value: (row) => String(row.sent) },
  { title: 'server\nCPU, %', value: (row) => row.cpuPercent.toFixed(1) },
  { title: 'packets that\narrive, %', value: (row) => row.packetsPercent.toFixed(2) },
  { title: 'delay, median\nms', value: (row) => row.delayMs.toFixed(2) },
  { title: 'delay, p99\nms', value: (row) => row.delayP99Ms.toFixed(2) },
];
const KINDS = 4096;
const MAX_BYTES = 400;
const PING_MS = 4000;
const SETTLE_MS = 5000;
const TOGETHER = 25;

const options = {
  listeners: { kind: 'number', default: 5, min: 1, max: 100, description: 'Mumble clients that listen' },
  datagrams: { kind: 'number', default: 1_000_000, min: 1, max: 100_000_000, description: 'junk datagrams' },
  rate: { kind: 'number', default: 20_000, min: 1, max: 1_000_000, description: 'junk datagrams per second' },
  addresses: { kind: 'number', default: 200, min: 1, max: 10_000, description: 'number of source addresses' },
  connections: { kind: 'number', default: 1000, min: 0, max: 10_000, description: 'connections that say nothing' },
  seconds: { kind: 'number', default: 10, min: 1, max: 600, description: 'length of the phases without datagrams' },
  seed: { kind: 'number', default: 1, min: 0, max: 2 ** 32 - 1, description: 'seed of the junk' },
} as const satisfies Options;

await runCommand({
  name: 'mumble-flood',
  about: [
    'One Mumble client talks and others listen, first alone, then while half of the given connections do nothing after TLS and the other',
    'half do not even begin TLS, then while junk comes to the UDP port, half of it from the address of the clients. All run on this machine, so the',
    'attacker takes CPU time from the server.',
  ].join('\n'),
  options,
  run,
});

async function run(values: Values<typeof options>): Promise<void> {
  warnIfBusy(describeMachine());
  const folder = await mkdtemp(join(tmpdir(), 'partyline-bench-'));
  const port = await freePort();
  const flags = ['--mumble', 'on', '--mumble-port', String(port), '--mumble-rooms', ROOM, '--data-dir', folder];
  const limits = ['--mumble-default-room', ROOM, '--max-mumble-clients', '5000', '--max-connections-per-address', '0'];
  const [start] = serversOf({ flags: [...flags, ...limits, '--max-joins-per-minute', '0'], workers: [1] });
  const server = await start!();
  const clients: MumbleClient[] = [];
  const idle: Socket[] = [];
  // Half of them come from where the clients are, so that keys are tried.
  const elsewhere = loopbackAddresses(values.addresses);
  const barrage = await Barrage.open({ port, addresses: elsewhere.flatMap((address) => [address, '127.0.0.1']) });
  try {
    await open(port, clients, values.listeners + 1);
    const [talker] = clients;
    const pinging = setInterval(() => ping(clients), PING_MS);
    ping(clients);
    await sleep(SETTLE_MS);
    ping(clients);
    await sleep(SETTLE_MS);
    const measure = async (phase: string, attack: () => Promise<number>): Promise<Row> => {
      showProgress(`measuring ${phase}`);
      const before = await server.usage();
      const { sentAtMs, stop } = talk(talker!);
      const sent = await attack();
      stop();
      const after = await server.usage();
      const cpuPercent = (100 * (after.cpuSeconds - before.cpuSeconds)) / ((after.atMs - before.atMs) / 1000);
      await sleep(1000);
      return { phase, sent, cpuPercent, ...heardBy(clients.slice(1), sentAtMs) };
    };
    const pause = async () => {
      await sleep(values.seconds * 1000);
      return 0;
    };
    const prng = createPrng(values.seed);
    const junk = Array.from({ length: KINDS }, () =>
      Uint8Array.from({ length: 1 + Math.floor(prng() * MAX_BYTES) }, () => Math.floor(prng() * 256)),
    );
    let n = 0;
    const next = () => junk[n++ % KINDS]!;
    const seconds = values.datagrams / values.rate;
    const rows = [
      await measure('alone', pause),
      await measure('connections', async () => {
        await openIdle(port, values.connections, idle);
        return pause();
      }),
      await measure('datagrams', () => barrage.run({ perSecond: values.rate, seconds, next })),
    ];
    const late = await MumbleClient.join({ port, name: 'Late' });
    clients.push(late);
    clearInterval(pinging);
    clearProgress();
    console.log(formatTable(COLUMNS, rows));
    console.log(`Bytes that came back to the attacker: ${barrage.bytesHeard}. Afterwards somebody new could join.`);
  } finally {
    for (const client of clients) client.close();
    for (const socket of idle) socket.destroy();
    barrage.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function openIdle(port: number, count: number, idle: Socket[]): Promise<void> {
  for (let i = 0; i < count; i++) {
    const plain = connect({ port, host: '127.0.0.1' });
    plain.on('error', () => {});
    idle.push(plain);
    if (i % 2 === 0) connectTls({ socket: plain, rejectUnauthorized: false }).on('error', () => {});
    if (i % TOGETHER === 0) await sleep(20);
  }
}

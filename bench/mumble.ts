import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CryptState } from '../src/gateways/mumble/wire/crypt-state.ts';
import { writeVoicePacket } from '../src/gateways/mumble/wire/voice-packet.ts';
import { MumbleClient } from '../test/helpers/mumble-client.ts';
import { runCommand, writeResult } from './lib/command.ts';
import { freePort } from './lib/free-port.ts';
import { describeMachine, warnIfBusy } from './lib/machine.ts';
import { MICRO_COLUMNS, type MicroCase, measureMicro } from './lib/micro.ts';
import { MUMBLE_COLUMNS, type MumbleResult, type MumbleRow } from './lib/mumble-result.ts';
import { heardBy, open, ping, talk } from './lib/mumble-talk.ts';
import { JSON_FILE, type Options, type Values } from './lib/options.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { ROOM, serversOf } from './lib/servers.ts';
import { formatTable } from './lib/table.ts';

const SIZES = [60, 120, 180];
const SETTLE_MS = 2000;
const PING_MS = 4000;

const options = {
  listeners: { kind: 'numbers', default: [0, 10, 100], min: 0, max: 1000, description: 'Mumble clients that listen' },
  seconds: { kind: 'number', default: 20, min: 1, max: 600, description: 'length of each window' },
  rounds: { kind: 'number', default: 30, min: 3, max: 10_000, description: 'batches of each part' },
  json: JSON_FILE,
} as const satisfies Options;

await runCommand({
  name: 'mumble',
  about: [
    'First the encryption of Mumble’s UDP packets in microseconds. Then one room in which one Mumble client talks without a pause',
    'and others listen: CPU time of the whole server with one worker, and the delay from the talker’s socket to the',
    'listeners’. The clients run in this process, so the delay includes that they decrypt one after the other.',
  ].join('\n'),
  options,
  run,
});

async function run({ listeners, seconds, rounds, json }: Values<typeof options>): Promise<void> {
  const machine = describeMachine();
  warnIfBusy(machine);
  const parts = await measureMicro(SIZES.flatMap(encryption), { rounds, batchMs: 10, onProgress: showProgress });
  clearProgress();
  console.log(formatTable(MICRO_COLUMNS, parts));
  const folder = await mkdtemp(join(tmpdir(), 'partyline-bench-'));
  const port = await freePort();
  const flags = ['--mumble', 'on', '--mumble-port', String(port), '--mumble-rooms', ROOM, '--data-dir', folder];
  const limits = ['--max-mumble-clients', '2000', '--max-participants', '2000', '--mumble-default-room', ROOM];
  const [start] = serversOf({ flags: [...flags, ...limits], workers: [1] });
  const server = await start!();
  const clients: MumbleClient[] = [];
  try {
    const talker = await MumbleClient.join({ port, name: 'Talker' });
    clients.push(talker);
    const pinging = setInterval(() => ping(clients), PING_MS);
    const rows: MumbleRow[] = [];
    for (const count of listeners.toSorted((a, b) => a - b)) {
      await open(port, clients, count + 1);
      ping(clients);
      await sleep(SETTLE_MS);
      ping(clients);
      await sleep(SETTLE_MS);
      showProgress(`measuring with ${count} listeners`);
      const before = await server.usage();
      const { sentAtMs, stop } = talk(talker);
      await sleep(seconds * 1000);
      stop();
      const after = await server.usage();
      const cpu = (after.cpuSeconds - before.cpuSeconds) / ((after.atMs - before.atMs) / 1000);
      await sleep(500);
      const sentPerSecond = sentAtMs.length / ((after.atMs - before.atMs) / 1000);
      const { delayMs, delayP99Ms, ...heard } = heardBy(clients.slice(1), sentAtMs);
      const delays = count === 0 ? { delayMs: null, delayP99Ms: null } : { delayMs, delayP99Ms };
      rows.push({ clients: String(count), cpuPercent: 100 * cpu, sentPerSecond, ...heard, ...delays });
    }
    clearInterval(pinging);
    clearProgress();
    console.log(formatTable(MUMBLE_COLUMNS, rows));
    const result: MumbleResult = { benchmark: 'mumble', machine, parts, rows };
    await writeResult(json, `${JSON.stringify(result, null, 2)}\n`);
  } finally {
    for (const client of clients) client.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function encryption(bytes: number): MicroCase[] {
  const [key, iv, text] = [randomBytes(16), randomBytes(16), randomBytes(bytes)];
  const [sender, receiver] = [0, 1].map(() => new CryptState({ key, sendIv: iv, receiveIv: iv })) as [
    CryptState,
    CryptState,
  ];
  const voice = { target: 0, session: 12, frameNumber: 123_456, opus: text, isLast: false };
  const into = new Uint8Array(1024);
  const repeat = (run: () => void) => (times: number) => {
    for (let i = 0; i < times; i++) run();
  };
  return [
    { name: `encrypt ${bytes} bytes`, run: repeat(() => sender.encrypt(text)) },
    {
      name: `encrypt and decrypt ${bytes} bytes`,
      run: repeat(() => {
        // The other case has moved the counter on.
        receiver.resync(sender.sendIv);
        receiver.decrypt(sender.encrypt(text));
      }),
    },
    {
      name: `write ${bytes} bytes, since 1.5`,
      run: repeat(() => void writeVoicePacket('protobuf', into, voice, true)),
    },
    { name: `write ${bytes} bytes, before 1.5`, run: repeat(() => void writeVoicePacket('old', into, voice, true)) },
  ];
}

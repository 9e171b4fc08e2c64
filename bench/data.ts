import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import datachannel from 'node-datachannel';
import { WebSocket } from 'ws';
import { runCommand, writeResult } from './lib/command.ts';
import { type EchoProcess, isEcho, serveEcho, startEcho } from './lib/data-echo.ts';
import { DATA_COLUMNS, type DataResult, type DataRow } from './lib/data-result.ts';
import { describeMachine, warnIfBusy } from './lib/machine.ts';
import { JSON_FILE, type Options, type Values } from './lib/options.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { formatTable } from './lib/table.ts';

const WARM_UP_MS = 3000;
const BULK_MESSAGE_BYTES = 16_384;

const options = {
  bytes: { kind: 'number', default: 100, min: 1, max: 4096, description: 'size of a message' },
  rate: { kind: 'number', default: 200, min: 1, max: 2000, description: 'messages in a second' },
  seconds: { kind: 'number', default: 10, min: 1, max: 600, description: 'length of the measurement of each carrier' },
  bulk: { kind: 'number', default: 4, min: 1, max: 100, description: 'megabytes to echo at once' },
  json: JSON_FILE,
} as const satisfies Options;

/** A connection whose messages come back. */
interface Carrier {
  readonly name: DataRow['carrier'];
  send(message: Buffer): void;
  /** Called for each echo. */
  onEcho: (message: Buffer) => void;
  close(): void;
}

async function openWebSocket(echo: EchoProcess): Promise<Carrier> {
  const socket = new WebSocket(`ws://127.0.0.1:${await echo.port()}`, { perMessageDeflate: false });
  const carrier: Carrier = {
    name: 'WebSocket',
    send: (message) => socket.send(message),
    onEcho: () => {},
    close: () => socket.terminate(),
  };
  socket.on('message', (data: Buffer) => carrier.onEcho(data));
  await once(socket, 'open');
  return carrier;
}

/** Unordered and without retransmission, for which people want data channels; for `bulk` a reliable one. */
async function openDataChannel(echo: EchoProcess, isReliable: boolean): Promise<Carrier> {
  const peer = new datachannel.PeerConnection('bench', { iceServers: [] });
  const gathered = new Promise<void>((resolve) => {
    peer.onGatheringStateChange((state) => state === 'complete' && resolve());
  });
  const channel = peer.createDataChannel('data', isReliable ? {} : { unordered: true, maxRetransmits: 0 });
  const opened = new Promise<void>((resolve) => channel.onOpen(resolve));
  const carrier: Carrier = {
    name: 'data channel',
    send: (message) => channel.sendMessageBinary(message),
    onEcho: () => {},
    close: () => peer.close(),
  };
  channel.onMessage((message) => carrier.onEcho(Buffer.from(message as Buffer)));
  peer.setLocalDescription('offer');
  await gathered;
  peer.setRemoteDescription(await echo.answer(peer.localDescription()?.sdp ?? ''), 'answer');
  await opened;
  return carrier;
}

/** Sends at a steady rate. Resolves with all round trips, in milliseconds. */
async function sendSteadily(carrier: Carrier, { bytes, rate }: Values<typeof options>, ms: number): Promise<number[]> {
  const roundTripsMs: number[] = [];
  const sentMs: number[] = [];
  carrier.onEcho = (message) => roundTripsMs.push(performance.now() - (sentMs[message.readUInt32LE()] ?? Number.NaN));
  const startMs = performance.now();
  while (performance.now() - startMs < ms) {
    const due = Math.floor(((performance.now() - startMs) * rate) / 1000);
    while (sentMs.length < due) {
      const message = Buffer.alloc(Math.max(4, bytes));
      message.writeUInt32LE(sentMs.length);
      sentMs.push(performance.now());
      carrier.send(message);
    }
    await sleep(1);
  }
  await sleep(200);
  return roundTripsMs.sort((a, b) => a - b);
}

async function sendInBulk(carrier: Carrier, megabytes: number): Promise<number> {
  const messages = Math.ceil((megabytes * 1e6) / BULK_MESSAGE_BYTES);
  let echoed = 0;
  const done = new Promise<void>((resolve) => {
    carrier.onEcho = () => {
      if (++echoed === messages) resolve();
    };
  });
  const startMs = performance.now();
  const message = Buffer.alloc(BULK_MESSAGE_BYTES);
  for (let i = 0; i < messages; i++) carrier.send(message);
  await done;
  return (messages * BULK_MESSAGE_BYTES) / (performance.now() - startMs) / 1000;
}

async function measure(
  open: (echo: EchoProcess, isReliable: boolean) => Promise<Carrier>,
  values: Values<typeof options>,
): Promise<DataRow> {
  const echo = startEcho();
  try {
    await echo.port();
    const openedMs = performance.now();
    const carrier = await open(echo, false);
    const openMs = performance.now() - openedMs;
    await sendSteadily(carrier, values, WARM_UP_MS);
    showProgress(carrier.name);
    const idleMs = 1000 * values.seconds;
    const beforeIdle = await echo.cpuMicroseconds();
    await sleep(idleMs);
    const before = await echo.cpuMicroseconds();
    const roundTrips = await sendSteadily(carrier, values, idleMs);
    const after = await echo.cpuMicroseconds();
    carrier.close();
    const bulk = await open(echo, true);
    const megabytesPerSecond = await sendInBulk(bulk, values.bulk);
    bulk.close();
    const at = (part: number) => roundTrips[Math.floor((roundTrips.length - 1) * part)] ?? Number.NaN;
    return {
      carrier: carrier.name,
      openMs,
      roundTripMs: { median: at(0.5), p99: at(0.99) },
      microsecondsPerEcho: (after - before - (before - beforeIdle)) / roundTrips.length,
      megabytesPerSecond,
    };
  } finally {
    echo.close();
  }
}

async function run(values: Values<typeof options>): Promise<void> {
  const machine = describeMachine();
  warnIfBusy(machine);
  const rows = [await measure(openWebSocket, values), await measure(openDataChannel, values)];
  clearProgress();
  const result: DataResult = { benchmark: 'data', machine, messageBytes: values.bytes, rows };
  console.log(formatTable(DATA_COLUMNS, rows));
  await writeResult(values.json, `${JSON.stringify(result, null, 2)}\n`);
  // libdatachannel keeps threads.
  process.exit();
}

if (isEcho()) await serveEcho();
else
  await runCommand({
    name: 'data',
    about: [
      'What programs that send small messages through the server would gain from a data channel of WebRTC instead of the',
      'WebSocket: a process echoes messages, by the libraries that the server has or could have. The client is the same',
      'process for both, with libdatachannel. CPU time is that of the process that echoes, less what it uses while idle.',
    ].join('\n'),
    options,
    run,
  });

import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { positionFrame } from '../test/helpers/position-frame.ts';
import { runCommand, writeResult } from './lib/command.ts';
import { CONTROL_COLUMNS, type ControlResult, type PositionFormat } from './lib/control-result.ts';
import { describeMachine, warnIfBusy } from './lib/machine.ts';
import { JSON_FILE, type Options, type Values } from './lib/options.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { ServerProcess } from './lib/server-process.ts';
import { formatTable } from './lib/table.ts';

const ADMIN = 'the-admin-token-of-the-benchmark';
const ROOM = 'world';
/** Until everything is compiled. */
const WARM_UP_MS = 5000;
const FORMATS = ['nothing', 'ping', 'binary', 'json'] as const satisfies PositionFormat[];

const options = {
  players: { kind: 'number', default: 300, min: 1, max: 1000, description: 'players, all of whom move all the time' },
  rate: { kind: 'number', default: 20, min: 1, max: 60, description: 'batches of positions in a second' },
  seconds: { kind: 'number', default: 10, min: 1, max: 600, description: 'length of a window' },
  rounds: { kind: 'number', default: 3, min: 1, max: 100, description: 'windows of each kind, in turns' },
  json: JSON_FILE,
} as const satisfies Options;

await runCommand({
  name: 'control',
  about: [
    'What the positions of a game server cost on the control connection: the CPU time of the whole server while one game',
    'server moves all players of a room, in binary and as JSON. For comparison it sends nothing, or only pings, which cost',
    'what any message costs. Nobody is connected to the room otherwise. The windows take turns, and the figures are those',
    'of all windows of a kind together.',
  ].join('\n'),
  options,
  run,
});

async function run(values: Values<typeof options>): Promise<void> {
  const { players, rate, seconds, rounds } = values;
  const machine = describeMachine();
  warnIfBusy(machine);
  const server = await ServerProcess.start(['--workers', '1', '--admin-token', ADMIN]);
  try {
    const game = await connect(server, players);
    for (const format of FORMATS) await send(game, { format, players, rate, ms: WARM_UP_MS });
    const totals = new Map(FORMATS.map((format) => [format, { cpuSeconds: 0, wallMs: 0, batches: 0 }]));
    for (let round = 0; round < rounds; round++) {
      for (const [format, total] of totals) {
        showProgress(`round ${round + 1} of ${rounds}: ${format}`);
        const before = await server.usage();
        total.batches += await send(game, { format, players, rate, ms: seconds * 1000 });
        const after = await server.usage();
        total.cpuSeconds += after.cpuSeconds - before.cpuSeconds;
        total.wallMs += after.atMs - before.atMs;
      }
    }
    clearProgress();
    const percentOf = (format: PositionFormat): number => {
      const { cpuSeconds = 0, wallMs = 1 } = totals.get(format) ?? {};
      return (100_000 * cpuSeconds) / wallMs;
    };
    const formats = Array.from(totals, ([format, { batches, wallMs }]) => ({
      format,
      bytesPerBatch: format === 'nothing' ? 0 : Buffer.byteLength(batch(format, players, 0)),
      batches,
      cpuPercent: percentOf(format),
      microsecondsPerBatch: batches === 0 ? 0 : ((percentOf(format) - percentOf('nothing')) * 10 * wallMs) / batches,
    }));
    const result: ControlResult = { benchmark: 'control', machine, players, rateHz: rate, formats };
    console.log(formatTable(CONTROL_COLUMNS, formats));
    await writeResult(values.json, `${JSON.stringify(result, null, 2)}\n`);
    game.terminate();
  } finally {
    await server.close();
  }
}

async function connect(server: ServerProcess, players: number): Promise<WebSocket> {
  const headers = { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' };
  await fetch(`${server.url}/api/v1/rooms`, { method: 'POST', headers, body: JSON.stringify({ name: ROOM }) });
  const game = new WebSocket(`${server.url.replace('http:', 'ws:')}/api/v1/rooms/${ROOM}/control`, { headers });
  await new Promise((resolve, reject) => game.once('open', resolve).once('error', reject));
  game.on('message', (data) => {
    if (String(data).includes('"error"')) throw new Error(String(data));
  });
  game.send(JSON.stringify({ type: 'space', rules: {} }));
  const numbers = Object.fromEntries(Array.from({ length: players }, (_, n) => [`player-${n}`, n]));
  game.send(JSON.stringify({ type: 'numbers', numbers }));
  return game;
}

interface Sending {
  readonly format: PositionFormat;
  readonly players: number;
  readonly rate: number;
  readonly ms: number;
}

/** Sends positions for some time. Returns the number of batches. */
async function send(game: WebSocket, { format, players, rate, ms }: Sending): Promise<number> {
  const startMs = performance.now();
  let batches = 0;
  while (performance.now() - startMs < ms) {
    if (format !== 'nothing') game.send(batch(format, players, batches++));
    await sleep(Math.max(1, startMs + ((batches + 1) * 1000) / rate - performance.now()));
    if (format === 'nothing') await sleep(1000 / rate);
  }
  return batches;
}

function batch(format: Exclude<PositionFormat, 'nothing'>, players: number, step: number): Buffer | string {
  if (format === 'ping') return '{"type":"ping"}';
  const at = (n: number) => [n + Math.sin(step / 20), 1.7, n * 2 + Math.cos(step / 20)] as const;
  if (format === 'binary')
    return positionFrame(Array.from({ length: players }, (_, number) => ({ number, at: at(number), yaw: step % 180 })));
  const positions = Array.from({ length: players }, (_, n) => [`player-${n}`, ...at(n), step % 180]);
  return JSON.stringify({ type: 'space', positions });
}

import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { positionFrame } from '../test/helpers/position-frame.ts';
import { createPrng } from '../test/helpers/prng.ts';
import { runCommand, writeResult } from './lib/command.ts';
import { Driver } from './lib/driver.ts';
import { fillRoom } from './lib/fill-room.ts';
import { describeMachine, warnIfBusy } from './lib/machine.ts';
import { measurePhase } from './lib/measured-phase.ts';
import { JSON_FILE, type Options, type Values } from './lib/options.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { ROOM, serversOf } from './lib/servers.ts';
import { SPACE_ROOM_COLUMNS, type SpaceRoomResult, type SpaceRoomRow } from './lib/space-room-result.ts';
import { formatTable } from './lib/table.ts';

const ADMIN = 'the-admin-token-of-the-benchmark';
/** Positions come at 10 Hz. */
const MOVE_MS = 100;
const WIDTH_M = 6;
/** Until V8 has compiled the mix in space. */
const WARM_UP_MS = 20_000;

const options = {
  people: {
    kind: 'numbers',
    default: [50, 100],
    min: 2,
    max: 1000,
    description: 'in the room, each with a mix of their own',
  },
  talkers: { kind: 'number', default: 8, min: 1, max: 64, description: 'of them' },
  seconds: { kind: 'number', default: 30, min: 1, max: 600, description: 'length of each window' },
  json: JSON_FILE,
} as const satisfies Options;

await runCommand({
  name: 'space-room',
  about: [
    `A room with space in the whole server, with one media worker: all stand within ${WIDTH_M} m, move at 10 Hz, and hear up to 8`,
    'voices from where they are, in a stereo mix of their own. The participants run on the same machine.',
  ].join('\n'),
  options,
  run,
});

async function run({ people, talkers, seconds, json }: Values<typeof options>): Promise<void> {
  const machine = describeMachine();
  warnIfBusy(machine);
  const rows: SpaceRoomRow[] = [];
  for (const count of people) rows.push(await measure(count, talkers, seconds));
  clearProgress();
  console.log(formatTable(SPACE_ROOM_COLUMNS, rows));
  const result: SpaceRoomResult = { benchmark: 'space-room', machine, talkers, seconds, rows };
  await writeResult(json, `${JSON.stringify(result, null, 2)}\n`);
}

async function measure(people: number, talkers: number, seconds: number): Promise<SpaceRoomRow> {
  const flags = ['--admin-token', ADMIN, '--max-participants', String(people)];
  const [start] = serversOf({ flags, workers: [1] });
  const driver = new Driver(new URL('./client.mjs', import.meta.url));
  await driver.ask({ type: 'prepare', voices: Math.min(6, talkers), dtx: 'as-asked' });
  const server = await start!();
  let game: Game | undefined;
  try {
    const room = { server, driver, settled: people };
    await fillRoom(room, talkers, true);
    game = await Game.start(server.webSocketUrl);
    showProgress(`${people} people: warming up`);
    await sleep(WARM_UP_MS);
    showProgress(`${people} people: measuring`);
    const { figures, before, after } = await measurePhase(room, () => sleep(seconds * 1000));
    const encodes = after.sum('partyline_frames_encoded_total') - before.sum('partyline_frames_encoded_total');
    return { people, ...figures, encodesPerTick: encodes / (figures.seconds * 50) };
  } finally {
    game?.stop();
    await driver.ask({ type: 'leave' });
    driver.close();
    await server.close();
  }
}

/** The game server, which moves everybody at random. */
class Game {
  readonly #socket: WebSocket;
  readonly #timer: NodeJS.Timeout;

  private constructor(socket: WebSocket, players: number) {
    this.#socket = socket;
    const prng = createPrng(1);
    const place = () => [WIDTH_M * prng(), 1.7, WIDTH_M * prng()] as const;
    const move = () => {
      const all = Array.from({ length: players }, (_, number) => ({ number, at: place(), yaw: 360 * prng() - 180 }));
      socket.send(positionFrame(all));
    };
    this.#timer = setInterval(move, MOVE_MS);
  }

  static async start(webSocketUrl: string): Promise<Game> {
    const api = new URL(`/api/v1/rooms/${ROOM}/`, webSocketUrl.replace('ws:', 'http:'));
    const headers = { authorization: `Bearer ${ADMIN}` };
    const answer = await fetch(new URL('participants', api), { headers });
    const { participants } = (await answer.json()) as { participants: readonly { readonly id: string }[] };
    const socket = new WebSocket(new URL('control', api.href.replace('http:', 'ws:')), { headers });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    socket.on('message', (data) => {
      if (String(data).includes('"error"')) throw new Error(String(data));
    });
    socket.send(JSON.stringify({ type: 'space', rules: {} }));
    const numbers = Object.fromEntries(participants.map(({ id }, number) => [id, number]));
    socket.send(JSON.stringify({ type: 'numbers', numbers }));
    return new Game(socket, participants.length);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#socket.terminate();
  }
}

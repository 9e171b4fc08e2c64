import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand, writeResult } from './lib/command.ts';
import { Driver } from './lib/driver.ts';
import { fillRoom } from './lib/fill-room.ts';
import { Game } from './lib/game.ts';
import { describeMachine, warnIfBusy } from './lib/machine.ts';
import { measurePhase } from './lib/measured-phase.ts';
import { JSON_FILE, type Options, type Values } from './lib/options.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { serversOf } from './lib/servers.ts';
import { SPACE_ROOM_COLUMNS, type SpaceRoomResult, type SpaceRoomRow } from './lib/space-room-result.ts';
import { formatTable } from './lib/table.ts';

const ADMIN = 'the-admin-token-of-the-benchmark';
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
    game = await Game.start({ webSocketUrl: server.webSocketUrl, adminToken: ADMIN, widthM: WIDTH_M });
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

import { setTimeout as sleep } from 'node:timers/promises';
import { drawChart } from './lib/chart.ts';
import { runCommand, writeResult } from './lib/command.ts';
import { Driver } from './lib/driver.ts';
import { fillRoom } from './lib/fill-room.ts';
import { describeMachine, warnIfBusy } from './lib/machine.ts';
import { measurePhase } from './lib/measured-phase.ts';
import { JSON_FILE, type Options, SERVER_FLAGS, SVG_FILE, UsageError, type Values } from './lib/options.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { ROOM, serversOf } from './lib/servers.ts';
import { STORM_COLUMNS, type StormResult, stormChart, WAIT_COLUMNS, waitRowsOf } from './lib/storm-result.ts';
import { formatTable } from './lib/table.ts';

/**
 * Time after the last join, long enough for that participant to hear something: the talkers may be between two
 * sentences.
 */
const LAST_SOUND_MS = 2000;

const options = {
  participants: {
    kind: 'number',
    default: 20,
    min: 1,
    max: 5000,
    description: 'participants in the room before the storm',
  },
  talkers: { kind: 'number', default: 3, min: 1, max: 5000, description: 'number of them who talk at the same time' },
  joins: { kind: 'number', default: 100, min: 1, max: 5000, description: 'number of newcomers' },
  seconds: { kind: 'number', default: 10, min: 1, max: 600, description: 'time over which their joins are spread' },
  workers: { kind: 'number', default: 1, min: 0, max: 256, description: 'media workers of the server' },
  'server-flags': SERVER_FLAGS,
  json: JSON_FILE,
  svg: SVG_FILE,
} as const satisfies Options;

await runCommand({
  name: 'storm',
  about: [
    'A join storm: what the people in a room notice when many others join within a short time, and how long the newcomers',
    'wait for sound. Each newcomer opens a WebSocket, negotiates, and performs ICE and DTLS, and all join the same room.',
    '',
    'Two windows of the same length are compared, one before the storm and one during it. The gap is the longest time for',
    'which any of the original participants received no packet, not counting the pauses that the server makes in silence. The',
    "newcomers' handshakes cost the client as much as the server, and they share the machine, so on two cores both are late.",
  ].join('\n'),
  options,
  run,
});

async function run(values: Values<typeof options>): Promise<void> {
  const { participants, talkers, joins, seconds } = values;
  if (talkers > participants)
    throw new UsageError(`--talkers: ${talkers} people cannot talk in a room of ${participants}.`);
  const machine = describeMachine();
  warnIfBusy(machine);
  const everybody = participants + joins;
  const flags = ['--max-participants', everybody, '--max-connections', everybody + 10].map(String);
  const [start] = serversOf({ flags, workers: [values.workers], moreFlags: values['server-flags'] });
  const driver = new Driver(new URL('./client.mjs', import.meta.url));
  await driver.ask({ type: 'prepare', voices: Math.min(6, talkers), dtx: 'as-asked' });
  const server = await start!();
  try {
    const room = { server, driver, settled: participants };
    const join = await fillRoom(room, talkers);
    showProgress('measuring without the storm');
    const before = await measurePhase(room, () => sleep(seconds * 1000));
    showProgress('measuring with the storm');
    const storm = await measurePhase(room, () =>
      driver.ask({ type: 'join', ...join, count: joins, perSecond: joins / seconds }),
    );
    await sleep(LAST_SOUND_MS);
    const sounds = await driver.ask({ type: 'first-sounds', room: ROOM });
    clearProgress();
    const result: StormResult = {
      benchmark: 'storm',
      machine,
      participants,
      talkers,
      joins,
      joinSeconds: seconds,
      phases: [
        { phase: 'before', ...before.figures },
        { phase: 'storm', ...storm.figures },
      ],
      joinMs: storm.outcome.joinMs,
      firstSoundMs: sounds.slice(participants).filter((ms) => ms !== null),
    };
    console.log(`${formatTable(STORM_COLUMNS, result.phases)}\n\n${formatTable(WAIT_COLUMNS, waitRowsOf(result))}`);
    await writeResult(values.json, `${JSON.stringify(result, null, 2)}\n`);
    await writeResult(values.svg, drawChart(stormChart(result)));
  } finally {
    await driver.ask({ type: 'leave' });
    driver.close();
    await server.close();
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { junk } from '../test/helpers/hostile-datagrams.ts';
import { createPrng } from '../test/helpers/prng.ts';
import { Barrage, loopbackAddresses } from './client/barrage.ts';
import { runCommand, writeResult } from './lib/command.ts';
import { Driver } from './lib/driver.ts';
import { fillRoom } from './lib/fill-room.ts';
import { FLOOD_COLUMNS, type FloodPhase, type FloodResult } from './lib/flood-result.ts';
import { freePort } from './lib/free-port.ts';
import { describeMachine, warnIfBusy } from './lib/machine.ts';
import { measurePhase, type PhaseOptions } from './lib/measured-phase.ts';
import { JSON_FILE, type Options, SERVER_FLAGS, type Values } from './lib/options.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { serversOf } from './lib/servers.ts';
import { formatTable } from './lib/table.ts';

const KINDS = 4096;

const options = {
  participants: { kind: 'number', default: 10, min: 2, max: 1000, description: 'participants in the room' },
  talkers: { kind: 'number', default: 2, min: 1, max: 1000, description: 'number of them who talk at the same time' },
  rate: { kind: 'number', default: 20_000, min: 1, max: 1_000_000, description: 'junk datagrams per second' },
  addresses: { kind: 'number', default: 200, min: 1, max: 10_000, description: 'number of source addresses' },
  seconds: { kind: 'number', default: 10, min: 1, max: 600, description: 'length of each phase' },
  seed: { kind: 'number', default: 1, min: 0, max: 2 ** 32 - 1, description: 'seed of the junk' },
  workers: { kind: 'number', default: 1, min: 0, max: 256, description: 'media workers of the server' },
  'server-flags': SERVER_FLAGS,
  json: JSON_FILE,
} as const satisfies Options;

await runCommand({
  name: 'flood',
  about: [
    'Floods the media port with junk from many addresses of the loopback interface: STUN requests for unknown users or',
    'without integrity, DTLS, forged SRTP and SRTCP, and noise of all lengths. Compares what the people in a room notice',
    'with the same room before the flood.',
    '',
    'The 99th percentile of the tick lateness should stay below 10 ms, and the server should send nothing back. The',
    'difference between "sent" and "received" is what the system drops because its buffer is full.',
  ].join('\n'),
  options,
  run,
});

async function run(values: Values<typeof options>): Promise<void> {
  const { participants, talkers, rate, seconds } = values;
  const machine = describeMachine();
  warnIfBusy(machine);
  // The server reveals its media port only in its answers.
  const port = await freePort();
  const flags = ['--max-participants', String(participants), '--media-port', String(port)];
  const [start] = serversOf({ flags, workers: [values.workers], moreFlags: values['server-flags'] });
  const driver = new Driver(new URL('./client.mjs', import.meta.url));
  await driver.ask({ type: 'prepare', voices: Math.min(6, talkers), dtx: 'as-asked' });
  const server = await start!();
  const barrage = await Barrage.open({ port, addresses: loopbackAddresses(values.addresses) });
  try {
    const room = { server, driver, settled: participants };
    await fillRoom(room, talkers);
    const prng = createPrng(values.seed);
    const datagrams = Array.from({ length: KINDS }, () => junk(prng, 'nobody:knows'));
    let index = 0;
    const next = () => datagrams[index++ % KINDS]!;
    showProgress('measuring without the flood');
    const before = await measure('before', room, async () => {
      await sleep(seconds * 1000);
      return 0;
    });
    showProgress('measuring with the flood');
    const flood = await measure('flood', room, () => barrage.run({ perSecond: rate, seconds, next }));
    clearProgress();
    const result: FloodResult = {
      benchmark: 'flood',
      machine,
      participants,
      talkers,
      rate,
      addresses: values.addresses,
      seed: values.seed,
      phases: [before, flood],
      bytesHeard: barrage.bytesHeard,
    };
    console.log(`${formatTable(FLOOD_COLUMNS, result.phases)}\n\n${result.bytesHeard} bytes were sent back.`);
    await writeResult(values.json, `${JSON.stringify(result, null, 2)}\n`);
  } finally {
    barrage.close();
    await driver.ask({ type: 'leave' });
    driver.close();
    await server.close();
  }
}

async function measure(
  phase: FloodPhase['phase'],
  options: PhaseOptions,
  happens: () => Promise<number>,
): Promise<FloodPhase> {
  const { figures, outcome: sent, before, after } = await measurePhase(options, happens);
  const since = (name: string) => after.sum(name) - before.sum(name);
  const received = since('partyline_datagrams_dropped_total');
  return { phase, ...figures, sent, received, framesConcealed: since('partyline_frames_concealed_total') };
}

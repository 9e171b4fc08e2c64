import { createCertificate } from './client/media-transport.ts';
import { isInPrivateNetwork, runInPrivateNetwork } from './janus/private-network.ts';
import { runCommand, writeResult } from './lib/command.ts';
import { LATENCY_COLUMNS, type LatencyResult, type LatencyRun, rowsOfLatency } from './lib/latency-result.ts';
import { measureLatency, TURN_FRAMES } from './lib/latency-run.ts';
import { describeMachine, warnIfBusy } from './lib/machine.ts';
import { createMarker } from './lib/marker.ts';
import { AGAINST, JSON_FILE, type Options, REPEATS, SERVER_FLAGS, type Values } from './lib/options.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { serversOf } from './lib/servers.ts';
import { formatTable } from './lib/table.ts';

const options = {
  trials: { kind: 'number', default: 100, min: 1, max: 100_000, description: 'number of sounds to measure' },
  senders: {
    kind: 'number',
    default: 10,
    min: 1,
    max: 100,
    description: 'participants who make the sounds, each at a different phase of the tick',
  },
  jitter: {
    kind: 'number',
    default: 0,
    min: 0,
    max: 500,
    integer: false,
    placeholder: 'MS',
    description: 'delay each packet by a random time up to this',
  },
  seed: { kind: 'number', default: 1, min: 0, max: 2 ** 32 - 1, description: 'seed of the phases and the jitter' },
  workers: { kind: 'number', default: 1, min: 0, max: 256, description: 'media workers of the server' },
  repeats: REPEATS,
  against: AGAINST,
  prebuffering: {
    kind: 'numbers',
    default: [6, 2],
    min: 0,
    max: 50,
    description: 'packets that Janus buffers for each participant, one run for each number; its default is 6',
  },
  'server-flags': SERVER_FLAGS,
  json: JSON_FILE,
} as const satisfies Options;

await runCommand({
  name: 'latency',
  about: [
    'Measures the delay that the server adds to a sound: how much later a participant can play it than someone who receives',
    "the sender's packets directly and plays them at once.",
    '',
    'Each sound is a short sweep after silence, in real Opus as browsers send it. The packets that the listener receives are',
    'decoded, and the sweep is located by correlation with the same packets decoded directly. The time of a sample is the',
    "arrival time of its packet plus its position in the packet. The result includes everything in between: the server's",
    "tick, the jitter buffer, mixing, the 2.5 ms look-ahead of the server's encoder, and both ways over the loopback",
    "interface. It does not include what exists without a server: the 20 ms to record a frame, the sender's look-ahead, and",
    "the browser's playout.",
    '',
    'With --jitter, time counts from when the packet would have been sent without jitter, so waiting for late packets is',
    'included, as it is for listeners. The first sound of each sender does not count.',
    '',
    'With --against janus, the AudioBridge of Janus (Debian: apt-get install janus) is measured in turns with Partyline, in a',
    '48 kHz room. As in browsers, participants use DTX only if the server asks for it, and Janus does not. Both servers run',
    'in a private network namespace, which requires Linux with unshare, setpriv and ip.',
  ].join('\n'),
  options,
  run,
});

async function run(values: Values<typeof options>): Promise<void> {
  if (values.against === 'janus' && !isInPrivateNetwork()) {
    process.exitCode = runInPrivateNetwork();
    return;
  }
  const machine = describeMachine();
  warnIfBusy(machine);
  const { trials, senders, seed, jitter: jitterMs } = values;
  const frames = senders * TURN_FRAMES;
  const markers = { dtx: createMarker(frames), noDtx: createMarker(frames, false) };
  const certificate = await createCertificate();
  const plan = { markers, certificate, trials, senders, seed, jitterMs, onProgress: showProgress };
  const servers = serversOf({
    flags: [],
    workers: [values.workers],
    moreFlags: values['server-flags'],
    against: values.against,
    prebuffering: values.prebuffering,
  });
  const runs: LatencyRun[] = [];
  for (let repeat = 0; repeat < values.repeats; repeat++) {
    for (const start of servers) runs.push(await measureLatency(start, plan));
  }
  clearProgress();
  const result: LatencyResult = { benchmark: 'latency', machine, jitterMs, seed, runs };
  console.log(formatTable(LATENCY_COLUMNS, rowsOfLatency(result)));
  await writeResult(values.json, `${JSON.stringify(result, null, 2)}\n`);
}

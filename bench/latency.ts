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
  trials: { kind: 'number', default: 100, min: 1, max: 100_000, description: 'sounds to measure' },
  senders: {
    kind: 'number',
    default: 10,
    min: 1,
    max: 100,
    description: 'participants that make them, each at another phase of the tick',
  },
  jitter: {
    kind: 'number',
    default: 0,
    min: 0,
    max: 500,
    integer: false,
    placeholder: 'MS',
    description: 'hold each packet back by 0 to this long',
  },
  seed: { kind: 'number', default: 1, min: 0, max: 2 ** 32 - 1, description: 'of the phases and the jitter' },
  workers: { kind: 'number', default: 1, min: 0, max: 256, description: 'media workers of the server' },
  repeats: REPEATS,
  against: AGAINST,
  prebuffering: {
    kind: 'numbers',
    default: [6, 2],
    min: 0,
    max: 50,
    description: 'packets that Janus buffers of each participant, a run each; 6 is its default',
  },
  'server-flags': SERVER_FLAGS,
  json: JSON_FILE,
} as const satisfies Options;

await runCommand({
  name: 'latency',
  about: [
    'The delay that the server adds to a sound: how much later a participant can play it than somebody who gets',
    "the sender's packets without a server in between and plays them at once.",
    '',
    'Each sound is a short sweep after silence, in real Opus as browsers send it. The packets that the listener',
    'receives are decoded, the sweep is found in them by correlation with the same packets decoded directly, and the',
    'time of a sample is the arrival of its packet plus its place in the packet. So the figure holds everything',
    "between: waiting for the server's tick, jitter buffer, mixing, the 2.5 ms look-ahead of the server's encoder, both",
    'ways over the loopback interface. It does not hold what exists without a server: the 20 ms that a frame needs to',
    "be recorded, the sender's look-ahead, and the playout of the browser.",
    '',
    'With --jitter the time counts from when the packet would have been sent without it: waiting for late packets is',
    'part of the figure, as it is for ears. The first sound of each sender is not counted.',
    '',
    'With --against janus: the same with the AudioBridge of Janus (Debian: apt-get install janus) in turns with Partyline,',
    'in a 48 kHz room. As browsers do, participants use DTX only with a server that asks for it, which Janus does not. Both then run in a network namespace of their own, which needs Linux with unshare, setpriv and ip.',
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

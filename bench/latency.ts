import { setTimeout as sleep } from 'node:timers/promises';
import { createPrng } from '../test/helpers/prng.ts';
import { createCertificate } from './client/media-transport.ts';
import { LightParticipant } from './client/participant.ts';
import { runCommand, writeResult } from './lib/command.ts';
import { LATENCY_COLUMNS, type LatencyResult } from './lib/latency-result.ts';
import { describeMachine, warnIfBusy } from './lib/machine.ts';
import { createMarker, type Marker, SENDER_LOOK_AHEAD_SAMPLES } from './lib/marker.ts';
import { sendMarkers } from './lib/marker-sender.ts';
import { JSON_FILE, type Options, type Values } from './lib/options.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { Recording } from './lib/recording.ts';
import { ServerProcess } from './lib/server-process.ts';
import { percentile } from './lib/statistics.ts';
import { formatTable } from './lib/table.ts';
import { Window } from './lib/window.ts';

const ROOM = 'latency';
/** One sender after the other; a marker and the pause after it. */
const TURN_FRAMES = 30;
const TURN_MS = TURN_FRAMES * 20;
/** Where the sound is looked for after it was sent. */
const SEARCH_MS = 550;
/** A sound less alike than this was broken on its way. */
const LEAST_CORRELATION = 0.7;

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
  ].join('\n'),
  options,
  run,
});

async function run(values: Values<typeof options>): Promise<void> {
  const machine = describeMachine();
  warnIfBusy(machine);
  const prng = createPrng(values.seed);
  const marker = createMarker(values.senders * TURN_FRAMES);
  const certificate = await createCertificate();
  const recording = new Recording();
  const participants: LightParticipant[] = [];
  const server = await ServerProcess.start(['--workers', String(values.workers)]);
  try {
    const join = { url: server.webSocketUrl, room: ROOM, certificate };
    participants.push(
      await LightParticipant.join({ ...join, name: 'listener', onPayload: (received) => recording.add(received) }),
    );
    for (let index = 0; index < values.senders; index++) {
      participants.push(await LightParticipant.join({ ...join, name: `sender ${index}` }));
    }
    // The first round tells encoders and jitter buffers what comes.
    const rounds = 1 + Math.ceil(values.trials / values.senders);
    const startMs = performance.now() + 1000;
    const begin = await server.metrics();
    const sending = participants.slice(1).map((participant, index) =>
      sendMarkers({
        participant,
        programme: marker.programme,
        startMs: startMs + index * TURN_MS + (20 * (index + prng())) / values.senders,
        rounds,
        drawJitterMs: () => values.jitter * prng(),
      }),
    );
    const readyMs = await report(Promise.all(sending), startMs, rounds * values.senders * TURN_MS);
    await sleep(SEARCH_MS);
    const window = new Window(begin, await server.metrics());
    const delays = readyMs.flatMap((times) => times.slice(1).map((time) => delayOf(recording, marker, time)));
    const measured = delays.filter((delay) => delay !== undefined);
    const result: LatencyResult = {
      benchmark: 'latency',
      machine,
      jitterMs: values.jitter,
      seed: values.seed,
      trials: delays.length,
      missed: delays.length - measured.length,
      p50Ms: percentile(measured, 0.5),
      p95Ms: percentile(measured, 0.95),
      maxMs: percentile(measured, 1),
      concealedPercent: (100 * window.framesConcealed) / (window.framesDecoded + window.framesConcealed),
    };
    console.log(formatTable(LATENCY_COLUMNS, [result]));
    await writeResult(values.json, `${JSON.stringify(result, null, 2)}\n`);
  } finally {
    for (const participant of participants) participant.close();
    await server.close();
  }
}

function delayOf(recording: Recording, marker: Marker, sentMs: number): number | undefined {
  const found = recording.find(marker.direct, SENDER_LOOK_AHEAD_SAMPLES, sentMs, sentMs + SEARCH_MS);
  if (found === undefined || found.correlation < LEAST_CORRELATION) return undefined;
  return found.atMs - (sentMs + SENDER_LOOK_AHEAD_SAMPLES / 48);
}

async function report<T>(work: Promise<T>, startMs: number, lengthMs: number): Promise<T> {
  const timer = setInterval(() => {
    const seconds = Math.max(0, Math.round((performance.now() - startMs) / 1000));
    showProgress(`measuring: ${seconds} of ${Math.round(lengthMs / 1000)} s`);
  }, 1000);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    clearProgress();
  }
}

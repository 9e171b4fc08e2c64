import { setTimeout as sleep } from 'node:timers/promises';
import { createPrng } from '../../test/helpers/prng.ts';
import type { Certificate } from '../client/media-transport.ts';
import { LightParticipant } from '../client/participant.ts';
import type { LatencyRun } from './latency-result.ts';
import { type Marker, SENDER_LOOK_AHEAD_SAMPLES } from './marker.ts';
import { sendMarkers } from './marker-sender.ts';
import { Recording } from './recording.ts';
import { ROOM, type StartServer } from './servers.ts';
import { percentile } from './statistics.ts';
import { Window } from './window.ts';

/** The senders take turns. A turn is a marker and the pause after it. */
export const TURN_FRAMES = 30;
const TURN_MS = TURN_FRAMES * 20;
/** How long after sending the sound is searched for. */
const SEARCH_MS = 550;
/** A sound with a lower correlation was damaged on its way. */
const LEAST_CORRELATION = 0.7;

export interface LatencyPlan {
  readonly markers: Readonly<Record<'dtx' | 'noDtx', Marker>>;
  readonly certificate: Certificate;
  readonly trials: number;
  readonly senders: number;
  /** Each packet is held back for a time drawn evenly from 0 to this. */
  readonly jitterMs: number;
  readonly seed: number;
  readonly onProgress: (text: string) => void;
}

/** One listener and the senders join a new server and make all sounds of the plan. */
export async function measureLatency(start: StartServer, plan: LatencyPlan): Promise<LatencyRun> {
  const { markers, certificate, senders, jitterMs } = plan;
  const prng = createPrng(plan.seed);
  const recording = new Recording();
  const participants: LightParticipant[] = [];
  const server = await start();
  try {
    const join = { server: server.kind, url: server.webSocketUrl, room: ROOM, certificate };
    participants.push(
      await LightParticipant.join({ ...join, name: 'listener', onPayload: (received) => recording.add(received) }),
    );
    for (let index = 0; index < senders; index++) {
      participants.push(await LightParticipant.join({ ...join, name: `sender ${index}` }));
    }
    const marker = participants[0]!.dtx ? markers.dtx : markers.noDtx;
    // In the first round, encoders and jitter buffers adapt.
    const rounds = 1 + Math.ceil(plan.trials / senders);
    const startMs = performance.now() + 1000;
    const begin = await server.metrics?.();
    const sending = participants.slice(1).map((participant, index) =>
      sendMarkers({
        participant,
        programme: marker.programme,
        startMs: startMs + index * TURN_MS + (20 * (index + prng())) / senders,
        rounds,
        drawJitterMs: () => jitterMs * prng(),
      }),
    );
    const lengthMs = rounds * senders * TURN_MS;
    const onProgress = (text: string) => plan.onProgress(`${server.name}: ${text}`);
    const readyMs = await report(Promise.all(sending), startMs, lengthMs, onProgress);
    await sleep(SEARCH_MS);
    const end = await server.metrics?.();
    const delays = readyMs.flatMap((times) => times.slice(1).map((time) => delayOf(recording, marker, time)));
    const measured = delays.filter((delay) => delay !== undefined);
    return {
      server: server.name,
      trials: delays.length,
      missed: delays.length - measured.length,
      p50Ms: percentile(measured, 0.5),
      p95Ms: percentile(measured, 0.95),
      maxMs: percentile(measured, 1),
      ...(begin && end && { concealedPercent: concealedPercent(new Window(begin, end)) }),
    };
  } finally {
    for (const participant of participants) participant.close();
    await server.close();
  }
}

function concealedPercent({ framesConcealed, framesDecoded }: Window): number {
  return (100 * framesConcealed) / (framesDecoded + framesConcealed);
}

function delayOf(recording: Recording, marker: Marker, sentMs: number): number | undefined {
  const found = recording.find(marker.direct, SENDER_LOOK_AHEAD_SAMPLES, sentMs, sentMs + SEARCH_MS);
  if (found === undefined || found.correlation < LEAST_CORRELATION) return undefined;
  return found.atMs - (sentMs + SENDER_LOOK_AHEAD_SAMPLES / 48);
}

async function report<T>(
  work: Promise<T>,
  startMs: number,
  lengthMs: number,
  onProgress: (text: string) => void,
): Promise<T> {
  const timer = setInterval(() => {
    const seconds = Math.max(0, Math.round((performance.now() - startMs) / 1000));
    onProgress(`measuring: ${seconds} of ${Math.round(lengthMs / 1000)} s`);
  }, 1000);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { LightParticipant } from '../client/participant.ts';
import type { Programme } from '../client/programme.ts';

export interface MarkerSenderOptions {
  readonly participant: LightParticipant;
  /** A marker at its start, then silence. */
  readonly programme: Programme;
  /** When the first frame is due (monotonic). */
  readonly startMs: number;
  /** How often the programme is sent. */
  readonly rounds: number;
  /** Returns how long the next packet is held back. */
  readonly drawJitterMs: () => number;
}

/**
 * Sends a programme repeatedly by absolute deadlines. Resolves with the times at which the first packet of each round
 * was ready to go.
 */
export async function sendMarkers(options: MarkerSenderOptions): Promise<readonly number[]> {
  const { participant, programme, startMs, rounds, drawJitterMs } = options;
  const readyMs: number[] = [];
  for (let index = 0; index < rounds * programme.length; index++) {
    await sleep(startMs + 20 * index - performance.now());
    const position = index % programme.length;
    const frame = programme[position];
    if (position === 0) readyMs.push(performance.now());
    if (frame === undefined) {
      participant.skip();
      continue;
    }
    const packet = participant.seal(frame);
    const jitterMs = drawJitterMs();
    if (jitterMs === 0) participant.sendSealed(packet);
    else setTimeout(() => participant.sendSealed(packet), jitterMs);
  }
  return readyMs;
}

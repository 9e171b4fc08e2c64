import type { MediaStats } from '../media/plane.ts';

/** A worker ticks every 20 ms; one that has not for this long does not mix. */
const MAX_TICK_AGE_MS = 1000;

export interface HealthInput {
  readonly version: string;
  readonly closing: boolean;
  readonly workers: readonly MediaStats[];
  /** How many workers there should be; one that is being replaced is missing in `workers`. */
  readonly expectedWorkers: number;
  readonly rooms: number;
  readonly participants: number;
}

/** The answer to `GET /healthz`. */
export interface Health {
  readonly status: 'ok' | 'unhealthy' | 'closing';
  readonly version: string;
  readonly rooms: number;
  readonly participants: number;
  readonly workers: readonly { readonly worker: number; readonly tickAgeMs: number; readonly restarts: number }[];
}

/** Healthy is a server that takes participants and whose every worker ticks. */
export function health({ version, closing, workers, expectedWorkers, rooms, participants }: HealthInput): Health {
  const ticking = workers.length >= expectedWorkers && workers.every(({ tickAgeMs }) => tickAgeMs <= MAX_TICK_AGE_MS);
  return {
    status: closing ? 'closing' : ticking ? 'ok' : 'unhealthy',
    version,
    rooms,
    participants,
    workers: workers.map(({ worker, tickAgeMs, restarts }) => ({ worker, tickAgeMs: Math.round(tickAgeMs), restarts })),
  };
}

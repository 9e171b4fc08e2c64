import type { WorkerHealth } from '../media/plane.ts';

/** A worker ticks every 20 ms; one that has not for this long does not mix. */
const MAX_TICK_AGE_MS = 1000;

export interface HealthInput {
  readonly version: string;
  readonly closing: boolean;
  /** Each worker that there should be. */
  readonly workers: readonly WorkerHealth[];
  /** How long the event loop of the main thread stands still, or did lately; 0 if it did not. */
  readonly stalledMs: number;
  readonly rooms: number;
  readonly participants: number;
}

/** Why a server is not healthy: a code for programs, words for people. */
export interface HealthProblem {
  readonly code: 'worker_missing' | 'worker_stalled' | 'worker_failing' | 'event_loop_stalled';
  readonly message: string;
}

/** The answer to `GET /healthz`. */
export interface Health {
  readonly status: 'ok' | 'unhealthy' | 'closing';
  readonly version: string;
  /** Empty where the status is `ok`. */
  readonly problems: readonly HealthProblem[];
  readonly rooms: number;
  readonly participants: number;
  readonly workers: readonly WorkerHealth[];
}

/** Healthy is a server that takes participants, whose every worker ticks, and whose event loop turns. */
export function health({ version, closing, workers, stalledMs, rooms, participants }: HealthInput): Health {
  const problems = workers.flatMap((worker) => problemOf(worker) ?? []);
  if (stalledMs > 0) {
    const message = `The event loop of the main thread stood still for ${Math.round(stalledMs)} ms.`;
    problems.push({ code: 'event_loop_stalled', message });
  }
  return {
    status: closing ? 'closing' : problems.length === 0 ? 'ok' : 'unhealthy',
    version,
    problems,
    rooms,
    participants,
    workers: workers.map((worker) => ({
      ...worker,
      tickAgeMs: worker.tickAgeMs === null ? null : Math.round(worker.tickAgeMs),
    })),
  };
}

function problemOf({ worker, running, failing, tickAgeMs }: WorkerHealth): HealthProblem | undefined {
  const name = `Media worker ${worker}`;
  if (!running || tickAgeMs === null) {
    return { code: 'worker_missing', message: `${name} has died and is not replaced yet.` };
  }
  if (tickAgeMs > MAX_TICK_AGE_MS) {
    return { code: 'worker_stalled', message: `${name} has not ticked for ${Math.round(tickAgeMs)} ms.` };
  }
  if (failing) return { code: 'worker_failing', message: `${name} dies again and again.` };
  return undefined;
}

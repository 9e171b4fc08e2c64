import type { WorkerHealth } from '../media/plane.ts';

/** A worker ticks every 20 ms; one that has not for this long does not mix. */
const MAX_TICK_AGE_MS = 1000;

export interface HealthInput {
  readonly version: string;
  readonly closing: boolean;
  /** Nobody new is taken in; it ends when all have left. */
  readonly draining?: boolean;
  /** Each worker that there should be. */
  readonly workers: readonly WorkerHealth[];
  /** How long the event loop of the main thread stands still, or did lately; 0 if it did not. */
  readonly stalledMs: number;
  /** What is wrong with the certificate of the page, where it has one. */
  readonly certificate?: HealthProblem | undefined;
  /** The address of a reverse proxy that should be in `trust-proxy`. */
  readonly untrustedProxy?: string | undefined;
  readonly rooms: number;
  readonly participants: number;
}

/** Why a server is not healthy: a code for programs, words for people. */
export interface HealthProblem {
  readonly code:
    | 'worker_missing'
    | 'worker_stalled'
    | 'worker_failing'
    | 'worker_starved'
    | 'event_loop_stalled'
    | 'certificate_missing'
    | 'certificate_not_yet_valid'
    | 'certificate_expiring'
    | 'certificate_expired'
    | 'proxy_not_trusted';
  readonly message: string;
}

/** The answer to `GET /healthz`. */
export interface Health {
  readonly status: 'ok' | 'unhealthy' | 'draining' | 'closing';
  readonly version: string;
  /** Where the status is `ok` or `draining`, they are those that no restart mends: of the certificate, the reverse proxy and the machine. */
  readonly problems: readonly HealthProblem[];
  readonly rooms: number;
  readonly participants: number;
  readonly workers: readonly WorkerHealth[];
}

/** Healthy is a server that serves its participants, whose every worker ticks, and whose event loop turns. */
export function health({
  version,
  closing,
  draining = false,
  workers,
  stalledMs,
  certificate,
  untrustedProxy,
  rooms,
  participants,
}: HealthInput): Health {
  const problems = workers.flatMap((worker) => problemOf(worker) ?? []);
  if (stalledMs > 0) {
    const message = `The event loop of the main thread was blocked for ${Math.round(stalledMs)} ms.`;
    problems.push({ code: 'event_loop_stalled', message });
  }
  return {
    status: closing ? 'closing' : problems.length > 0 ? 'unhealthy' : draining ? 'draining' : 'ok',
    version,
    problems: [...problems, ...settingsProblems(certificate, untrustedProxy), ...workers.flatMap(starvationOf)],
    rooms,
    participants,
    workers: workers.map((worker) => ({
      ...worker,
      tickAgeMs: worker.tickAgeMs === null ? null : Math.round(worker.tickAgeMs),
    })),
  };
}

/** What the operator has to mend, while everybody is served. */
function settingsProblems(certificate: HealthProblem | undefined, untrustedProxy: string | undefined): HealthProblem[] {
  const problems = certificate === undefined ? [] : [certificate];
  if (untrustedProxy === undefined) return problems;
  const message =
    'A reverse proxy forwards requests but is not in trust-proxy, so all its visitors count as one address. Add it with --trust-proxy.';
  return [...problems, { code: 'proxy_not_trusted', message }];
}

/** Everybody is served, only late; and a restart would not make the neighbours any quieter. */
function starvationOf({ worker, starved }: WorkerHealth): HealthProblem[] {
  if (!starved) return [];
  const message =
    `Sound of media worker ${worker} is late although it has time to spare: ` +
    'other programs have the processor, or other virtual machines on this host.';
  return [{ code: 'worker_starved', message }];
}

function problemOf({ worker, running, failing, tickAgeMs }: WorkerHealth): HealthProblem | undefined {
  const name = `Media worker ${worker}`;
  if (!running || tickAgeMs === null) {
    return { code: 'worker_missing', message: `${name} has died and is not yet replaced.` };
  }
  if (tickAgeMs > MAX_TICK_AGE_MS) {
    return { code: 'worker_stalled', message: `${name} has not ticked for ${Math.round(tickAgeMs)} ms.` };
  }
  if (failing) return { code: 'worker_failing', message: `${name} dies repeatedly.` };
  return undefined;
}

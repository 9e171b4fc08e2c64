import { formatEndpoint } from '../lib/net/host-port.ts';
import type { MediaReach, WorkerHealth } from '../media/plane.ts';

/** A worker ticks every 20 ms; one that has not ticked for this long does not mix. */
const MAX_TICK_AGE_MS = 1000;

export interface HealthInput {
  readonly version: string;
  readonly closing: boolean;
  /** No new participants are admitted; the server shuts down when everyone has left. */
  readonly draining?: boolean;
  /** Every worker that should be running. */
  readonly workers: readonly WorkerHealth[];
  /** Where browsers find media. */
  readonly reach?: MediaReach;
  /** How long the main thread's event loop is or recently was blocked; otherwise 0. */
  readonly stalledMs: number;
  /** A problem with the page's certificate, if there is one. */
  readonly certificate?: HealthProblem | undefined;
  /** The address of a reverse proxy that should be in `trust-proxy`. */
  readonly untrustedProxy?: string | undefined;
  /** Why rooms and bans are not kept; undefined if they are. */
  readonly state?: string | undefined;
  /** Of the cluster, if there is one. */
  readonly cluster?: HealthProblem | undefined;
  readonly rooms: number;
  readonly participants: number;
}

/** Why a server is unhealthy: a code for programs and a message for people. */
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
    | 'proxy_not_trusted'
    | 'state_not_saved'
    | 'engine_unreachable'
    | 'media_loopback_only'
    | 'media_address_unbound';
  readonly message: string;
}

/** The body of `GET /healthz`. */
export interface Health {
  readonly status: 'ok' | 'unhealthy' | 'draining' | 'closing';
  readonly version: string;
  /**
   * If the status is `ok` or `draining`, these are problems that a restart cannot fix: with the certificate, the
   * reverse proxy, the addresses or the machine.
   */
  readonly problems: readonly HealthProblem[];
  readonly rooms: number;
  readonly participants: number;
  readonly workers: readonly WorkerHealth[];
  /** The media addresses announced to browsers, such as `udp 192.0.2.1:40000`. */
  readonly candidates?: readonly string[];
}

/** A server is healthy if it serves its participants, all of its workers tick, and its event loop is responsive. */
export function health({
  version,
  closing,
  draining = false,
  workers,
  reach,
  stalledMs,
  certificate,
  untrustedProxy,
  state,
  cluster,
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
    problems: [
      ...problems,
      ...settingsProblems(certificate, untrustedProxy),
      ...(state === undefined ? [] : [{ code: 'state_not_saved' as const, message: state }]),
      ...(cluster === undefined ? [] : [cluster]),
      ...addressProblems(reach),
      ...workers.flatMap(starvationOf),
    ],
    rooms,
    participants,
    workers: workers.map((worker) => ({
      ...worker,
      tickAgeMs: worker.tickAgeMs === null ? null : Math.round(worker.tickAgeMs),
    })),
    ...(reach !== undefined && { candidates: reach.candidates }),
  };
}

/** Problems for the operator to fix while everyone is being served. */
function settingsProblems(certificate: HealthProblem | undefined, untrustedProxy: string | undefined): HealthProblem[] {
  const problems = certificate === undefined ? [] : [certificate];
  if (untrustedProxy === undefined) return problems;
  const message =
    'A reverse proxy forwards requests but is not in trust-proxy, so all its visitors count as one address. Add it with --trust-proxy.';
  return [...problems, { code: 'proxy_not_trusted', message }];
}

/** Everyone is still served, only late, and a restart would not make other programs use less CPU. */
function starvationOf({ worker, starved }: WorkerHealth): HealthProblem[] {
  if (!starved) return [];
  const message =
    `Audio of media worker ${worker} is late although it is not overloaded: ` +
    'other programs, or other virtual machines on this host, use the CPU.';
  return [{ code: 'worker_starved', message }];
}

/** These keep people from connecting. The server keeps trying, and a restart would not help. */
function addressProblems(reach: MediaReach | undefined): HealthProblem[] {
  if (reach === undefined) return [];
  const { unbound, isLoopbackOnly } = reach;
  const problems = unbound.map(({ protocol, address, port, reason }): HealthProblem => {
    const where = `${protocol} ${formatEndpoint(address, port)}`;
    return { code: 'media_address_unbound', message: `Media is not received at ${where}: ${reason}.` };
  });
  if (!isLoopbackOnly) return problems;
  const message =
    'This machine has only loopback addresses, so nobody on another machine can connect. The server uses others as soon as there are any.';
  return [{ code: 'media_loopback_only', message }, ...problems];
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

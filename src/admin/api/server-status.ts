/** The body of `GET /api/v1/server`, collected from all parts of the server. */
import type { z } from 'zod';
import type { Health } from '../../http/health.ts';
import { type Clock, isoTime, type Millis } from '../../lib/clock.ts';
import type { MediaPlane, MediaStats, WorkerHealth } from '../../media/plane.ts';
import type { serverSchema, webhookSchema, workerSchema } from '../../protocol/api/schemas.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';
import { drainingView, rounded } from './handlers.ts';

export interface ServerStatusSources {
  readonly health: () => Health;
  readonly registry: RoomRegistry;
  readonly plane: MediaPlane;
  /** WebSocket connections. */
  readonly connections: () => number;
  readonly webhooks: () => readonly z.output<typeof webhookSchema>[];
  readonly clock: Clock;
}

/** The uptime starts with this call. */
export function serverStatus(sources: ServerStatusSources): () => z.output<typeof serverSchema> {
  const { health, registry, plane, connections, webhooks, clock } = sources;
  const startedMs: Millis = clock.now();
  const startedAt = isoTime(clock.wallNow());
  return () => {
    const { version, status, problems, rooms, participants, workers, candidates = [] } = health();
    const stats = new Map(plane.stats().map((of) => [of.worker, of]));
    const { draining } = registry;
    return {
      version,
      status,
      problems: [...problems],
      startedAt,
      uptimeSeconds: Math.floor((clock.now() - startedMs) / 1000),
      rooms,
      participants,
      connections: connections(),
      draining: draining === null ? null : drainingView(draining),
      candidates: [...candidates],
      workers: workers.map((worker) => workerView(worker, stats.get(worker.worker))),
      webhooks: [...webhooks()],
    };
  };
}

function workerView(
  { worker, running, failing, restarts, tickAgeMs, starved }: WorkerHealth,
  stats: MediaStats | undefined,
): z.output<typeof workerSchema> {
  const { gauges } = stats ?? {};
  return {
    worker,
    running,
    failing,
    restarts,
    tickAgeMs,
    load: rounded(gauges?.utilization, 3),
    overloadLevel: gauges?.overloadLevel ?? 0,
    starved,
    rooms: gauges?.rooms ?? 0,
    connections: gauges?.connections ?? 0,
    talkers: gauges?.talkers ?? 0,
    jitterBufferDelayMs: rounded(gauges?.jitterBufferDelayMs, 1),
    tickLatenessMaxMs: rounded(gauges?.tickLatenessMaxMs, 1),
  };
}

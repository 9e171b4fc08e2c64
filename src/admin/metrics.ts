import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { ErrorCode } from '../lib/errors.ts';
import type { MediaStats, WorkerHealth } from '../media/plane.ts';
import { registerMediaMetrics, setCounter } from './media-metrics.ts';

/** What the control plane counts. */
export interface ControlFigures {
  readonly rooms: number;
  readonly participants: number;
  readonly joins: number;
  readonly connections: number;
  readonly messagesIn: number;
  readonly errors: ReadonlyMap<ErrorCode, number>;
  /** Times that the event loop of the main thread stood still for a second or more. */
  readonly eventLoopStalls: number;
}

export interface MetricsSource {
  readonly version: string;
  control(): ControlFigures;
  media(): readonly MediaStats[];
  workers(): readonly WorkerHealth[];
}

export interface Metrics {
  readonly contentType: string;
  /** Everything in the text format of Prometheus, as it is now. */
  scrape(): Promise<string>;
}

let processRegistry: Registry | undefined;

/** CPU, memory, garbage collection and event loop are of the process; they are watched once, however many servers run in it. */
function processMetrics(): Registry {
  if (processRegistry === undefined) {
    processRegistry = new Registry();
    collectDefaultMetrics({ register: processRegistry });
  }
  return processRegistry;
}

export function createMetrics({ version, control, media, workers }: MetricsSource): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
  const counter = (name: string, help: string) => new Counter({ name, help, registers });

  new Gauge({ name: 'partyline_info', help: 'The version that runs.', labelNames: ['version'], registers }).set(
    { version },
    1,
  );
  const rooms = gauge('partyline_rooms', 'Rooms.');
  const participants = gauge('partyline_participants', 'Participants in all rooms.');
  const connections = gauge('partyline_websocket_connections', 'WebSocket connections, joined or not.');
  const joins = counter('partyline_joins_total', 'Joins.');
  const messages = counter('partyline_websocket_messages_received_total', 'WebSocket messages received.');
  const errors = new Counter({
    name: 'partyline_errors_total',
    help: 'Errors told to clients, by code.',
    labelNames: ['code'],
    registers,
  });
  const stalls = counter(
    'partyline_event_loop_stalls_total',
    'Times that the event loop of the main thread stood still for a second or more.',
  );
  const workerUp = new Gauge({
    name: 'partyline_worker_up',
    help: 'Whether this media worker runs (1), or has died and is not replaced yet (0).',
    labelNames: ['worker'],
    registers,
  });
  const updateMedia = registerMediaMetrics(registry);
  const all = Registry.merge([registry, processMetrics()]);

  return {
    contentType: all.contentType,
    scrape: () => {
      const figures = control();
      rooms.set(figures.rooms);
      participants.set(figures.participants);
      connections.set(figures.connections);
      setCounter(joins, {}, figures.joins);
      setCounter(messages, {}, figures.messagesIn);
      for (const [code, count] of figures.errors) setCounter(errors, { code }, count);
      setCounter(stalls, {}, figures.eventLoopStalls);
      for (const { worker, running } of workers()) workerUp.set({ worker: String(worker) }, running ? 1 : 0);
      updateMedia(media());
      return all.metrics();
    },
  };
}

import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { ErrorCode } from '../../lib/errors.ts';
import type { Limit } from '../../lib/rates/limit-counts.ts';
import type { HistogramSnapshot, MediaStats, WorkerHealth } from '../../media/plane.ts';
import type { DeliveryFigures } from '../webhooks/delivery-queue.ts';
import { CopiedHistogram, setCounter } from './copied-metrics.ts';
import { registerMediaMetrics } from './media-metrics.ts';

/** What the control plane counts. */
export interface ControlFigures {
  readonly rooms: number;
  readonly participants: number;
  /** By result: `ok`, or why somebody did not get in. */
  readonly joins: ReadonlyMap<'ok' | ErrorCode, number>;
  readonly connections: number;
  readonly messagesIn: number;
  readonly errors: ReadonlyMap<ErrorCode, number>;
  /** Times that each limit kept somebody from something. */
  readonly limits: ReadonlyMap<Limit, number>;
  /** Times that the event loop of the main thread stood still for a second or more. */
  readonly eventLoopStalls: number;
  /** How late the main thread was, four looks a second. */
  readonly eventLoopDelaySeconds: HistogramSnapshot;
  /** Problems that the API answered with. */
  readonly apiErrors?: ReadonlyMap<ErrorCode, number>;
  /** One for each URL. */
  readonly webhooks?: readonly DeliveryFigures[];
}

/** What there is to tell of the certificate of the page. */
export interface CertificateFigures {
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
  /** Attempts to get one that failed. */
  readonly failures: number;
}

/** What there is to tell of the TCP port that page and media share. */
export interface SharedPortFigures {
  /** Connections that have not shown yet what they are for. */
  readonly undecided: number;
  /** Connections ended because nothing could be made of them, because they took too long, or because there were too many. */
  readonly refused: number;
}

export interface MetricsSource {
  readonly version: string;
  control(): ControlFigures;
  media(): readonly MediaStats[];
  workers(): readonly WorkerHealth[];
  /** Where the page is served by https. */
  readonly certificate?: () => CertificateFigures;
  /** Where page and media have one TCP port. */
  readonly sharedPort?: () => SharedPortFigures;
}

export interface Metrics {
  readonly contentType: string;
  /** Everything in the text format of Prometheus, as it is now. */
  scrape(): Promise<string>;
}

let processRegistry: Registry | undefined;

/** The longest that a timer of Node can wait, 24 days. */
const NEVER_MS = 2 ** 31 - 1;
const EVENT_LOOP_LAGS = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'];

/** CPU, memory, garbage collection and event loop are of the process; they are watched once, however many servers run in it. */
function processMetrics(): Registry {
  if (processRegistry === undefined) {
    processRegistry = new Registry();
    // For these prom-client would wake the process a hundred times a second; `EventLoopWatch` does with four.
    collectDefaultMetrics({ register: processRegistry, eventLoopMonitoringPrecision: NEVER_MS });
    for (const lag of EVENT_LOOP_LAGS) processRegistry.removeSingleMetric(`nodejs_eventloop_lag_${lag}_seconds`);
  }
  return processRegistry;
}

export function createMetrics({ version, control, media, workers, certificate, sharedPort }: MetricsSource): Metrics {
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
  const joins = new Counter({
    name: 'partyline_joins_total',
    help: 'Joins that were asked for, by what came of them: ok, or the code of the error.',
    labelNames: ['result'],
    registers,
  });
  const messages = counter('partyline_websocket_messages_received_total', 'WebSocket messages received.');
  const errors = new Counter({
    name: 'partyline_errors_total',
    help: 'Errors told to clients, by code.',
    labelNames: ['code'],
    registers,
  });
  const apiErrors = new Counter({
    name: 'partyline_api_errors_total',
    help: 'Problems that the REST API answered with, by code.',
    labelNames: ['code'],
    registers,
  });
  const limits = new Counter({
    name: 'partyline_limits_hit_total',
    help: 'Times that a limit kept somebody from something.',
    labelNames: ['limit'],
    registers,
  });
  const webhookEvents = new Counter({
    name: 'partyline_webhook_events_total',
    help: 'Webhook events that were delivered, or dropped because they were too old or too many waited.',
    labelNames: ['outcome'],
    registers,
  });
  const webhookFailures = counter('partyline_webhook_failures_total', 'Attempts to deliver a webhook that failed.');
  const webhookWaiting = gauge('partyline_webhook_events_waiting', 'Webhook events that are not delivered yet.');
  const stalls = counter(
    'partyline_event_loop_stalls_total',
    'Times that the event loop of the main thread stood still for a second or more.',
  );
  const delays = new CopiedHistogram(
    { name: 'partyline_event_loop_delay_seconds', help: 'How late the event loop of the main thread was.' },
    registry,
  );
  const workerUp = new Gauge({
    name: 'partyline_worker_up',
    help: 'Whether this media worker runs (1), or has died and is not replaced yet (0).',
    labelNames: ['worker'],
    registers,
  });
  const updateMedia = registerMediaMetrics(registry);
  const updateCertificate = certificate === undefined ? () => {} : registerCertificateMetrics(registry, certificate);
  const updateSharedPort = sharedPort === undefined ? () => {} : registerSharedPortMetrics(registry, sharedPort);
  const all = Registry.merge([registry, processMetrics()]);

  return {
    contentType: all.contentType,
    scrape: () => {
      const figures = control();
      rooms.set(figures.rooms);
      participants.set(figures.participants);
      connections.set(figures.connections);
      for (const [result, count] of figures.joins) setCounter(joins, { result }, count);
      for (const [limit, count] of figures.limits) setCounter(limits, { limit }, count);
      setCounter(messages, {}, figures.messagesIn);
      for (const [code, count] of figures.errors) setCounter(errors, { code }, count);
      for (const [code, count] of figures.apiErrors ?? []) setCounter(apiErrors, { code }, count);
      const webhooks = figures.webhooks ?? [];
      const sum = (pick: (of: DeliveryFigures) => number) => webhooks.reduce((total, of) => total + pick(of), 0);
      setCounter(
        webhookEvents,
        { outcome: 'delivered' },
        sum(({ delivered }) => delivered),
      );
      setCounter(
        webhookEvents,
        { outcome: 'dropped' },
        sum(({ dropped }) => dropped),
      );
      setCounter(
        webhookFailures,
        {},
        sum(({ failed }) => failed),
      );
      webhookWaiting.set(sum(({ waiting }) => waiting));
      setCounter(stalls, {}, figures.eventLoopStalls);
      delays.copy(figures.eventLoopDelaySeconds);
      for (const { worker, running } of workers()) workerUp.set({ worker: String(worker) }, running ? 1 : 0);
      updateMedia(media());
      updateCertificate();
      updateSharedPort();
      return all.metrics();
    },
  };
}

function registerCertificateMetrics(registry: Registry, certificate: () => CertificateFigures): () => void {
  const registers = [registry];
  const expiry = new Gauge({
    name: 'partyline_tls_certificate_expiry_timestamp_seconds',
    help: 'When the certificate of the page expires, in seconds since 1970.',
    registers,
  });
  const failures = new Counter({
    name: 'partyline_tls_certificate_failures_total',
    help: 'Attempts to get a certificate that failed.',
    registers,
  });
  return () => {
    const figures = certificate();
    expiry.set(Math.floor(figures.expiresAtMs / 1000));
    setCounter(failures, {}, figures.failures);
  };
}

function registerSharedPortMetrics(registry: Registry, sharedPort: () => SharedPortFigures): () => void {
  const registers = [registry];
  const undecided = new Gauge({
    name: 'partyline_shared_port_undecided',
    help: 'Connections to the port of page and media that have not shown yet what they are for.',
    registers,
  });
  const refused = new Counter({
    name: 'partyline_shared_port_refused_total',
    help: 'Connections to the port of page and media that were ended because they were for neither.',
    registers,
  });
  return () => {
    const figures = sharedPort();
    undecided.set(figures.undecided);
    setCounter(refused, {}, figures.refused);
  };
}

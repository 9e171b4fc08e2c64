import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Clock, Millis } from '../../lib/clock.ts';
import type { MediaStats, WorkerHealth } from '../../media/plane.ts';
import { by, collectCounter, collectGauge, only } from './collected-metrics.ts';
import { type ControlFigures, registerControlMetrics } from './control-metrics.ts';
import { registerMediaMetrics } from './media-metrics.ts';

/** What there is to tell of the certificate of the page. */
export interface CertificateFigures {
  /** Milliseconds since 1970; 0 while one of the names of the page has none. */
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
  readonly clock: Clock;
}

export interface Metrics {
  readonly contentType: string;
  /** Everything in the text format of Prometheus, as it was within the last second. */
  scrape(): Promise<string>;
}

let processRegistry: Registry | undefined;

/** A scrape costs some milliseconds of the main thread, and anybody who reaches the server may ask for it. */
const CACHED_MS: Millis = 1000;
/** The longest that a timer of Node can wait, 24 days. */
const NEVER_MS = 2 ** 31 - 1;
const EVENT_LOOP_LAGS = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'];

/** CPU, memory, garbage collection and event loop are of the process; they are watched once, however many servers run in it. */
function processMetrics(): Registry {
  if (processRegistry === undefined) {
    processRegistry = new Registry();
    // For these prom-client would wake the process a hundred times a second; `EventLoopWatch` does with four. There is no other way to
    // leave a part of the default metrics out.
    collectDefaultMetrics({ register: processRegistry, eventLoopMonitoringPrecision: NEVER_MS });
    for (const lag of EVENT_LOOP_LAGS) processRegistry.removeSingleMetric(`nodejs_eventloop_lag_${lag}_seconds`);
  }
  return processRegistry;
}

export function createMetrics({
  version,
  control,
  media,
  workers,
  certificate,
  sharedPort,
  clock,
}: MetricsSource): Metrics {
  const registry = new Registry();
  collectGauge(registry, { name: 'partyline_info', help: 'The running version.', labelNames: ['version'] }, () =>
    by('version', [[version, 1]]),
  );
  const updateControl = registerControlMetrics(registry);
  collectGauge(
    registry,
    {
      name: 'partyline_worker_up',
      help: 'Whether this media worker is running (1), or has died and is not yet replaced (0).',
      labelNames: ['worker'],
    },
    () =>
      by(
        'worker',
        workers().map(({ worker, running }) => [String(worker), running ? 1 : 0] as const),
      ),
  );
  const updateMedia = registerMediaMetrics(registry);
  if (certificate !== undefined) registerCertificateMetrics(registry, certificate);
  if (sharedPort !== undefined) registerSharedPortMetrics(registry, sharedPort);
  const all = Registry.merge([registry, processMetrics()]);

  let latest: Promise<string> | undefined;
  let takenMs: Millis = 0;

  return {
    contentType: all.contentType,
    scrape: () => {
      const nowMs = clock.now();
      if (latest !== undefined && nowMs - takenMs < CACHED_MS) return latest;
      takenMs = nowMs;
      updateControl(control());
      updateMedia(media());
      latest = all.metrics();
      return latest;
    },
  };
}

function registerCertificateMetrics(registry: Registry, certificate: () => CertificateFigures): void {
  collectGauge(
    registry,
    {
      name: 'partyline_tls_certificate_expiry_timestamp_seconds',
      help: "Expiry time of the page's certificate in seconds since 1970; 0 while any name of the page has no certificate.",
    },
    () => only(Math.floor(certificate().expiresAtMs / 1000)),
  );
  collectCounter(
    registry,
    { name: 'partyline_tls_certificate_failures_total', help: 'Failed attempts to obtain a certificate.' },
    () => only(certificate().failures),
  );
}

function registerSharedPortMetrics(registry: Registry, sharedPort: () => SharedPortFigures): void {
  collectGauge(
    registry,
    {
      name: 'partyline_shared_port_undecided',
      help: 'Connections to the port shared by page and media whose protocol is not known yet.',
    },
    () => only(sharedPort().undecided),
  );
  collectCounter(
    registry,
    {
      name: 'partyline_shared_port_refused_total',
      help: 'Connections to the port shared by page and media that were closed because they matched neither.',
    },
    () => only(sharedPort().refused),
  );
}

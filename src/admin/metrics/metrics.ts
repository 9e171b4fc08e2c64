import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Clock, Millis } from '../../lib/clock.ts';
import type { MediaStats, WorkerHealth } from '../../media/plane.ts';
import { type ClusterFigures, registerClusterMetrics } from './cluster-metrics.ts';
import { by, collectCounter, collectGauge, only } from './collected-metrics.ts';
import { type ControlFigures, registerControlMetrics } from './control-metrics.ts';
import { registerMediaMetrics } from './media-metrics.ts';

/** Figures about the page's certificate. */
export interface CertificateFigures {
  /** Milliseconds since 1970; 0 while any name of the page has no certificate. */
  readonly expiresAtMs: number;
  /** Failed attempts to obtain one. */
  readonly failures: number;
}

/** Figures about the TCP port shared by page and media. */
export interface SharedPortFigures {
  /** Connections whose protocol is not known yet. */
  readonly undecided: number;
  /** Connections closed because they matched no protocol, took too long, or were too many. */
  readonly refused: number;
}

/** Figures about recordings. */
export interface RecordingFigures {
  readonly running: number;
  readonly bytesWritten: number;
  readonly writeErrors: number;
  /** Not recorded because the disk was too slow. */
  readonly packetsDropped: number;
  /** Copies in another storage; omitted if there are none. */
  readonly uploads?: { readonly waiting: number; readonly uploaded: number; readonly failures: number };
}

export interface MetricsSource {
  readonly version: string;
  control(): ControlFigures;
  media(): readonly MediaStats[];
  workers(): readonly WorkerHealth[];
  /** Present if the page is served over HTTPS. */
  readonly certificate?: () => CertificateFigures;
  /** Present if rooms can be recorded. */
  readonly recording?: () => RecordingFigures;
  /** Present if page and media share a TCP port. */
  readonly sharedPort?: () => SharedPortFigures;
  /** Present if the server is part of a cluster. */
  readonly cluster?: () => ClusterFigures;
  readonly clock: Clock;
}

export interface Metrics {
  readonly contentType: string;
  /** All metrics in Prometheus text format, at most one second old. */
  scrape(): Promise<string>;
}

let processRegistry: Registry | undefined;

/** A scrape takes some milliseconds of the main thread, and anyone who reaches the server may request one. */
const CACHED_MS: Millis = 1000;
/** The longest delay of a Node timer, 24 days. */
const NEVER_MS = 2 ** 31 - 1;
const EVENT_LOOP_LAGS = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'];

/**
 * CPU, memory, garbage collection and event loop belong to the process. They are collected once, however many servers
 * run in it.
 */
function processMetrics(): Registry {
  if (processRegistry === undefined) {
    processRegistry = new Registry();
    // prom-client would wake the process a hundred times a second for these, while `EventLoopWatch` does so four times.
    // prom-client has no other way to exclude some of the default metrics.
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
  recording,
  cluster,
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
  if (recording !== undefined) registerRecordingMetrics(registry, recording);
  if (cluster !== undefined) registerClusterMetrics(registry, cluster);
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

function registerRecordingMetrics(registry: Registry, recording: () => RecordingFigures): void {
  collectGauge(registry, { name: 'partyline_recordings_running', help: 'Recordings that are running.' }, () =>
    only(recording().running),
  );
  const uploads = () => recording().uploads ?? { waiting: 0, uploaded: 0, failures: 0 };
  collectGauge(
    registry,
    { name: 'partyline_recordings_waiting_for_upload', help: 'Recordings that the storage has not confirmed yet.' },
    () => only(uploads().waiting),
  );
  collectCounter(
    registry,
    { name: 'partyline_recordings_uploaded_total', help: 'Recordings sent to the storage.' },
    () => only(uploads().uploaded),
  );
  collectCounter(
    registry,
    { name: 'partyline_recording_upload_failures_total', help: 'Failed attempts to send a recording to the storage.' },
    () => only(uploads().failures),
  );
  const counters = [
    ['partyline_recording_bytes_total', 'Bytes written to recordings.', 'bytesWritten'],
    ['partyline_recording_write_errors_total', 'Failed attempts to write to a recording.', 'writeErrors'],
    [
      'partyline_recording_packets_dropped_total',
      'Packets that were not recorded because the disk was too slow.',
      'packetsDropped',
    ],
  ] as const;
  for (const [name, help, figure] of counters) {
    collectCounter(registry, { name, help }, () => only(recording()[figure]));
  }
}

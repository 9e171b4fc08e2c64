import type { Registry } from 'prom-client';
import type { MediaStats } from '../../media/plane.ts';
import { MEDIA_COUNTERS, MEDIA_GAUGES, MEDIA_HISTOGRAMS, type StatisticDescription } from '../../media/statistics.ts';
import { by, collectCounter, collectGauge, collectHistogram, type Readings } from './collected-metrics.ts';
import { MediaTotals, type WorkerTotals } from './media-totals.ts';

/** Registers the metrics of the media workers. Call the returned function with their figures before each scrape. */
export function registerMediaMetrics(registry: Registry): (workers: readonly MediaStats[]) => void {
  const labelNames = ['worker'];
  const totals = new MediaTotals();
  let workers: readonly WorkerTotals[] = [];
  const perWorker =
    <T>(pick: (of: WorkerTotals) => T) =>
    (): Readings<T> =>
      by(
        'worker',
        workers.map((of) => [String(of.latest.worker), pick(of)] as const),
      );

  collectGauge(
    registry,
    { name: 'partyline_tick_age_seconds', help: 'Time since the last completed tick.', labelNames },
    perWorker(({ latest }) => latest.tickAgeMs / 1000),
  );
  collectCounter(
    registry,
    { name: 'partyline_worker_restarts_total', help: 'Media workers started to replace one that died.', labelNames },
    perWorker(({ latest }) => latest.restarts),
  );
  for (const [key, { perUnit = 1, ...description }] of entriesOf<keyof typeof MEDIA_GAUGES, StatisticDescription>(
    MEDIA_GAUGES,
  )) {
    const read = perWorker(({ latest }) => latest.gauges[key] * perUnit);
    collectGauge(registry, { ...description, labelNames }, read);
  }
  for (const [key, description] of entriesOf(MEDIA_COUNTERS)) {
    const read = perWorker(({ total }) => total.counters[key]);
    collectCounter(registry, { ...description, labelNames }, read);
  }
  for (const [key, description] of entriesOf(MEDIA_HISTOGRAMS)) {
    const read = perWorker(({ total }) => total.histograms[key]);
    collectHistogram(registry, description, read);
  }

  return (stats) => {
    for (const worker of stats) totals.add(worker);
    workers = totals.workers;
  };
}

function entriesOf<K extends string, V>(record: Readonly<Record<K, V>>): [K, V][] {
  return Object.entries(record) as [K, V][];
}

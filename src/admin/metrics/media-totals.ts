import type { HistogramSnapshot, MediaCounter, MediaHistogram, MediaStats } from '../../media/plane.ts';

interface Totals {
  readonly counters: Readonly<Record<MediaCounter, number>>;
  readonly histograms: Readonly<Record<MediaHistogram, HistogramSnapshot>>;
}

interface WorkerHistory {
  /** What the workers before the present one with this index had counted when they were last seen. */
  readonly before: Totals | undefined;
  readonly latest: MediaStats;
}

/** Goes on counting where a dead worker stopped: the figures of an index never go backwards. */
export class MediaTotals {
  readonly #histories = new Map<number, WorkerHistory>();

  /** The figures of one worker and of all those before it with its index. */
  add(stats: MediaStats): Totals {
    const history = this.#histories.get(stats.worker);
    const restarted = history !== undefined && history.latest.restarts !== stats.restarts;
    const before = restarted ? sumOf(history.before, history.latest) : history?.before;
    this.#histories.set(stats.worker, { before, latest: stats });
    return sumOf(before, stats);
  }
}

function sumOf(before: Totals | undefined, now: Totals): Totals {
  if (before === undefined) return now;
  return {
    counters: mapRecord(now.counters, (value, name) => value + before.counters[name]),
    histograms: mapRecord(now.histograms, (value, name) => addHistograms(value, before.histograms[name])),
  };
}

function addHistograms(a: HistogramSnapshot, b: HistogramSnapshot): HistogramSnapshot {
  return {
    bounds: a.bounds,
    counts: a.counts.map((count, index) => count + (b.counts[index] ?? 0)),
    sum: a.sum + b.sum,
    count: a.count + b.count,
  };
}

function mapRecord<K extends string, V>(record: Readonly<Record<K, V>>, map: (value: V, key: K) => V): Record<K, V> {
  const entries = Object.entries(record) as [K, V][];
  return Object.fromEntries(entries.map(([key, value]) => [key, map(value, key)])) as Record<K, V>;
}

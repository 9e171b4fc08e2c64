import type { HistogramSnapshot } from '../../lib/histogram.ts';
import type { MediaStats } from '../../media/plane.ts';
import { forEachRow, type MediaCounter, type MediaHistogram } from '../../media/statistics.ts';

export interface Totals {
  readonly counters: Readonly<Record<MediaCounter, number>>;
  readonly histograms: Readonly<Record<MediaHistogram, HistogramSnapshot>>;
}

export interface WorkerTotals {
  readonly latest: MediaStats;
  readonly total: Totals;
}

interface WorkerHistory {
  /** The totals of earlier workers with this index when they were last seen. */
  readonly before: Totals | undefined;
  readonly latest: MediaStats;
}

/** Continues counting where a dead worker stopped, so that the counters of an index never decrease. */
export class MediaTotals {
  readonly #histories = new Map<number, WorkerHistory>();

  add(stats: MediaStats): void {
    const history = this.#histories.get(stats.worker);
    const restarted = history !== undefined && history.latest.restarts !== stats.restarts;
    const before = restarted ? sumOf(history.before, history.latest) : history?.before;
    this.#histories.set(stats.worker, { before, latest: stats });
  }

  /** For each index, even without a running worker: its latest worker, and the totals of that one and all before it. */
  get workers(): WorkerTotals[] {
    return Array.from(this.#histories.values(), ({ before, latest }) => ({ latest, total: sumOf(before, latest) }));
  }
}

function sumOf(before: Totals | undefined, now: Totals): Totals {
  if (before === undefined) return now;
  return {
    counters: forEachRow(now.counters, (value, name) => value + before.counters[name]),
    histograms: forEachRow(now.histograms, (value, name) => addHistograms(value, before.histograms[name])),
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

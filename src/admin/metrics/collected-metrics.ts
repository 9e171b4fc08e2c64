/** Metrics whose values are kept elsewhere: prom-client reads them while it writes a scrape (`collect`). */
import { Counter, Gauge, type Histogram, type Registry } from 'prom-client';
import type { HistogramSnapshot } from '../../lib/histogram.ts';

export interface Description {
  readonly name: string;
  readonly help: string;
  /** None by default. */
  readonly labelNames?: readonly string[];
}

export type Labels = Readonly<Record<string, string>>;

/** The current value of each series of a metric. */
export type Readings<T> = Iterable<readonly [labels: Labels, figure: T]>;

export function collectGauge(registry: Registry, description: Description, read: () => Readings<number>): void {
  new Gauge({
    ...optionsOf(registry, description),
    collect() {
      this.reset();
      for (const [labels, value] of read()) this.set(labels, value);
    },
  });
}

export function collectCounter(registry: Registry, description: Description, read: () => Readings<number>): void {
  new Counter({
    ...optionsOf(registry, description),
    collect() {
      this.reset();
      for (const [labels, value] of read()) this.inc(labels, value);
    },
  });
}

/**
 * prom-client's histograms can only observe one value at a time, but these were filled in another thread. This is
 * therefore a metric like those that prom-client's worker aggregation registers: an object that a registry asks for
 * samples.
 */
export function collectHistogram(
  registry: Registry,
  { name, help }: Description,
  read: () => Readings<HistogramSnapshot>,
): void {
  const get = async () => {
    const values = Array.from(read(), ([labels, snapshot]) => samplesOf(name, labels, snapshot)).flat();
    return { name, help, type: 'histogram', aggregator: 'sum', values };
  };
  registry.registerMetric({ name, get } as unknown as Histogram);
}

/** The readings of a metric without labels. */
export function only<T>(figure: T): Readings<T> {
  return [[{}, figure]];
}

/** The readings of a metric with one label. */
export function by<T>(label: string, figures: Iterable<readonly [value: string, figure: T]>): Readings<T> {
  return Array.from(figures, ([value, figure]) => [{ [label]: value }, figure] as const);
}

function optionsOf(registry: Registry, { name, help, labelNames = [] }: Description) {
  return { name, help, labelNames: [...labelNames], registers: [registry] };
}

function samplesOf(name: string, labels: Labels, { bounds, counts, sum, count }: HistogramSnapshot) {
  const bucket = (le: number | string, value: number) => {
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value };
  };
  return [
    ...bounds.map((bound, index) => bucket(bound, counts[index] ?? 0)),
    bucket('+Inf', count),
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}

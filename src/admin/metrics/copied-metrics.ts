/** Metrics whose figures are kept elsewhere, and copied when somebody asks. */
import type { Counter, Histogram, Registry } from 'prom-client';
import type { HistogramSnapshot } from '../../media/plane.ts';

export interface Description {
  readonly name: string;
  readonly help: string;
}

/** A counter of prom-client can only be added to; here the count is kept elsewhere. */
export function setCounter(counter: Counter, labels: Record<string, string>, value: number): void {
  counter.remove(labels);
  counter.inc(labels, value);
}

/** A histogram that was filled elsewhere. A registry asks of a metric no more than this. */
export class CopiedHistogram {
  readonly name: string;
  readonly #help: string;
  readonly #snapshots = new Map<string | undefined, HistogramSnapshot>();

  constructor({ name, help }: Description, registry: Registry) {
    this.name = name;
    this.#help = help;
    registry.registerMetric(this as unknown as Histogram);
  }

  /** `worker` is the label, if it has one. */
  copy(snapshot: HistogramSnapshot, worker?: string): void {
    this.#snapshots.set(worker, snapshot);
  }

  async get() {
    const values = Array.from(this.#snapshots, ([worker, snapshot]) => this.#values(worker, snapshot)).flat();
    return { name: this.name, help: this.#help, type: 'histogram', aggregator: 'sum', values };
  }

  #values(worker: string | undefined, { bounds, counts, sum, count }: HistogramSnapshot) {
    const labels = worker === undefined ? {} : { worker };
    const bucket = (le: number | string, value: number) => {
      return { metricName: `${this.name}_bucket`, labels: { ...labels, le }, value };
    };
    return [
      ...bounds.map((bound, index) => bucket(bound, counts[index] ?? 0)),
      bucket('+Inf', count),
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: count },
    ];
  }
}

/** A histogram with fixed upper bounds, cumulative as in Prometheus: `counts[i]` observations were at most `bounds[i]`. */
export interface HistogramSnapshot {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
}

/** Counts observations between fixed bounds, without allocating. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  /** @param bounds ascending upper bounds; larger observations are counted too */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let i = 0;
    while (i < this.#bounds.length && value > this.#bounds[i]!) i++;
    this.#counts[i]!++;
    this.#sum += value;
  }

  snapshot(): HistogramSnapshot {
    let count = 0;
    const counts: number[] = [];
    for (const bucket of this.#counts) {
      count += bucket;
      counts.push(count);
    }
    counts.pop();
    return { bounds: this.#bounds, counts, sum: this.#sum, count };
  }
}

/** Samples of one scrape of `/metrics`: `name{labels}` as written → value. */
export class Scrape {
  /** When it was taken (monotonic). */
  readonly atMs = performance.now();
  readonly #samples: readonly Sample[];

  constructor(text: string) {
    this.#samples = text.split('\n').flatMap(parseSample);
  }

  has(name: string): boolean {
    return this.#samples.some((sample) => sample.name === name);
  }

  /** Sum of a counter or gauge over its labels (over workers, for ours). Throws if there is no such metric. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const samples = this.#samples.filter((sample) => sample.name === name && matches(sample, labels));
    if (samples.length === 0) throw new Error(`the server has no metric ${name}`);
    return samples.reduce((sum, sample) => sum + sample.value, 0);
  }

  /** One sample per combination of labels (per worker, for ours), in the order of the scrape. */
  values(name: string): number[] {
    return this.#samples.filter((sample) => sample.name === name).map(({ value }) => value);
  }

  /** Number of samples of a metric. For metrics that each worker reports, this is the number of workers. */
  count(name: string): number {
    return this.#samples.filter((sample) => sample.name === name).length;
  }

  /** A histogram summed over its labels: upper bounds (the last is infinite) with cumulative counts. */
  histogram(name: string): Histogram {
    const counts = new Map<number, number>();
    for (const sample of this.#samples) {
      if (sample.name !== `${name}_bucket`) continue;
      const bound = sample.labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(sample.labels['le']);
      counts.set(bound, (counts.get(bound) ?? 0) + sample.value);
    }
    if (counts.size === 0) throw new Error(`the server has no histogram ${name}`);
    const bounds = [...counts.keys()].sort((a, b) => a - b);
    return { bounds, counts: bounds.map((bound) => counts.get(bound)!) };
  }
}

export interface Histogram {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

/** What one histogram observed between two scrapes. */
export function histogramSince(before: Histogram, after: Histogram): Histogram {
  return { bounds: after.bounds, counts: after.counts.map((count, index) => count - (before.counts[index] ?? 0)) };
}

/**
 * The quantile `p` (0 to 1), interpolated linearly within the bucket as Prometheus does. Infinite if it lies beyond the
 * last finite bound, NaN if nothing was observed.
 */
export function quantile(histogram: Histogram, p: number): number {
  const rank = p * (histogram.counts.at(-1) ?? 0);
  if (rank === 0) return Number.NaN;
  const index = histogram.counts.findIndex((count) => count >= rank);
  const upper = histogram.bounds[index]!;
  if (!Number.isFinite(upper)) return upper;
  const lower = index === 0 ? 0 : histogram.bounds[index - 1]!;
  const below = index === 0 ? 0 : histogram.counts[index - 1]!;
  return lower + ((upper - lower) * (rank - below)) / (histogram.counts[index]! - below);
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function parseSample(line: string): Sample[] {
  const match = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
  if (match === null) return [];
  const labels = Object.fromEntries(
    [...(match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map((label) => [label[1]!, label[2]!]),
  );
  return [{ name: match[1]!, labels, value: Number(match[3]) }];
}

function matches(sample: Sample, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(labels).every(([name, value]) => sample.labels[name] === value);
}

import { histogramSince, quantile, type Scrape } from './prometheus.ts';

const LATENESS = 'partyline_tick_lateness_seconds';
const TICK_SECONDS = 'partyline_tick_duration_seconds_sum';

/** What the server did between two scrapes of its metrics. */
export class Window {
  readonly #begin: Scrape;
  readonly #end: Scrape;

  constructor(begin: Scrape, end: Scrape) {
    this.#begin = begin;
    this.#end = end;
  }

  get ticks(): number {
    return this.#since('partyline_ticks_total');
  }

  get ticksSkipped(): number {
    return this.#since('partyline_ticks_skipped_total');
  }

  get framesEncoded(): number {
    return this.#since('partyline_frames_encoded_total');
  }

  get framesConcealed(): number {
    return this.#since('partyline_frames_concealed_total');
  }

  get framesDecoded(): number {
    return this.#since('partyline_frames_decoded_total');
  }

  /** The share of its time, 0 to 1, that the worker which ticks longest spent in ticks. */
  get busiestWorkerShare(): number {
    const before = this.#begin.values(TICK_SECONDS);
    const seconds = this.#end.values(TICK_SECONDS).map((sum, index) => sum - (before[index] ?? 0));
    return (1000 * Math.max(...seconds)) / (this.#end.atMs - this.#begin.atMs);
  }

  /** The quantile `p` of how late ticks began. */
  latenessMs(p: number): number {
    return 1000 * quantile(histogramSince(this.#begin.histogram(LATENESS), this.#end.histogram(LATENESS)), p);
  }

  #since(counter: string): number {
    return this.#end.sum(counter) - this.#begin.sum(counter);
  }
}

import { histogramSince, quantile, type Scrape } from './prometheus.ts';

const LATENESS = 'partyline_tick_lateness_seconds';

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

  /** The quantile `p` of how late ticks started. */
  latenessMs(p: number): number {
    return 1000 * quantile(histogramSince(this.#begin.histogram(LATENESS), this.#end.histogram(LATENESS)), p);
  }

  #since(counter: string): number {
    return this.#end.sum(counter) - this.#begin.sum(counter);
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { Scrape } from '../../bench/lib/prometheus.ts';

/** The server repeats the same figures for a second. A timer may fire a little early. */
const CACHED_MS = 1050;

/** Reads the metrics of the server at `url`. Each call returns figures that were taken after the call. */
export function freshScrapes(url: string): () => Promise<Scrape> {
  let answeredMs = Number.NEGATIVE_INFINITY;
  return async () => {
    await sleep(Math.max(0, answeredMs + CACHED_MS - performance.now()));
    const text = await (await fetch(`${url}/metrics`)).text();
    answeredMs = performance.now();
    return new Scrape(text);
  };
}

import { setTimeout as sleep } from 'node:timers/promises';
import { Scrape } from '../../bench/lib/prometheus.ts';
import { eventually } from './eventually.ts';

/** The server repeats the same figures for a second. A timer may fire a little early. */
const CACHED_MS = 1050;

export interface Scrapes {
  /** Figures that were taken after the call. */
  metrics(): Promise<Scrape>;
  /** Figures that may be a second old, but come at once. */
  recentMetrics(): Promise<Scrape>;
}

/** Reads the metrics of the server at `url`. */
export function scrapesOf(url: string): Scrapes {
  let latest = '';
  let takenMs = Number.NEGATIVE_INFINITY;
  const read = async () => {
    let text = '';
    await eventually(async () => {
      const answer = await fetch(`${url}/metrics`);
      text = await answer.text();
      // Some tests give requests so little time that a busy server answers them with 408.
      return answer.ok || `${answer.status} ${text}`;
    });
    // Some figure always changes, so these would be repeated ones.
    if (text !== latest) takenMs = performance.now();
    latest = text;
    return new Scrape(text);
  };
  return {
    metrics: async () => {
      await sleep(Math.max(0, takenMs + CACHED_MS - performance.now()));
      return read();
    },
    recentMetrics: read,
  };
}

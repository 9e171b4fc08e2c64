/** The metrics of all servers of a cluster in one text, each with the label `node`. */
import type { Clock, Millis } from '../../lib/clock.ts';

export interface ClusterScrapeOptions {
  /** The name of this server. */
  readonly self: string;
  /** All servers that live. */
  readonly nodes: () => readonly string[];
  /** The metrics of this server, in Prometheus text format. */
  readonly scrape: () => Promise<string>;
  /** Those of another one. Rejects if it is silent. */
  readonly ask: (node: string, limitMs: Millis) => Promise<unknown>;
  readonly clock: Clock;
}

const CACHED_MS: Millis = 1000;
const ASK_LIMIT_MS: Millis = 1000;
const MAX_LENGTH = 4 * 1024 * 1024;
const UP = 'partyline_cluster_node_scraped';
/** With its labels, if it has any, and what comes after them. */
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;

export class ClusterScrape {
  readonly #options: ClusterScrapeOptions;
  #latest: Promise<string> | undefined;
  #takenMs: Millis = 0;

  constructor(options: ClusterScrapeOptions) {
    this.#options = options;
  }

  /** At most one second old. What does not come within another second is left out, and the metrics say so. */
  scrape(): Promise<string> {
    const nowMs = this.#options.clock.now();
    if (this.#latest === undefined || nowMs - this.#takenMs >= CACHED_MS) {
      this.#takenMs = nowMs;
      this.#latest = this.#gather();
    }
    return this.#latest;
  }

  async #gather(): Promise<string> {
    const { self, nodes, scrape, ask } = this.#options;
    const texts = await Promise.all(
      [...new Set([self, ...nodes()])].sort().map(async (node) => {
        const text = node === self ? await scrape() : await ask(node, ASK_LIMIT_MS).catch(() => undefined);
        return [node, typeof text === 'string' && text.length <= MAX_LENGTH ? text : undefined] as const;
      }),
    );
    return merged(new Map(texts));
  }
}

/** @param texts by node; undefined: it was silent */
export function merged(texts: ReadonlyMap<string, string | undefined>): string {
  const families = new Map<string, { head: string[]; samples: string[] }>();
  const familyOf = (name: string) => {
    const family = families.get(name) ?? { head: [], samples: [] };
    families.set(name, family);
    return family;
  };
  const up = familyOf(UP);
  up.head.push(`# HELP ${UP} Whether the metrics of this server of the cluster are among these.`, `# TYPE ${UP} gauge`);
  for (const [node, text] of texts) {
    const label = `node="${node.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`;
    up.samples.push(`${UP}{${label}} ${text === undefined ? 0 : 1}`);
    addTo(familyOf, label, text ?? '');
  }
  return [...families.values()].flatMap(({ head, samples }) => [...head, ...samples, '']).join('\n');
}

function addTo(familyOf: (name: string) => { head: string[]; samples: string[] }, label: string, text: string): void {
  let family: { head: string[]; samples: string[] } | undefined;
  let isNew = false;
  for (const line of text.split('\n')) {
    const [, kind, name = ''] = /^# (HELP|TYPE) (\S+)/.exec(line) ?? [];
    if (kind === 'HELP') {
      family = familyOf(name);
      isNew = family.head.length === 0;
    }
    if (kind !== undefined) {
      if (isNew) family?.head.push(line);
      continue;
    }
    const [, sample, labels = '', value] = SAMPLE.exec(line) ?? [];
    // Names of servers are those of the engine, whatever another one says.
    if (sample !== undefined) family?.samples.push(`${sample}{${label}${labels === '' ? '' : `,${labels}`}} ${value}`);
  }
}

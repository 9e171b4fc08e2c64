import type { ServerKind } from '../client/room-signaling.ts';
import type { Scrape } from './prometheus.ts';

export interface Usage {
  /** When it was read (monotonic). */
  readonly atMs: number;
  /** User and system time of the process with all its threads since it started. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** User and system time of each thread, by thread id. Empty on systems that do not report it. */
  readonly threadSeconds: ReadonlyMap<number, number>;
}

/** A server that a benchmark started in its own process. */
export interface ServerUnderTest {
  readonly kind: ServerKind;
  /** Name for tables, with the version unless it is that of this repository. */
  readonly name: string;
  readonly webSocketUrl: string;
  usage(): Promise<Usage>;
  /** Only Partyline has metrics. */
  metrics?(): Promise<Scrape>;
  close(): Promise<void>;
}

import type { ServerKind } from '../client/room-signaling.ts';
import type { Scrape } from './prometheus.ts';

export interface Usage {
  /** When it was read (monotonic). */
  readonly atMs: number;
  /** User and system time of the process with all its threads since it started. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** User and system time of each thread, by its id; empty on systems that do not tell. */
  readonly threadSeconds: ReadonlyMap<number, number>;
}

/** A server in a process of its own that a benchmark started. */
export interface ServerUnderTest {
  readonly kind: ServerKind;
  /** For tables, with the version where it is not that of this repository. */
  readonly name: string;
  readonly webSocketUrl: string;
  usage(): Promise<Usage>;
  /** Only Partyline tells more about itself. */
  metrics?(): Promise<Scrape>;
  close(): Promise<void>;
}

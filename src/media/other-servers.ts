/** Other servers of the cluster at which rooms of this one go on. */
import type { Duplex } from 'node:stream';

/** How rooms go on at other servers. */
export interface OtherServersOptions {
  /** The worker load, 0 to 1, above which newcomers go there. */
  readonly spanLoad: number;
  /** Connects to a server that `followServers` has named. Rejects with an explanatory Error. */
  readonly open: (server: string) => Promise<ServerConnection>;
}

/** Encrypted, and authenticated at both ends, whose addresses these are. */
export interface ServerConnection {
  readonly stream: Duplex;
  readonly here: string;
  readonly there: string;
}

import { JanusProcess } from '../janus/janus-process.ts';
import { ServerProcess } from './server-process.ts';
import type { ServerUnderTest } from './server-under-test.ts';

/** The room of all benchmarks with one room. */
export const ROOM = 'bench';

export interface ServerOptions {
  /** Flags of the Partyline server. */
  readonly flags: readonly string[];
  /** More flags, as one text. */
  readonly moreFlags?: string | undefined;
  readonly against?: 'janus' | undefined;
}

export type StartServer = () => Promise<ServerUnderTest>;

/** What starts each of the servers to be measured; each start gives a new, empty server. */
export function serversOf({ flags, moreFlags, against }: ServerOptions): readonly StartServer[] {
  const own = [...flags, ...(moreFlags?.split(/\s+/).filter((flag) => flag !== '') ?? [])];
  const servers: StartServer[] = [() => ServerProcess.start(own)];
  if (against === 'janus') servers.push(() => JanusProcess.start({ rooms: [ROOM] }));
  return servers;
}

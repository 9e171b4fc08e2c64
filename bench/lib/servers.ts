import { JanusProcess } from '../janus/janus-process.ts';
import { ServerProcess } from './server-process.ts';
import type { ServerUnderTest } from './server-under-test.ts';

/** The room name in all benchmarks with one room. */
export const ROOM = 'bench';

export interface ServerOptions {
  /** Flags of the Partyline server. */
  readonly flags: readonly string[];
  /** Media workers of the Partyline server. One server is measured for each number. */
  readonly workers: readonly number[];
  /** Further flags, as one string. */
  readonly moreFlags?: string | undefined;
  readonly against?: 'janus' | undefined;
  /** The `main.js` of another build of this server. */
  readonly beside?: string | undefined;
  /** Packets that Janus buffers. One server is measured for each number; without any, Janus uses its default. */
  readonly prebuffering?: readonly number[];
}

export type StartServer = () => Promise<ServerUnderTest>;

/** Returns a function for each server to be measured. Each call starts a new, empty server. */
export function serversOf({
  flags,
  workers,
  moreFlags,
  against,
  beside,
  prebuffering = [],
}: ServerOptions): readonly StartServer[] {
  const own = [...flags, ...(moreFlags?.split(/\s+/).filter((flag) => flag !== '') ?? [])];
  const servers: StartServer[] = workers.map((count) => {
    const name = workers.length === 1 ? 'Partyline' : `Partyline, ${count} worker${count === 1 ? '' : 's'}`;
    return () => ServerProcess.start(['--workers', String(count), ...own], name);
  });
  if (beside !== undefined) {
    const flagsOf = (count: number) => ['--workers', String(count), ...own];
    servers.push(...workers.map((count) => () => ServerProcess.start(flagsOf(count), `Build at ${beside}`, beside)));
  }
  if (against === 'janus') {
    const buffers = prebuffering.length === 0 ? [undefined] : prebuffering;
    servers.push(...buffers.map((packets) => () => JanusProcess.start({ rooms: [ROOM], prebuffering: packets })));
  }
  return servers;
}

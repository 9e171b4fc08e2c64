import type { Test } from 'tap';
import { freePort } from '../../bench/lib/free-port.ts';
import type { Redis } from './redis.ts';
import { BUILT_SERVER, type ServerProcess, startServerProcess } from './server-process.ts';

export const CLUSTER_SECRET = 'a secret that all nodes of this test have';

export interface ClusterNode extends ServerProcess {
  readonly name: string;
  readonly webSocket: string;
}

/** Starts servers of one cluster, each in its own process on loopback, with the flags given. Tests end with them. */
export async function startNodes(
  t: Test,
  redis: Redis,
  names: readonly string[],
  more: readonly string[] = [],
): Promise<ClusterNode[]> {
  const ports = await Promise.all(names.map(() => freePort()));
  const noLimits = ['joins-per-minute', 'connections-per-address', 'rooms-per-address'];
  return Promise.all(
    names.map(async (name, index) => {
      const port = ports[index]!;
      const webSocket = `ws://127.0.0.1:${port}/ws`;
      const server = await startServerProcess(BUILT_SERVER, [
        ...['--cluster-engine', redis.url, '--cluster-secret', CLUSTER_SECRET, '--cluster-node', name],
        ...['--node-url', webSocket, '--cluster-peer', `http://127.0.0.1:${port}`, '--port', String(port)],
        ...['--cluster-lease-ms', '1500', '--cluster-pages', 'ws://127.0.0.1:*'],
        ...['--allow-origins', ports.map((one) => `http://127.0.0.1:${one}`).join(',')],
        ...noLimits.flatMap((limit) => [`--max-${limit}`, '0']),
        ...more,
      ]);
      t.teardown(() => server.kill());
      return Object.assign(server, { name, webSocket });
    }),
  );
}

/** Checks whether the port for Mumble clients can be opened. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Config } from '../../config/config.ts';
import { isPortInUse } from '../../rtc/net/datagram-port.ts';
import { mumbleListenError } from '../../server/start-error.ts';
import type { CheckInput, CheckResult } from './result.ts';

const NAME = 'Mumble port';

/** Nothing if Mumble is off. */
export async function checkMumble({ config }: CheckInput): Promise<readonly CheckResult[]> {
  if (config.mumble === 'off') return [];
  return [await portResult(config)];
}

async function portResult(config: Config): Promise<CheckResult> {
  const { host, mumblePort: port } = config;
  try {
    await tryTcp(host, port);
    await tryUdp(host, port);
    return {
      name: NAME,
      status: 'ok',
      text: `Port ${port} on ${host} is free, TCP and UDP. Open both for Mumble clients.`,
    };
  } catch (error) {
    if (!isPortInUse(error)) return { name: NAME, status: 'fail', text: mumbleListenError(error, config).message };
    const text = `Port ${port} on ${host} is in use, by this server if it is running, or by another program such as mumble-server.`;
    return { name: NAME, status: 'warn', text };
  }
}

async function tryTcp(host: string, port: number): Promise<void> {
  const server = createServer();
  try {
    server.listen({ host, port });
    await once(server, 'listening');
  } finally {
    server.close();
  }
}

async function tryUdp(host: string, port: number): Promise<void> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    socket.bind(port, host);
    await once(socket, 'listening');
  } finally {
    socket.close();
  }
}

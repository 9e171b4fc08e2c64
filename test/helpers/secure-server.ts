import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { text } from 'node:stream/consumers';
import { type ConnectionOptions, connect, type PeerCertificate } from 'node:tls';
import pino from 'pino';
import { readCommand } from '../../src/config/config.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createMediaPlane } from '../../src/server/media-plane.ts';
import { createServer, type Listening, type PartylineServer } from '../../src/server/server.ts';

export interface SecureServer extends Listening {
  readonly server: PartylineServer;
  /** The parsed lines of the log so far. */
  readonly lines: readonly Record<string, unknown>[];
  /** Requests the page under this name from 127.0.0.1. Without `ca`, any certificate is accepted. */
  get(path: string, options?: { name?: string; ca?: string }): Promise<Answer>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** The whole server except the page, with flags as on its command line, on loopback. `port` is the HTTPS port. */
export async function startSecureServer(flags: readonly string[]): Promise<SecureServer> {
  const media = ['--media-host', '127.0.0.1', '--media-port', '0', '--workers', '0'];
  const argv = ['--host', '127.0.0.1', ...media, ...flags];
  const command = readCommand({ argv, env: {}, machine: { cores: 1 } });
  if (command.kind !== 'serve') throw new Error(`flags that do not start a server: ${flags}`);
  const lines: Record<string, unknown>[] = [];
  const server = await createServer(command.config, {
    clock: systemClock,
    log: pino({ level: 'info' }, { write: (line) => lines.push(JSON.parse(line)) }),
    version: 'test',
    assets: new Map(),
    createMediaPlane,
    workerEntry: new URL('../../dist/worker.js', import.meta.url),
  });
  const listening = await server.listen().catch(async (error: unknown) => {
    await server.close();
    throw error;
  });
  const { port } = listening;
  return {
    ...listening,
    server,
    lines,
    get: (path, { name = 'localhost', ca } = {}) => getSecurely(port, path, name, ca),
    close: () => server.close(),
  };
}

/** Options for `connect` and the like, to a server on loopback with a certificate for this name. */
export function trusting(ca: string | undefined, name: string): ConnectionOptions {
  return { servername: name, ...(ca === undefined ? { rejectUnauthorized: false } : { ca }) };
}

async function getSecurely(port: number, path: string, name: string, ca?: string): Promise<Answer> {
  const host = '127.0.0.1';
  const request = get({ host, port, path, agent: false, headers: { host: `${name}:${port}` }, ...trusting(ca, name) });
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

/** Returns the certificate that a handshake for this name shows. */
export async function certificateShown(
  port: number,
  name: string,
  options: ConnectionOptions = {},
): Promise<PeerCertificate> {
  const socket = connect({ host: '127.0.0.1', port, ...trusting(undefined, name), ...options });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerCertificate();
  socket.destroy();
  return certificate;
}

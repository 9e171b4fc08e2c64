/** Reads what trusted proxies say before the first byte of a client: the PROXY protocol. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock, Millis } from '../lib/clock.ts';
import { plainAddress, type TrustedProxies } from '../lib/net/client-address.ts';
import { readProxyHeader } from '../lib/net/proxy-header.ts';

interface ProxyHeadersOptions {
  readonly proxies: TrustedProxies;
  readonly clock: Clock;
  /** Time limit for the whole header. */
  readonly limitMs: Millis;
}

type ConnectionListener = (this: Server, socket: Socket) => void;

/**
 * From now on, connections of trusted proxies go to the present `connection` listeners only after their header, and
 * are closed without one. Those of others go there at once.
 */
export function readProxyHeaders(server: Server, { proxies, clock, limitMs }: ProxyHeadersOptions): void {
  const listeners = server.listeners('connection') as ConnectionListener[];
  server.removeAllListeners('connection');
  const pass = (socket: Socket): void => {
    for (const listener of listeners) listener.call(server, socket);
  };
  server.on('connection', (socket: Socket) => {
    if (!proxies.includes(socket.remoteAddress ?? '')) {
      pass(socket);
      return;
    }
    let bytes: Buffer = Buffer.alloc(0);
    const stop = (): void => {
      cancel();
      socket.off('data', read);
      socket.off('end', refuse);
      socket.off('close', cancel);
    };
    const refuse = (): void => {
      stop();
      socket.destroy();
    };
    const cancel = clock.setTimer(clock.now() + limitMs, refuse);
    const read = (piece: Buffer): void => {
      bytes = bytes.length === 0 ? piece : Buffer.concat([bytes, piece]);
      const header = readProxyHeader(bytes);
      if (header.kind === 'open') return;
      if (header.kind === 'invalid') {
        refuse();
        return;
      }
      stop();
      socket.pause();
      if (header.client !== undefined) socket.once('close', proxies.name(socket, plainAddress(header.client)));
      const rest = bytes.subarray(header.length);
      if (rest.length > 0) socket.unshift(rest);
      pass(socket);
      socket.resume();
    };
    socket.on('error', () => {});
    socket.on('data', read);
    socket.once('end', refuse);
    socket.once('close', cancel);
  });
}

/**
 * Upgrade requests. Those for WebSockets are handled elsewhere; any other `Upgrade` is ignored (RFC 9110 section 7.8).
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { asksForWebSocket } from '../lib/net/upgrade-header.ts';

/**
 * Answers upgrade requests as if they had not asked for another protocol. `read` makes the server read a connection
 * from its start.
 */
export function ignoreOtherUpgrades(http: Server, read: (connection: Duplex) => void): void {
  const latest = new WeakMap<Duplex, ServerResponse>();
  http.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => latest.set(socket, response));
  http.on('upgrade', (request: IncomingMessage, connection: Duplex, head: Buffer) => {
    const hasListener = http.listenerCount('upgrade') > 1;
    if (hasListener && asksForWebSocket(request)) return;
    // Node has released the connection and the data after the head, so the request is read again without its `Upgrade`.
    const readAgain = () => {
      if (connection.destroyed) return;
      connection.unshift(Buffer.concat([headWithoutUpgrade(request), head]));
      read(connection);
      connection.resume();
    };
    // Node does not know that the previous request has to be answered first.
    const before = latest.get(connection);
    if (before === undefined || before.closed) readAgain();
    else before.once('close', readAgain);
  });
}

/** The head of the request exactly as it was received. */
function headWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = rawHeaders.slice(index, index + 2);
    if (name.toLowerCase() !== 'upgrade') lines.push(`${name}:${value}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { AppError } from '../errors.ts';

/** Answers a request for a WebSocket with an HTTP status and a sentence, and closes the connection. */
export function refuseUpgrade(socket: Duplex, status: number, text: string, headers: readonly string[] = []): void {
  const body = `${text}\n`;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
  ];
  // Node has released the connection, so nobody else would ever close it.
  socket.once('finish', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** The same for an error. */
export function refuseUpgradeWith(socket: Duplex, { kind, message, retryAfterMs }: AppError): void {
  const headers = [
    ...(retryAfterMs === undefined ? [] : [`Retry-After: ${Math.ceil(retryAfterMs / 1000)}`]),
    ...(kind.httpStatus === 401 ? ['WWW-Authenticate: Bearer realm="partyline"'] : []),
  ];
  refuseUpgrade(socket, kind.httpStatus, message, headers);
}

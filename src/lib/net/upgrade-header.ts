import type { IncomingMessage } from 'node:http';
import { hasValidHost } from './host-header.ts';

/** More than any client lists. */
const MAX_PROTOCOLS = 16;

/**
 * Whether a valid request asks for a WebSocket. `Upgrade` lists protocols (RFC 9110 section 7.8) and has no meaning in
 * HTTP/1.0.
 */
export function asksForWebSocket(request: IncomingMessage): boolean {
  const { headers, httpVersion } = request;
  const protocols = headers.upgrade?.split(',', MAX_PROTOCOLS) ?? [];
  const isListed = protocols.some((protocol) => protocol.trim().toLowerCase() === 'websocket');
  return isListed && httpVersion !== '1.0' && hasValidHost(request);
}

import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';

/** Browsers and proxies wait for an answer before they send the next request. */
const MAX_UNANSWERED = 4;

/**
 * Ends connections with more pending requests than that. Node reads a client's data in chunks of 64 kB, which hold two
 * thousand short requests (RFC 9112 section 9.3.2), and would start all of them at once.
 */
export function boundPipelining(listener: RequestListener, onRefused: () => void = () => {}): RequestListener {
  const unanswered = new WeakMap<Socket, number>();
  return (request, response) => {
    const { socket } = request;
    // Requests that were already read still arrive.
    if (socket.destroyed) return;
    const count = (unanswered.get(socket) ?? 0) + 1;
    if (count > MAX_UNANSWERED) {
      onRefused();
      socket.destroy();
      return;
    }
    unanswered.set(socket, count);
    response.once('close', () => unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1));
    listener(request, response);
  };
}

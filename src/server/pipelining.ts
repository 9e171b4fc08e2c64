import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';

/** Browsers and proxies send a request after the answer to the one before. */
const MAX_UNANSWERED = 4;

/**
 * Ends connections with more requests than that under way. Node reads what a client sends in pieces of 64 kB, which hold two
 * thousand short requests (RFC 9112 section 9.3.2), and would begin with all of them at once.
 */
export function boundPipelining(listener: RequestListener, onRefused: () => void = () => {}): RequestListener {
  const unanswered = new WeakMap<Socket, number>();
  return (request, response) => {
    const { socket } = request;
    // What was read before the end goes on coming.
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

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** Whether a request declares a body (RFC 9112 section 6.3). */
export function hasBody({ headers }: { readonly headers: IncomingHttpHeaders }): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/** The body of a request as text; otherwise like `readBytes`. */
export async function readText(request: IncomingMessage, maxBytes: number): Promise<string | null> {
  return (await readBytes(request, maxBytes))?.toString('utf8') ?? null;
}

/**
 * The body of a request. Null if it has more than `maxBytes`; then the connection must be closed. Rejects if the client
 * breaks off. How long it may take is the server's limit for requests.
 */
export async function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer | null> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return null;
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Otherwise the end of the loop would end the connection, before the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      // Unread data would cut off the answer.
      request.resume();
      return null;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

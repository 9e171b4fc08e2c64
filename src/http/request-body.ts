import type { IncomingHttpHeaders } from 'node:http';

/** Whether a request declares a body (RFC 9112 section 6.3). */
export function hasBody({ headers }: { readonly headers: IncomingHttpHeaders }): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

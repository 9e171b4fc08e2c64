import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** Node keeps the first of several `Host` lines, a proxy before it perhaps the last (RFC 9112 section 3.2). */
export function hasOneHost({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): boolean {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) if (rawHeaders[index]?.toLowerCase() === 'host') count++;
  return count <= 1;
}

/** A name (RFC 1035 section 2.3.4), a dot behind it, and a port. */
const MAX_HOST_LENGTH = 260;

/** What a `Host` header names, as the host and port of a URL; undefined if it cannot be that. */
export function urlOfHost(host: string | undefined): URL | undefined {
  // Reading internationalised names takes long where they are long.
  if (host === undefined || host.length > MAX_HOST_LENGTH || !/^[\w.:[\]-]+$/.test(host)) return undefined;
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : undefined;
}

/**
 * Whether a request for this host may be answered. `allowed` are names; empty: every one. A page of another site can make
 * its own name lead here (DNS rebinding) and is then of the same origin as the server, but it cannot take our name, an
 * address or `localhost` for its own.
 */
export function isAllowedHost(host: string | undefined, allowed: readonly string[]): boolean {
  if (allowed.length === 0) return true;
  const url = urlOfHost(host);
  if (url === undefined) return false;
  const name = url.hostname.replace(/\.$/, '');
  return name === 'localhost' || isIP(name.replace(/^\[|\]$/g, '')) !== 0 || allowed.includes(name);
}

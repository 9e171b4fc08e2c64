import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** RFC 3986 sections 3.2.2 and 3.2.3: a name or an address in brackets, and a port. It may be empty. */
const HOST_AND_PORT = /^(?:\[[\da-z:.~_-]+\]|(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})*)(?::\d*)?$/i;

/**
 * Whether a request has at most one `Host` header, with a valid value. Node keeps the first of several, but a proxy in
 * front of it may use the last (RFC 9112 section 3.2).
 */
export function hasValidHost({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): boolean {
  let host: string | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() !== 'host') continue;
    if (host !== undefined) return false;
    host = rawHeaders[index + 1];
  }
  return host === undefined || HOST_AND_PORT.test(host);
}

/** A name (RFC 1035 section 2.3.4), a trailing dot, and a port. */
const MAX_HOST_LENGTH = 260;

/** The `Host` header as a URL with its host and port; undefined if it is invalid. */
export function hostUrl(host: string | undefined): URL | undefined {
  // Parsing long internationalised names is slow.
  if (host === undefined || host.length > MAX_HOST_LENGTH || !/^[\w.:[\]-]+$/.test(host)) return undefined;
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : undefined;
}

/**
 * Whether a request for this host may be answered. `allowed` are names; if empty, every name is allowed. A page of
 * another site can point its own name at this server (DNS rebinding) and is then same-origin with it, but it cannot
 * pretend to be our name, an address or `localhost`.
 */
export function isAllowedHost(host: string | undefined, allowed: readonly string[]): boolean {
  if (allowed.length === 0) return true;
  const url = hostUrl(host);
  if (url === undefined) return false;
  const name = url.hostname.replace(/\.$/, '');
  return name === 'localhost' || isIP(name.replace(/^\[|\]$/g, '')) !== 0 || allowed.includes(name);
}

import { isIP } from 'node:net';

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

import { isIP } from 'node:net';

/**
 * Whether a request for this host may be answered. `allowed` are names; empty: every one. A page of another site can make
 * its own name lead here (DNS rebinding) and is then of the same origin as the server, but it cannot take our name, an
 * address or `localhost` for its own.
 */
export function isAllowedHost(host: string | undefined, allowed: readonly string[]): boolean {
  if (allowed.length === 0) return true;
  if (host === undefined || !/^[\w.:[\]-]+$/.test(host) || !URL.canParse(`http://${host}`)) return false;
  const { hostname } = new URL(`http://${host}`);
  const name = hostname.replace(/\.$/, '');
  return name === 'localhost' || isIP(name.replace(/^\[|\]$/g, '')) !== 0 || allowed.includes(name);
}

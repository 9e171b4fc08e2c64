/** Which pages of other sites may use this server. */
import type { IncomingMessage } from 'node:http';
import { hostUrl } from './host-header.ts';
import { matchesOrigin } from './origin.ts';

/** A scheme, a name and a port (RFC 6454 section 6.2). */
const MAX_ORIGIN_LENGTH = 320;

/**
 * Browsers let any page open a WebSocket to any server, and ask before other requests. Without this check a page on
 * another site could listen in on the rooms of a server that only its visitor can reach. Non-browser clients send no
 * `Origin`.
 */
export function isAllowedOrigin(
  { headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>,
  allowed: readonly string[],
): boolean {
  const { origin, host } = headers;
  if (origin === undefined || allowed.includes('*')) return true;
  // Parsing a long name is slow.
  if (origin.length > MAX_ORIGIN_LENGTH) return false;
  if (allowed.some((pattern) => matchesOrigin(pattern, origin))) return true;
  if (!URL.canParse(origin)) return false;
  const page = new URL(origin);
  // This server's own page uses http or https. An app that shows it under another scheme must be allowed explicitly.
  if (page.origin !== origin) return false;
  // The page itself used TLS as well; one that did not may come from an attacker on the path.
  if ('encrypted' in socket && page.protocol !== 'https:') return false;
  const own = hostUrl(host);
  return own !== undefined && new URL(`${page.protocol}//${own.host}`).host === page.host;
}

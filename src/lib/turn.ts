/** Addresses of TURN servers, and credentials that they accept for a time. */
import { createHmac } from 'node:crypto';
import { isIP } from 'node:net';
import type { Millis } from './clock.ts';
import { parseEndpoint } from './net/host-port.ts';

/** How a client reaches a TURN server; `tls` is TLS over TCP. */
export type TurnTransport = 'udp' | 'tcp' | 'tls';

export interface TurnAddress {
  readonly host: string;
  readonly port: number;
  readonly transport: TurnTransport;
}

export interface TurnSettings {
  /** As `parseTurnUrl` reads them; empty: no TURN. */
  readonly turnUrls: readonly string[];
  /** Shared with the TURN server; empty where the credentials are fixed. */
  readonly turnSecret: string;
  readonly turnUsername: string;
  readonly turnPassword: string;
  readonly turnLifetimeMinutes: number;
}

export interface TurnCredentials {
  readonly username: string;
  readonly credential: string;
}

/** RFC 8656 section 6: the ports where the address names none. */
const DEFAULT_PORT = { turn: 3478, turns: 5349 } as const;
const URL_FORM = /^(?<scheme>turns?):(?<authority>[^?]+)(?:\?transport=(?<transport>udp|tcp))?$/;

/** Reads `turn:HOST[:PORT][?transport=udp|tcp]` and `turns:HOST[:PORT][?transport=tcp]` (RFC 7065); null for anything else. */
export function parseTurnUrl(text: string): TurnAddress | null {
  const { scheme, authority = '', transport } = URL_FORM.exec(text)?.groups ?? {};
  // IPv6 has to stand in brackets, as in every URL.
  const endpoint = isIP(authority) === 6 ? null : parseEndpoint(authority);
  if (endpoint === null || (scheme !== 'turn' && scheme !== 'turns')) return null;
  // DTLS to a TURN server is something that no browser does.
  if (scheme === 'turns' && transport === 'udp') return null;
  const { host, port } = endpoint;
  return {
    host,
    port: port ?? DEFAULT_PORT[scheme],
    transport: scheme === 'turns' ? 'tls' : transport === 'tcp' ? 'tcp' : 'udp',
  };
}

/**
 * What a client says to the TURN servers. With a shared secret: the name is the time at which the credentials expire (seconds since 1970) and who
 * they are for, the password an HMAC-SHA1 of it in base64 (draft-uberti-behave-turn-rest-00, coturn's `use-auth-secret`).
 */
export function turnCredentials(
  settings: TurnSettings,
  { user, wallNowMs }: { user: string; wallNowMs: Millis },
): TurnCredentials {
  const { turnSecret, turnUsername, turnPassword, turnLifetimeMinutes } = settings;
  if (turnSecret === '') return { username: turnUsername, credential: turnPassword };
  const username = `${Math.floor(wallNowMs / 1000) + turnLifetimeMinutes * 60}:${user}`;
  return { username, credential: createHmac('sha1', turnSecret).update(username).digest('base64') };
}

/** URLs of TURN servers, and temporary credentials for them. */
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
  /** As accepted by `parseTurnUrl`; empty: no TURN. */
  readonly turnUrls: readonly string[];
  /** Shared with the TURN server; empty if the credentials are fixed. */
  readonly turnSecret: string;
  readonly turnUsername: string;
  readonly turnPassword: string;
  readonly turnLifetimeMinutes: number;
}

export interface TurnCredentials {
  readonly username: string;
  readonly credential: string;
}

/** RFC 8656 section 6: the default ports. */
const DEFAULT_PORT = { turn: 3478, turns: 5349 } as const;
const URL_FORM = /^(?<scheme>turns?):(?<authority>[^?]+)(?:\?transport=(?<transport>udp|tcp))?$/;

/**
 * Parses `turn:HOST[:PORT][?transport=udp|tcp]` and `turns:HOST[:PORT][?transport=tcp]` (RFC 7065); null for anything
 * else.
 */
export function parseTurnUrl(text: string): TurnAddress | null {
  const { scheme, authority = '', transport } = URL_FORM.exec(text)?.groups ?? {};
  // IPv6 addresses must be in brackets, as in every URL.
  const endpoint = isIP(authority) === 6 ? null : parseEndpoint(authority);
  if (endpoint === null || (scheme !== 'turn' && scheme !== 'turns')) return null;
  // No browser supports DTLS to a TURN server.
  if (scheme === 'turns' && transport === 'udp') return null;
  const { host, port } = endpoint;
  return {
    host,
    port: port ?? DEFAULT_PORT[scheme],
    transport: scheme === 'turns' ? 'tls' : transport === 'tcp' ? 'tcp' : 'udp',
  };
}

/**
 * The credentials that a client uses for the TURN servers. With a shared secret, the user name is the expiry time
 * (seconds since 1970) and the user, and the password is its HMAC-SHA1 in base64 (draft-uberti-behave-turn-rest-00,
 * coturn's `use-auth-secret`).
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

/** Detects a misconfigured reverse proxy, or a server misconfigured behind one, and warns the operator at intervals. */
import type { Logger } from 'pino';
import type { Clock, Millis } from '../clock.ts';
import { isLoopback } from './local-addresses.ts';
import { isPrivateAddress } from './private-address.ts';

/** Minimum time before the same warning is repeated. */
const SILENCE_MS: Millis = 10 * 60_000;
/** Anyone can send any header, so only this many different warnings are logged in that time. */
const MAX_LOGGED = 5;
/** Header values may be long; the beginning is enough. */
const MAX_SHOWN = 100;

export interface ProxyWarningsOptions {
  /** Host names that the server accepts; none: any. */
  readonly allowHosts: readonly string[];
  /** Whether addresses may be logged. */
  readonly showAddresses: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

export class ProxyWarnings {
  readonly #options: ProxyWarningsOptions;
  /** What was logged, and when. */
  readonly #logged = new Map<string, Millis>();
  /** The last time that a nearby untrusted peer sent a forwarding header, and its address. */
  #untrusted: { readonly atMs: Millis; readonly peer: string } | undefined;

  constructor(options: ProxyWarningsOptions) {
    this.#options = options;
  }

  /** Call when a request was refused because of its `Host`. */
  refusedHost(host: string | undefined): void {
    const { allowHosts: expected } = this.#options;
    const advice =
      'add the name to allow-hosts if it is yours, and let the reverse proxy pass the Host header unchanged';
    this.#warn(
      `host ${host}`,
      { host: shown(host), expected },
      `refused: a host name that is not in allow-hosts; ${advice}`,
    );
  }

  /** Call when a WebSocket was refused because its `Origin` differs from `expected`. */
  refusedOrigin(origin: string | undefined, host: string | undefined, expected: readonly string[]): void {
    const advice = 'let the reverse proxy pass the Host header unchanged, or add the origin to allow-origins';
    const fields = { origin: shown(origin), host: shown(host), expected: expected.map((text) => shown(text)) };
    this.#warn(`origin ${origin} ${host}`, fields, `WebSocket refused: the page is from another origin; ${advice}`);
  }

  /** Call when an untrusted address sent a forwarding header. */
  untrustedProxy(peer: string): void {
    const { clock, showAddresses } = this.#options;
    // Distant clients can write such a header, too; a peer this close is most likely the proxy.
    const isNear = isLoopback(peer) || isPrivateAddress(peer);
    if (!isNear) return;
    this.#untrusted = { atMs: clock.now(), peer };
    const message =
      'X-Forwarded-For came from an address that is not in trust-proxy; if this is your reverse proxy, add it there, because otherwise all its visitors count as one address';
    this.#warn(`proxy ${peer}`, showAddresses ? { proxy: peer } : {}, message);
  }

  /** The untrusted proxy, if one was seen recently. */
  get untrusted(): string | undefined {
    const seen = this.#untrusted;
    return seen !== undefined && this.#options.clock.now() - seen.atMs < SILENCE_MS ? seen.peer : undefined;
  }

  #warn(key: string, fields: object, message: string): void {
    const { clock, log } = this.#options;
    const nowMs = clock.now();
    for (const [logged, atMs] of this.#logged) if (nowMs - atMs >= SILENCE_MS) this.#logged.delete(logged);
    if (this.#logged.has(key) || this.#logged.size >= MAX_LOGGED) return;
    this.#logged.set(key, nowMs);
    log.warn(fields, message);
  }
}

function shown(text: string | undefined): string | undefined {
  return text !== undefined && text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

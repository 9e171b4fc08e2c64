/** What shows that a reverse proxy in front of the server, or the server behind it, is set up wrongly: the operator is told once in a while. */
import type { Logger } from 'pino';
import type { Clock, Millis } from '../clock.ts';
import { isLoopback } from './local-addresses.ts';
import { isPrivateAddress } from './private-address.ts';

/** The same is not told again before. */
const SILENCE_MS: Millis = 10 * 60_000;
/** Anybody can send any header: so many different ones are told in that time. */
const MAX_TOLD = 5;
/** What a header may hold is long; its beginning says enough. */
const MAX_SHOWN = 100;

export interface ProxyWarningsOptions {
  /** Names that the server is asked for by; none: any. */
  readonly allowHosts: readonly string[];
  /** Whether addresses may stand in the log. */
  readonly showAddresses: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

export class ProxyWarnings {
  readonly #options: ProxyWarningsOptions;
  /** What was told, and when. */
  readonly #told = new Map<string, Millis>();
  /** When somebody in this network last forwarded without being trusted, and who. */
  #untrusted: { readonly atMs: Millis; readonly peer: string } | undefined;

  constructor(options: ProxyWarningsOptions) {
    this.#options = options;
  }

  /** A request was refused because of its `Host`. */
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

  /** A WebSocket was refused because of its `Origin`, which is another than `expected`. */
  refusedOrigin(origin: string | undefined, host: string | undefined, expected: readonly string[]): void {
    const advice = 'let the reverse proxy pass the Host header unchanged, or add the origin to allow-origins';
    const fields = { origin: shown(origin), host: shown(host), expected: expected.map((text) => shown(text)) };
    this.#warn(`origin ${origin} ${host}`, fields, `WebSocket refused: the page is from another origin; ${advice}`);
  }

  /** A request came from an address that says for whom it asks, and is not believed. */
  untrustedProxy(peer: string): void {
    const { clock, showAddresses } = this.#options;
    // Who comes from elsewhere can write such a header as well; whoever is so near is most likely the proxy.
    const isNear = isLoopback(peer) || isPrivateAddress(peer);
    if (!isNear) return;
    this.#untrusted = { atMs: clock.now(), peer };
    const message =
      'X-Forwarded-For came from an address that is not in trust-proxy; if this is your reverse proxy, add it there, because otherwise all its visitors count as one address';
    this.#warn(`proxy ${peer}`, showAddresses ? { proxy: peer } : {}, message);
  }

  /** The proxy that is not trusted, if one was seen lately. */
  get untrusted(): string | undefined {
    const seen = this.#untrusted;
    return seen !== undefined && this.#options.clock.now() - seen.atMs < SILENCE_MS ? seen.peer : undefined;
  }

  #warn(key: string, fields: object, message: string): void {
    const { clock, log } = this.#options;
    const nowMs = clock.now();
    for (const [told, atMs] of this.#told) if (nowMs - atMs >= SILENCE_MS) this.#told.delete(told);
    if (this.#told.has(key) || this.#told.size >= MAX_TOLD) return;
    this.#told.set(key, nowMs);
    log.warn(fields, message);
  }
}

function shown(text: string | undefined): string | undefined {
  return text !== undefined && text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

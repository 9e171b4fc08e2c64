/** The HTTP port: the page over HTTP or TLS and, if they share a port, media as well. */
import { once } from 'node:events';
import type { Server as HttpServer, RequestListener } from 'node:http';
import { type AddressInfo, isIPv6 } from 'node:net';
import type { Config } from '../config/config.ts';
import { sharesPort } from '../config/one-port.ts';
import type { Clock } from '../lib/clock.ts';
import { TrustedProxies } from '../lib/net/client-address.ts';
import type { LimitCounts } from '../lib/rates/limit-counts.ts';
import type { MediaPlane } from '../media/plane.ts';
import { createBoundedHttpServer, createBoundedHttpsServer } from './http-server.ts';
import { httpLimits } from './options.ts';
import { SHARED_PORT_LIMITS, SharedPort } from './shared-port.ts';
import { listenError } from './start-error.ts';
import type { PageTls } from './tls/page-tls.ts';
import { listenAtUnixSocket } from './unix-socket.ts';

/** At a Unix socket nobody has an address, so that the proxy and everybody else there counts as this machine. */
export function trustedProxies(
  { trustProxy, unixSocket }: Pick<Config, 'trustProxy' | 'unixSocket'>,
  onUntrusted: (peer: string) => void,
): TrustedProxies {
  return new TrustedProxies(trustProxy, { onUntrusted, ...(unixSocket !== '' && { withoutAddress: '127.0.0.1' }) });
}

interface PageServerOptions {
  readonly config: Config;
  readonly tls: PageTls | undefined;
  readonly proxies: TrustedProxies;
  readonly limitCounts: LimitCounts;
}

/** Does not listen yet. */
export function createPageServer(
  listener: RequestListener,
  { config, tls, proxies, limitCounts }: PageServerOptions,
): HttpServer {
  const options = { ...httpLimits(config), proxies, limitCounts };
  if (tls === undefined) return createBoundedHttpServer(listener, options);
  const https = createBoundedHttpsServer(tls.withHsts(listener), tls.serverOptions, options);
  tls.attach(https);
  return https;
}

interface SharePortOptions {
  readonly config: Config;
  readonly tls: PageTls | undefined;
  readonly plane: MediaPlane;
  readonly proxies: TrustedProxies;
  readonly clock: Clock;
}

/** Undefined if the port has only one use. With TLS it always has two, because HTTP visitors are redirected. */
export function sharePort(
  http: HttpServer,
  { config, tls, plane, proxies, clock }: SharePortOptions,
): SharedPort | undefined {
  const hasMedia = sharesPort(config);
  if (!hasMedia && tls === undefined) return undefined;
  // In addition to HTTP connections: one with media per WebSocket, and those that are not identified yet.
  http.maxConnections += (hasMedia ? config.maxConnections : 0) + SHARED_PORT_LIMITS.max;
  const limits = {
    ...SHARED_PORT_LIMITS,
    decisionMs: Math.min(SHARED_PORT_LIMITS.decisionMs, config.requestTimeoutMs),
  };
  return new SharedPort({
    server: http,
    plainHttp: tls?.plainHttp,
    acceptMedia: (socket, localUfrag) => hasMedia && plane.acceptTcp(socket, localUfrag),
    proxies,
    clock,
    limits,
  });
}

/** Rejects with `StartError`. */
export async function listen(
  http: HttpServer,
  { host, port, unixSocket, unixSocketMode }: Pick<Config, 'host' | 'port' | 'unixSocket' | 'unixSocketMode'>,
): Promise<void> {
  if (unixSocket !== '') return listenAtUnixSocket(http, unixSocket, Number.parseInt(unixSocketMode, 8));
  http.listen(port, host);
  await once(http, 'listening').catch((error: unknown) => {
    throw listenError(error, { host, port });
  });
}

/** Where `http` listens, and the URL of the page for a browser on this machine, or `unix:PATH`. */
export function listeningAt(
  http: HttpServer,
  tls: PageTls | undefined,
  { host, unixSocket }: Pick<Config, 'host' | 'unixSocket'>,
): { readonly url: string; readonly address: string; readonly port: number } {
  if (unixSocket !== '') return { url: `unix:${unixSocket}`, address: unixSocket, port: 0 };
  const { address, port } = http.address() as AddressInfo;
  const url =
    tls === undefined
      ? `http://${hostForBrowser(host)}:${port}/`
      : `https://${tls.hostForBrowser}${tls.portForBrowser(port)}/`;
  return { url, address, port };
}

/** Browsers allow the microphone only on HTTPS or local pages, and this address is local. */
function hostForBrowser(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return isIPv6(host) ? `[${host}]` : host;
}

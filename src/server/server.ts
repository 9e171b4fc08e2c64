import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import type { Server as HttpServer, RequestListener } from 'node:http';
import { type AddressInfo, isIP, isIPv6 } from 'node:net';
import type { Logger } from 'pino';
import { createApi } from '../admin/api/api.ts';
import { serverStatus } from '../admin/api/server-status.ts';
import { EventLoopWatch } from '../admin/metrics/event-loop-watch.ts';
import { createMetrics } from '../admin/metrics/metrics.ts';
import { Webhooks } from '../admin/webhooks/webhooks.ts';
import type { Config } from '../config/config.ts';
import { hasOnePort } from '../config/one-port.ts';
import { createHttpApp } from '../http/app.ts';
import type { Assets } from '../http/assets.ts';
import { health } from '../http/health.ts';
import type { Clock } from '../lib/clock.ts';
import { TrustedProxies } from '../lib/net/client-address.ts';
import { isLocalHost } from '../lib/net/local-addresses.ts';
import { ProxyWarnings } from '../lib/net/proxy-warnings.ts';
import { LimitCounts } from '../lib/rates/limit-counts.ts';
import { RequestRate } from '../lib/rates/request-rate.ts';
import type { MediaPlane, MediaPlaneOptions } from '../media/plane.ts';
import { AccessControl } from '../rooms/access.ts';
import { RoomRegistry } from '../rooms/registry.ts';
import { turnServers } from '../signaling/ice-servers.ts';
import { SignalingEndpoint } from '../signaling/signaling-server.ts';
import { closeHttpServer, createBoundedHttpServer, createBoundedHttpsServer } from './http-server.ts';
import { SHARED_PORT_LIMITS, SharedPort } from './shared-port.ts';
import { accessError, listenError, mediaError } from './start-error.ts';
import { PageTls } from './tls/page-tls.ts';

/** What the server is given beside its configuration. */
export interface ServerDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
  /** The files of the page. */
  readonly assets: Assets;
  readonly createMediaPlane: (options: MediaPlaneOptions) => Promise<MediaPlane>;
  /** The file of the media worker, as built, or its code. */
  readonly workerEntry: URL | string;
  /** The server cannot do its work any more and should be closed. */
  readonly onFailed?: (reason: string) => void;
  /** Everybody has left whom the server was to wait for, and it should be closed. */
  readonly onDrained?: () => void;
}

export interface Listening {
  /** The address of the page, for a browser on this machine. */
  readonly url: string;
  readonly address: string;
  readonly port: number;
}

export interface PartylineServer {
  /** Opens the HTTP port. Rejects with `StartError`. Where a certificate has to be got first, it is there afterwards, if it could be had. */
  listen(): Promise<Listening>;
  /** The operator says that something has changed: the certificate is looked after at once. */
  reload(): void;
  /** Refuses new joins, tells the participants, and frees everything; it takes at most about `shutdownGraceMs`. */
  close(): Promise<void>;
}

/** Of the time that closing may take, so that something is left for what comes after. */
const WEBHOOKS_SHARE = 0.75;

/** Puts the parts together. The media plane runs from here on, HTTP from `listen` on. Rejects with `StartError`. */
export async function createServer(config: Config, deps: ServerDeps): Promise<PartylineServer> {
  const { clock, log, version, assets } = deps;
  const access = accessControl(config, deps);
  const showAddresses = config.showAddresses === 'on';
  const proxyWarnings = new ProxyWarnings({ allowHosts: config.allowHosts, showAddresses, clock, log });
  const proxies = new TrustedProxies(config.trustProxy, (peer) => proxyWarnings.untrustedProxy(peer));
  const tls = await PageTls.open(config, { clock, log, proxies });
  const plane = await deps.createMediaPlane(await mediaOptions(config, deps)).catch((error: unknown) => {
    throw mediaError(error);
  });
  const webhooks = new Webhooks({ urls: config.webhookUrls, secret: config.webhookSecret, clock, log });
  const limitCounts = new LimitCounts();
  const registry = new RoomRegistry({
    plane,
    limits: config,
    access,
    clock,
    log,
    observer: webhooks,
    limitCounts,
    ...(deps.onDrained !== undefined && { onDrained: deps.onDrained }),
  });
  const eventLoop = new EventLoopWatch(clock);
  let closing: Promise<void> | undefined;

  const healthNow = () =>
    health({
      version,
      closing: closing !== undefined,
      draining: registry.draining !== null,
      workers: plane.health(),
      stalledMs: eventLoop.stalledMs,
      certificate: tls?.problem,
      untrustedProxy: proxyWarnings.untrusted,
      ...registry.figures,
    });
  if (config.allowCapture === 'on')
    log.warn('captures are allowed: who has the admin token can record what is said in rooms');
  const requests = new RequestRate({ ...config, proxies, clock, limitCounts });
  const api = createApi({
    token: config.adminToken,
    maxFailuresPerMinute: config.maxFailedJoinsPerMinute,
    limitCounts,
    version,
    registry,
    access,
    server: serverStatus({
      health: healthNow,
      registry,
      plane,
      connections: () => signaling.figures.connections,
      webhooks: () => webhooks.figures,
      clock,
    }),
    allowCapture: config.allowCapture === 'on',
    proxies,
    showAddresses,
    requests,
    clock,
    log,
  });
  const app = createHttpApp({
    assets,
    health: healthNow,
    api: api.middleware,
    requests,
    metrics: createMetrics({
      version,
      control: () => ({
        ...registry.figures,
        ...signaling.figures,
        limits: limitCounts.counts,
        eventLoopStalls: eventLoop.stalls,
        eventLoopDelaySeconds: eventLoop.delaySeconds,
        apiErrors: api.errors,
        webhooks: webhooks.figures,
      }),
      media: () => plane.stats(),
      workers: () => plane.health(),
      clock,
      ...(tls !== undefined && { certificate: () => tls.figures }),
      ...(hasOnePort(config) && { sharedPort: () => sharedPort?.figures ?? { undecided: 0, refused: 0 } }),
    }),
    log,
    allowHosts: config.allowHosts,
    proxyWarnings,
    frameAncestors: config.frameAncestors,
  });
  const http = createPageServer(app.callback(), { tls, proxies, config, limitCounts });
  // Also with TLS alone: who comes by plain HTTP is sent on.
  const sharedPort =
    hasOnePort(config) || tls !== undefined ? sharePort(http, { plane, proxies, config, clock, tls }) : undefined;
  const signaling = new SignalingEndpoint({
    server: http,
    registry,
    limits: config,
    allowOrigins: config.allowOrigins,
    allowHosts: config.allowHosts,
    proxies,
    proxyWarnings,
    showAddresses,
    iceServers: turnServers(config, clock),
    limitCounts,
    clock,
    log,
  });

  const close = async (): Promise<void> => {
    registry.close();
    const toldOutside = webhooks.close(config.shutdownGraceMs * WEBHOOKS_SHARE);
    // Half of the time is for the closing handshakes, the rest for what comes after them.
    await signaling.close(config.shutdownGraceMs / 2);
    eventLoop.close();
    tls?.close();
    sharedPort?.close();
    // Together: the port may have connections of both.
    await Promise.all([closeHttpServer(http), plane.close(), toldOutside]);
    log.info('server closed');
  };

  return {
    listen: async () => {
      const { address, port } = await listen(http, config);
      await tls?.start();
      return { url: urlOf(config, tls, port), address, port };
    },
    reload: () => {
      if (tls?.reload() !== true) log.info('nothing to reload: settings are read at the start only');
    },
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function accessControl(config: Config, { clock, log }: ServerDeps): AccessControl {
  const { access: mode, tokenSecret, roomPasswords } = config;
  try {
    const access = new AccessControl({ mode, tokenSecret, roomPasswords, clock });
    if (access.hasPlainPasswords)
      log.warn('passwords of rooms are in the configuration in the clear; "partyline password" makes hashes of them');
    return access;
  } catch (error) {
    throw accessError(error);
  }
}

async function mediaOptions(
  config: Config,
  { clock, log, workerEntry, onFailed }: ServerDeps,
): Promise<MediaPlaneOptions> {
  return {
    workers: config.workers,
    hosts: config.mediaHost,
    port: config.mediaPort,
    tcp: config.mediaTcp === 'on',
    ...(hasOnePort(config) && { sharedTcp: { host: await addressOf(config), port: config.port } }),
    announce: config.announce,
    names: config.domain,
    hideLoopback: !isLocalHost(config.host),
    spanLoad: config.spanLoadPercent / 100,
    mix: { maxTalkers: config.maxTalkers, levelling: config.levelling === 'on' },
    sdpLimits: { maxBytes: config.maxSdpBytes, maxLines: config.maxSdpLines },
    workerEntry,
    clock,
    log,
    ...(onFailed !== undefined && { onFailed }),
  };
}

/** The address that `listen` binds. */
async function addressOf(config: Config): Promise<string> {
  if (isIP(config.host) !== 0) return config.host;
  const { address } = await lookup(config.host).catch((error: unknown) => {
    throw listenError(error, config);
  });
  return address;
}

interface SharePortOptions {
  readonly plane: MediaPlane;
  readonly proxies: TrustedProxies;
  readonly config: Config;
  readonly clock: Clock;
  readonly tls: PageTls | undefined;
}

function sharePort(http: HttpServer, { plane, proxies, config, clock, tls }: SharePortOptions): SharedPort {
  const hasMedia = hasOnePort(config);
  // Besides those of HTTP: one with media for each WebSocket, and those of which nothing is known yet.
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

interface PageServerOptions {
  readonly tls: PageTls | undefined;
  readonly proxies: TrustedProxies;
  readonly config: Config;
  readonly limitCounts: LimitCounts;
}

function createPageServer(
  listener: RequestListener,
  { tls, proxies, config, limitCounts }: PageServerOptions,
): HttpServer {
  const options = { ...config, proxies, limitCounts };
  if (tls === undefined) return createBoundedHttpServer(listener, options);
  const https = createBoundedHttpsServer(tls.withHsts(listener), tls.serverOptions, options);
  tls.attach(https);
  return https;
}

async function listen(http: HttpServer, config: Config): Promise<AddressInfo> {
  http.listen(config.port, config.host);
  await once(http, 'listening').catch((error: unknown) => {
    throw listenError(error, config);
  });
  return http.address() as AddressInfo;
}

function urlOf(config: Config, tls: PageTls | undefined, port: number): string {
  if (tls === undefined) return `http://${hostForBrowser(config.host)}:${port}/`;
  return `https://${tls.hostForBrowser}${tls.portForBrowser(port)}/`;
}

/** Browsers give the microphone only to pages by https or from this machine, which is where this address leads. */
function hostForBrowser(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return isIPv6(host) ? `[${host}]` : host;
}

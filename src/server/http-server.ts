import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import {
  createServer as createHttpsServer,
  type ServerOptions as HttpsOptions,
  type Server as HttpsServer,
} from 'node:https';
import type { Socket } from 'node:net';
import type { Millis } from '../lib/clock.ts';
import { addressKey, type TrustedProxies } from '../lib/net/client-address.ts';
import { isFromReserve } from '../lib/net/descriptor-reserve.ts';
import { hasValidHost } from '../lib/net/host-header.ts';
import type { LimitCounts } from '../lib/rates/limit-counts.ts';
import { boundPipelining } from './pipelining.ts';
import { ignoreOtherUpgrades } from './upgrades.ts';

export interface HttpLimits {
  /** Maximum WebSockets in total and per address; 0 per address: no limit. */
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** Time for the head of a request; the whole request gets twice as much. */
  readonly requestTimeoutMs: Millis;
}

export interface HttpServerOptions extends HttpLimits {
  /** Proxies carry the connections of many people. */
  readonly proxies: TrustedProxies;
  readonly limitCounts?: LimitCounts;
}

/** Besides its WebSocket, a page uses some connections for its files. */
const CONNECTIONS_PER_WEBSOCKET = 2;
/** How often Node looks for slow requests. */
const CHECK_INTERVAL_MS = 1000;
const KEEP_ALIVE_MS = 5000;
/**
 * A client that reads nothing of an answer for this many head timeouts is disconnected. WebSockets have their own
 * check.
 */
const STALLED = 3;
const MAX_HEADER_BYTES = 16_384;
const VALID_HOST = 'A request must have exactly one valid Host header.\n';

/** The connections of each server, including those that Node has handed over. */
const connections = new WeakMap<Server, Set<Socket>>();
/** What ends the counting of a connection for its address. */
const counted = new WeakMap<Server, Map<string, () => void>>();

/** An HTTP server on which nobody can hold connections by being slow, or use up those of everyone else. */
export function createBoundedHttpServer(listener: RequestListener, options: HttpServerOptions): Server {
  return bounded(createServer(timeouts(options), answering(listener, options)), options);
}

/** The same with TLS; `tls` should limit the time of the handshake. */
export function createBoundedHttpsServer(
  listener: RequestListener,
  tls: HttpsOptions,
  options: HttpServerOptions,
): HttpsServer {
  return bounded(createHttpsServer({ ...timeouts(options), ...tls }, answering(listener, options)), options);
}

/** Closes every connection. Resolves when the server has closed. */
export function closeHttpServer(http: Server): Promise<void> {
  return new Promise((resolve) => {
    http.close(() => resolve());
    for (const socket of connections.get(http) ?? []) socket.destroy();
  });
}

/** A connection that has proved to be another server's no longer counts for its address, as it carries somebody else. */
export function countNoLonger(http: Server, connection: Pick<Socket, 'remoteAddress' | 'remotePort'>): void {
  counted.get(http)?.get(nameOf(connection))?.();
}

function answering(listener: RequestListener, { limitCounts }: HttpServerOptions): RequestListener {
  const withValidHost: RequestListener = (request, response) => {
    if (hasValidHost(request)) listener(request, response);
    else response.writeHead(400, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' }).end(VALID_HOST);
  };
  return boundPipelining(withValidHost, () => limitCounts?.hit('http_requests_at_once'));
}

function timeouts({ requestTimeoutMs }: HttpLimits): ServerOptions {
  return {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: requestTimeoutMs,
    requestTimeout: requestTimeoutMs * 2,
    connectionsCheckingInterval: Math.min(CHECK_INTERVAL_MS, requestTimeoutMs),
    keepAliveTimeout: KEEP_ALIVE_MS,
  };
}

function bounded<S extends Server>(
  http: S,
  { maxConnections, maxConnectionsPerAddress, requestTimeoutMs, proxies, limitCounts }: HttpServerOptions,
): S {
  const open = new Set<Socket>();
  connections.set(http, open);
  const [read] =
    http.listeners('secureConnection').length > 0 ? http.listeners('secureConnection') : http.listeners('connection');
  ignoreOtherUpgrades(http, (connection) => read?.call(http, connection));
  http.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  // No limit: `maxHeaderSize` bounds them. A limit here would silently drop later headers, such as those added by a
  // proxy.
  http.maxHeadersCount = 0;
  http.timeout = requestTimeoutMs * STALLED;
  http.maxConnections = maxConnections * CONNECTIONS_PER_WEBSOCKET;
  http.on('drop', () => limitCounts?.hit('http_connections'));
  http.prependListener('connection', (socket: Socket) => {
    if (!isFromReserve(socket)) return;
    limitCounts?.hit('http_connections');
    socket.destroy();
  });
  if (maxConnectionsPerAddress > 0) {
    const max = maxConnectionsPerAddress * CONNECTIONS_PER_WEBSOCKET;
    limitPerAddress(http, { max, proxies, onRefused: () => limitCounts?.hit('http_connections_per_address') });
  }
  return http;
}

interface AddressLimit {
  readonly max: number;
  readonly proxies: TrustedProxies;
  readonly onRefused: () => void;
}

function limitPerAddress(http: Server, { max, proxies, onRefused }: AddressLimit): void {
  const open = new Map<string, number>();
  const endings = new Map<string, () => void>();
  counted.set(http, endings);
  http.prependListener('connection', (socket: Socket) => {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined || proxies.includes(remoteAddress)) return;
    const key = addressKey(remoteAddress);
    const count = (open.get(key) ?? 0) + 1;
    open.set(key, count);
    const name = nameOf(socket);
    const end = () => {
      if (!endings.delete(name)) return;
      const left = (open.get(key) ?? 1) - 1;
      if (left === 0) open.delete(key);
      else open.set(key, left);
    };
    endings.set(name, end);
    socket.once('close', end);
    if (count <= max) return;
    onRefused();
    socket.destroy();
  });
}

/** TLS in a connection has the same. */
function nameOf({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${remoteAddress} ${remotePort}`;
}

import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import type { Clock, Millis } from '../lib/clock.ts';
import { AppError, type ErrorCode, toAppError } from '../lib/errors.ts';
import { isAllowedOrigin } from '../lib/net/allowed-origin.ts';
import { addressKey, TrustedProxies } from '../lib/net/client-address.ts';
import { isAllowedHost } from '../lib/net/host-header.ts';
import { OpenSessions } from '../lib/net/open-sessions.ts';
import type { ProxyWarnings } from '../lib/net/proxy-warnings.ts';
import { refuseUpgrade, refuseUpgradeWith } from '../lib/net/refuse-upgrade.ts';
import { asksForWebSocket } from '../lib/net/upgrade-header.ts';
import { LimitCounts } from '../lib/rates/limit-counts.ts';
import { TokenBucket } from '../lib/rates/token-bucket.ts';
import { parseTraceParent, type SpanSink, type TraceParent } from '../lib/span.ts';
import { AddressLimits, type AddressLimitsOptions } from '../rooms/address-limits.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import type { IceServersFor } from './ice-servers.ts';
import { JoinTrace } from './join-trace.ts';
import { Session } from './session.ts';
import type { JoinResult, SessionLimits, SessionOptions, SignalingCounters } from './session-options.ts';

export interface EndpointLimits extends SessionLimits, AddressLimitsOptions {
  readonly maxConnections: number;
}

export interface EndpointOptions {
  readonly server: Server;
  readonly registry: RoomRegistry;
  readonly limits: EndpointLimits;
  /** Those of all ways in together; omitted if there is no other. */
  readonly addresses?: AddressLimits;
  /** Other origins whose pages may connect, as accepted by `matchesOrigin`; `*` is any. */
  readonly allowOrigins: readonly string[];
  /** Host names that the server accepts; none: any. */
  readonly allowHosts?: readonly string[];
  /** The proxies whose `X-Forwarded-For` is trusted. */
  readonly proxies?: TrustedProxies;
  /** Reports connections refused because of their `Host` or `Origin`. */
  readonly proxyWarnings?: ProxyWarnings;
  /** Whether the operator sees participants' addresses. */
  readonly showAddresses?: boolean;
  readonly iceServers: IceServersFor;
  /** Takes requests for WebSockets at other paths; false for those that it does not know. */
  readonly otherPath?: (path: string, request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;
  /** Opens a WebSocket at another server of the cluster. */
  readonly passOn?: (url: string, client: SignalingClient) => Promise<WebSocket>;
  readonly limitCounts?: LimitCounts;
  /** Where the spans of joins go; omitted if joins are not traced. */
  readonly spans?: SpanSink | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Who is at the other end of a WebSocket. */
export interface SignalingClient {
  readonly address: string;
  /** See `TrustedProxies.isRemote`. */
  readonly isRemote: boolean;
  /** The span of the proxy that has passed on the request. */
  readonly traceParent?: TraceParent | undefined;
}

export interface SignalingFigures {
  readonly connections: number;
  readonly messagesIn: number;
  readonly joins: ReadonlyMap<JoinResult, number>;
  readonly errors: ReadonlyMap<ErrorCode, number>;
}

const PATH = '/ws';
/** Time limit for the client's part of the closing handshake. */
const CLOSE_TIMEOUT_MS = 5000;
/** Browsers send a message in one frame, other clients perhaps in several. */
const MAX_FRAGMENTS = 64;
/** The burst that one client may send; after that, `maxMessageBytes` per second. A socket delivers 64 KiB at a time. */
const BURST_MESSAGES = 8;
const MIN_BURST_BYTES = 262_144;

/** The WebSocket endpoint `/ws` of an HTTP server. */
export class SignalingEndpoint {
  #options: EndpointOptions;
  readonly #webSockets: WebSocketServer;
  readonly #proxies: TrustedProxies;
  readonly #limitCounts: LimitCounts;
  readonly #addresses: AddressLimits;
  readonly #sessions: OpenSessions<Session>;
  readonly #counters: SignalingCounters = { messagesIn: 0, joins: new Map([['ok', 0]]), errors: new Map() };
  #closing: Promise<void> | undefined;

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.#sessions = new OpenSessions(options.clock);
    this.#proxies = options.proxies ?? new TrustedProxies([]);
    this.#limitCounts = options.limitCounts ?? new LimitCounts();
    this.#addresses = options.addresses ?? new AddressLimits(options.limits, options.clock, this.#limitCounts);
    // The types of ws do not include all of these yet.
    const webSocketOptions: ServerOptions & { closeTimeout: number; maxFragments: number } = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      // Somewhat too large messages are read, so that the session can report the error; ws itself would only close.
      maxPayload: options.limits.maxMessageBytes * 4,
      maxFragments: MAX_FRAGMENTS,
      closeTimeout: CLOSE_TIMEOUT_MS,
    };
    this.#webSockets = new WebSocketServer(webSocketOptions);
    options.server.on('upgrade', this.#onUpgrade);
  }

  /** They apply to connections that open from now on. The size of messages stays as it was. */
  setLimits(limits: EndpointLimits): void {
    const { maxMessageBytes } = this.#options.limits;
    this.#options = { ...this.#options, limits: { ...limits, maxMessageBytes } };
  }

  get figures(): SignalingFigures {
    return { connections: this.#sessions.size, ...this.#counters };
  }

  /**
   * Refuses new connections, tells the clients that the server is closing, and cuts off those that stay longer than
   * `graceMs`.
   */
  close(graceMs: Millis): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #close(graceMs: Millis): Promise<void> {
    await this.#sessions.close(graceMs);
    this.#options.server.off('upgrade', this.#onUpgrade);
    this.#webSockets.close();
  }

  /** A client that asked another server of the cluster, which has looked where its page is from. It goes no further. */
  takePassed(client: SignalingClient, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', ignore);
    try {
      this.#checkPlace(client.address);
    } catch (thrown) {
      this.#refuse(socket, toAppError(thrown), request);
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket, socket, client));
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (!asksForWebSocket(request)) {
      // Another listener may answer the request as if it had not asked for an upgrade.
      if (this.#options.server.listenerCount('upgrade') === 1)
        refuseUpgrade(socket, 400, 'Only WebSocket connections are accepted here.');
      return;
    }
    // It may have been one of several protocols.
    request.headers.upgrade = 'websocket';
    socket.on('error', ignore);
    const [path = ''] = (request.url ?? '').split('?');
    if (path !== PATH) {
      if (this.#options.otherPath?.(path, request, socket, head) === true) return;
      refuseUpgrade(socket, 404, 'The WebSocket endpoint is /ws.');
      return;
    }
    const address = this.#proxies.clientOfRequest(request);
    try {
      this.#check(request, address);
    } catch (thrown) {
      this.#refuse(socket, toAppError(thrown), request);
      return;
    }
    const client = {
      address,
      isRemote: this.#proxies.isRemote(request),
      // Nobody else decides which traces there are.
      ...(this.#proxies.isFromProxy(request) && { traceParent: parseTraceParent(traceHeader(request)) }),
    };
    const { passOn } = this.#options;
    const passClientOn = passOn && ((url: string) => passOn(url, client));
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) =>
      this.#open(webSocket, socket, client, passClientOn),
    );
  };

  #refuse(socket: Duplex, error: AppError, request: IncomingMessage): void {
    this.#count(error.code);
    this.#options.log.debug({ code: error.code, origin: request.headers.origin }, 'websocket refused');
    refuseUpgradeWith(socket, error);
  }

  #count(code: ErrorCode): void {
    this.#counters.errors.set(code, (this.#counters.errors.get(code) ?? 0) + 1);
  }

  /** Throws the reason to refuse a client of this address. */
  #check(request: IncomingMessage, address: string): void {
    const { allowHosts = [], allowOrigins, proxyWarnings } = this.#options;
    const { host, origin } = request.headers;
    if (!isAllowedHost(host, allowHosts)) {
      proxyWarnings?.refusedHost(host);
      throw new AppError('unknown_host');
    }
    if (!isAllowedOrigin(request, allowOrigins)) {
      proxyWarnings?.refusedOrigin(origin, host, [...serverOrigins(request), ...allowOrigins]);
      throw new AppError('forbidden_origin');
    }
    this.#checkPlace(address);
  }

  /** Throws if no more clients may connect, or not from this address. */
  #checkPlace(address: string): void {
    const { limits } = this.#options;
    if (this.#closing !== undefined) throw new AppError('server_closing');
    if (this.#sessions.size >= limits.maxConnections) {
      this.#limitCounts.hit('connections');
      throw new AppError('too_many_connections');
    }
    this.#addresses.connect(addressKey(address));
  }

  #open(
    socket: WebSocket,
    connection: Duplex,
    { address, isRemote, traceParent }: SignalingClient,
    passOn?: SessionOptions['passOn'],
  ): void {
    const { spans, registry, limits, iceServers, showAddresses = true, clock, log } = this.#options;
    const shown = showAddresses ? address : null;
    log.debug({ address: shown }, 'websocket opened');
    const key = addressKey(address);
    const addressClosed = this.#addresses.opened(key);
    this.#limitBytes(socket, connection);
    const session = new Session({
      socket,
      connection,
      address: shown,
      registry,
      limits,
      iceServers,
      counters: this.#counters,
      limitCounts: this.#limitCounts,
      clock,
      log,
      addressKey: key,
      isRemote,
      ...(passOn !== undefined && { passOn }),
      traceJoin:
        spans && traceParent?.isSampled !== false
          ? (resumes) => new JoinTrace({ sink: spans, clock, parent: traceParent, resumes })
          : undefined,
      mayJoin: (proves) => {
        this.#addresses.checkBan(address);
        return this.#addresses.join(key, proves);
      },
      onClosed: () => {
        addressClosed();
        this.#sessions.delete(session);
      },
    });
    this.#sessions.add(session);
  }

  /** Frames that never complete a message are not counted elsewhere, but cost time as well. */
  #limitBytes(socket: WebSocket, connection: Duplex): void {
    const { limits, clock } = this.#options;
    const { maxMessageBytes } = limits;
    const allowance = new TokenBucket({
      perSecond: maxMessageBytes,
      burst: Math.max(MIN_BURST_BYTES, maxMessageBytes * BURST_MESSAGES),
      now: clock.now(),
    });
    connection.on('data', (chunk: Buffer) => {
      if (allowance.take(clock.now(), chunk.length) || socket.readyState !== socket.OPEN) return;
      this.#count('too_many_messages');
      this.#limitCounts.hit('bytes_per_second');
      socket.terminate();
    });
  }
}

function traceHeader({ headers: { traceparent } }: IncomingMessage): string | undefined {
  return typeof traceparent === 'string' ? traceparent : undefined;
}

/** The origins of this server's own page, according to this request. */
function serverOrigins({ headers: { host }, socket }: IncomingMessage): string[] {
  if (host === undefined) return [];
  return ('encrypted' in socket ? ['https'] : ['https', 'http']).map((scheme) => `${scheme}://${host}`);
}

function ignore(): void {}

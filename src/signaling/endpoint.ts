import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import type { Clock, Millis } from '../lib/clock.ts';
import { AppError, type ErrorCode } from '../lib/errors.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import type { IceServer } from './protocol.ts';
import { Session, type SessionLimits, type SignalingCounters } from './session.ts';

export interface EndpointLimits extends SessionLimits {
  readonly maxConnections: number;
}

export interface EndpointOptions {
  readonly server: Server;
  readonly registry: RoomRegistry;
  readonly limits: EndpointLimits;
  /** Origins beside the own one whose pages may connect; `*` is every one. */
  readonly allowOrigins: readonly string[];
  readonly iceServers: readonly IceServer[];
  readonly clock: Clock;
  readonly log: Logger;
}

export interface SignalingFigures {
  readonly connections: number;
  readonly messagesIn: number;
  readonly errors: ReadonlyMap<ErrorCode, number>;
}

const PATH = '/ws';
/** How long a client may take to answer the closing handshake. */
const CLOSE_TIMEOUT_MS = 5000;

/** The WebSocket endpoint `/ws` of an HTTP server. */
export class SignalingEndpoint {
  readonly #options: EndpointOptions;
  readonly #webSockets: WebSocketServer;
  readonly #sessions = new Set<Session>();
  readonly #counters: SignalingCounters = { messagesIn: 0, errors: new Map() };
  #closing: Promise<void> | undefined;
  #onLastClosed: () => void = () => {};

  constructor(options: EndpointOptions) {
    this.#options = options;
    // The types of ws do not know `closeTimeout` yet.
    const webSocketOptions: ServerOptions & { closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      // What is only somewhat too large is read, so that the session can say what was wrong; ws itself only closes.
      maxPayload: options.limits.maxMessageBytes * 4,
      closeTimeout: CLOSE_TIMEOUT_MS,
    };
    this.#webSockets = new WebSocketServer(webSocketOptions);
    options.server.on('upgrade', this.#onUpgrade);
  }

  get figures(): SignalingFigures {
    return { connections: this.#sessions.size, ...this.#counters };
  }

  /** Refuses new connections, tells the clients that the server closes, and cuts off those that stay longer than `graceMs`. */
  close(graceMs: Millis): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #close(graceMs: Millis): Promise<void> {
    const { clock } = this.#options;
    const allClosed = new Promise<void>((resolve) => {
      this.#onLastClosed = resolve;
    });
    for (const session of this.#sessions) session.close();
    if (this.#sessions.size > 0) {
      const cancel = clock.setTimer(clock.now() + graceMs, () => {
        for (const session of this.#sessions) session.terminate();
      });
      await allClosed;
      cancel();
    }
    this.#options.server.off('upgrade', this.#onUpgrade);
    this.#webSockets.close();
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', ignore);
    const refusal = this.#refusal(request);
    if (refusal === undefined) {
      this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket, request));
    } else if (refusal === 'not_found') {
      respond(socket, 404, 'WebSockets are served at /ws.');
    } else {
      this.#counters.errors.set(refusal.code, (this.#counters.errors.get(refusal.code) ?? 0) + 1);
      this.#options.log.debug({ code: refusal.code, origin: request.headers.origin }, 'websocket refused');
      respond(socket, refusal.kind.httpStatus, refusal.message);
    }
  };

  #refusal(request: IncomingMessage): AppError | 'not_found' | undefined {
    const [path] = (request.url ?? '').split('?');
    if (path !== PATH) return 'not_found';
    if (this.#closing !== undefined) return new AppError('server_closing');
    if (!isAllowedOrigin(request, this.#options.allowOrigins)) return new AppError('forbidden_origin');
    if (this.#sessions.size >= this.#options.limits.maxConnections) return new AppError('too_many_connections');
    return undefined;
  }

  #open(socket: WebSocket, request: IncomingMessage): void {
    const { registry, limits, iceServers, clock, log } = this.#options;
    log.debug({ address: request.socket.remoteAddress }, 'websocket opened');
    const session = new Session({
      socket,
      registry,
      limits,
      iceServers,
      counters: this.#counters,
      clock,
      log,
      onClosed: () => {
        this.#sessions.delete(session);
        if (this.#sessions.size === 0) this.#onLastClosed();
      },
    });
    this.#sessions.add(session);
  }
}

/**
 * Browsers let any page open a WebSocket to any server. Without this check a page on another site could listen in on
 * the rooms of a server that only its visitor can reach. Clients other than browsers send no `Origin`.
 */
function isAllowedOrigin({ headers: { origin, host } }: IncomingMessage, allowed: readonly string[]): boolean {
  if (origin === undefined || allowed.includes('*') || allowed.includes(origin)) return true;
  if (!URL.canParse(origin)) return false;
  const page = new URL(origin);
  const own = `${page.protocol}//${host}`;
  return URL.canParse(own) && new URL(own).host === page.host;
}

function respond(socket: Duplex, status: number, text: string): void {
  const body = `${text}\n`;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function ignore(): void {}

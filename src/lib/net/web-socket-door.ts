/** A path of the HTTP server at which some may open a WebSocket: who is let in is asked before the upgrade. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import type { Clock, Millis } from '../clock.ts';
import { AppError, toAppError } from '../errors.ts';
import { isAllowedHost } from './host-header.ts';
import { OpenSessions, type Session } from './open-sessions.ts';
import { refuseUpgradeWith } from './refuse-upgrade.ts';
import { decodedPart } from './url-part.ts';

export interface WebSocketDoorOptions<Admitted, Kind extends Session> {
  /** For the log: whose connections these are. */
  readonly name: string;
  /** Its first group is the name in the path. */
  readonly path: RegExp;
  readonly maxMessageBytes: number;
  readonly allowHosts: readonly string[];
  /**
   * Rejects with the reason to refuse the request.
   * @param name decoded; empty, which is the name of nothing, if its encoding is wrong
   */
  readonly admit: (request: IncomingMessage, name: string) => Promise<Admitted>;
  /** Makes the session of a new connection, which calls `onClosed` when it has ended. May throw `AppError`. */
  readonly open: (opened: OpenedWebSocket<Admitted>, onClosed: () => void) => Kind;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface OpenedWebSocket<Admitted> {
  readonly socket: WebSocket;
  /** The connection below it. */
  readonly connection: Duplex;
  readonly request: IncomingMessage;
  /** See `WebSocketDoorOptions.admit`. */
  readonly name: string;
  readonly admitted: Admitted;
}

const MAX_FRAGMENTS = 64;
const CLOSE_TIMEOUT_MS: Millis = 5000;
/** RFC 6455 section 7.4, registered: try again later. */
const TRY_AGAIN_LATER = 1013;

export class WebSocketDoor<Admitted, Kind extends Session> {
  readonly #options: WebSocketDoorOptions<Admitted, Kind>;
  readonly #webSockets: WebSocketServer;
  readonly #sessions: OpenSessions<Kind>;
  #isClosing = false;

  constructor(options: WebSocketDoorOptions<Admitted, Kind>) {
    this.#options = options;
    this.#sessions = new OpenSessions(options.clock);
    // The types of ws do not include all of these yet.
    const webSocketOptions: ServerOptions & { closeTimeout: number; maxFragments: number } = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: options.maxMessageBytes,
      maxFragments: MAX_FRAGMENTS,
      closeTimeout: CLOSE_TIMEOUT_MS,
    };
    this.#webSockets = new WebSocketServer(webSocketOptions);
  }

  /** Sessions that are open. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Takes a request for a WebSocket; false if its path is another. */
  readonly upgrade = (path: string, request: IncomingMessage, connection: Duplex, head: Buffer): boolean => {
    const match = this.#options.path.exec(path);
    if (match === null) return false;
    const name = decodedPart(match[1] ?? '') ?? '';
    void this.#admit(request, name).then(
      (admitted) => {
        if (connection.destroyed) return;
        this.#webSockets.handleUpgrade(request, connection, head, (socket) =>
          this.#open({ socket, connection, request, name, admitted }),
        );
      },
      (thrown: unknown) => this.#refuse(connection, thrown),
    );
    return true;
  };

  /** Refuses new connections, and cuts off those that stay longer than `graceMs`. */
  async close(graceMs: Millis): Promise<void> {
    this.#isClosing = true;
    await this.#sessions.close(graceMs);
    this.#webSockets.close();
  }

  async #admit(request: IncomingMessage, name: string): Promise<Admitted> {
    const { allowHosts, admit } = this.#options;
    if (!isAllowedHost(request.headers.host, allowHosts)) throw new AppError('unknown_host');
    const admitted = await admit(request, name);
    if (this.#isClosing) throw new AppError('server_closing');
    return admitted;
  }

  #open(opened: OpenedWebSocket<Admitted>): void {
    try {
      const session: Kind = this.#options.open(opened, () => this.#sessions.delete(session));
      this.#sessions.add(session);
    } catch (thrown) {
      const { socket } = opened;
      // A socket without a listener for errors would end the process.
      socket.on('error', () => {});
      socket.close(TRY_AGAIN_LATER, this.#toldError(thrown).code);
    }
  }

  #refuse(connection: Duplex, thrown: unknown): void {
    refuseUpgradeWith(connection, this.#toldError(thrown));
  }

  #toldError(thrown: unknown): AppError {
    const error = toAppError(thrown);
    const { log, name } = this.#options;
    if (error.code === 'admin_token_wrong') log.warn(`${name}: wrong token`);
    if (error.code === 'internal') log.error({ err: thrown }, `${name} connection failed`);
    return error;
  }
}

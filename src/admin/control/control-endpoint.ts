/** The WebSocket of game servers, `/api/v1/rooms/NAME/control`. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import type { Clock, Millis } from '../../lib/clock.ts';
import { AppError, toAppError } from '../../lib/errors.ts';
import { addressKey, type TrustedProxies } from '../../lib/net/client-address.ts';
import { isAllowedHost } from '../../lib/net/host-header.ts';
import { OpenSessions } from '../../lib/net/open-sessions.ts';
import { refuseUpgradeWith } from '../../lib/net/refuse-upgrade.ts';
import { decodedPart } from '../../lib/net/url-part.ts';
import type { LimitCounts } from '../../lib/rates/limit-counts.ts';
import type { RequestRate } from '../../lib/rates/request-rate.ts';
import { API_PATH } from '../../protocol/api/operations.ts';
import type { AccessControl } from '../../rooms/access.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';
import type { Room } from '../../rooms/room.ts';
import type { AdminAuth } from '../api/admin-auth.ts';
import { ControlSession } from './control-session.ts';

export interface ControlEndpointOptions {
  /** The admin token; empty: the API is off. */
  readonly token: string;
  readonly auth: AdminAuth;
  readonly access: AccessControl;
  readonly registry: RoomRegistry;
  readonly allowHosts: readonly string[];
  readonly proxies: TrustedProxies;
  /** Whether the operator sees addresses. */
  readonly showAddresses: boolean;
  /** Counts requests without a valid token. */
  readonly requests: RequestRate;
  readonly limitCounts: LimitCounts;
  readonly clock: Clock;
  readonly log: Logger;
}

const PATH = new RegExp(`^${API_PATH}/rooms/([^/]+)/control$`);
/** Enough for a thousand positions with names. */
const MAX_MESSAGE_BYTES = 262_144;
const MAX_FRAGMENTS = 64;
const CLOSE_TIMEOUT_MS = 5000;

export class ControlEndpoint {
  readonly #options: ControlEndpointOptions;
  readonly #webSockets: WebSocketServer;
  readonly #sessions: OpenSessions<ControlSession>;
  #isClosing = false;

  constructor(options: ControlEndpointOptions) {
    this.#options = options;
    this.#sessions = new OpenSessions(options.clock);
    // The types of ws do not include all of these yet.
    const webSocketOptions: ServerOptions & { closeTimeout: number; maxFragments: number } = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE_BYTES,
      maxFragments: MAX_FRAGMENTS,
      closeTimeout: CLOSE_TIMEOUT_MS,
    };
    this.#webSockets = new WebSocketServer(webSocketOptions);
  }

  /** Takes a request for a WebSocket; false if its path is another. */
  readonly upgrade = (path: string, request: IncomingMessage, socket: Duplex, head: Buffer): boolean => {
    const [, encoded] = PATH.exec(path) ?? [];
    if (encoded === undefined) return false;
    void this.#admit(request, encoded).then(
      (room) =>
        this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
          this.#open(webSocket, room, this.#options.proxies.clientOfRequest(request));
        }),
      (thrown: unknown) => this.#refuse(socket, thrown),
    );
    return true;
  };

  /** Refuses new connections, and cuts off those that stay longer than `graceMs`. */
  async close(graceMs: Millis): Promise<void> {
    this.#isClosing = true;
    await this.#sessions.close(graceMs);
    this.#webSockets.close();
  }

  /** Rejects with the reason to refuse the request. */
  async #admit(request: IncomingMessage, encoded: string): Promise<Room> {
    const { token, auth, access, registry, allowHosts, proxies, requests } = this.#options;
    const { host, authorization } = request.headers;
    if (!isAllowedHost(host, allowHosts)) throw new AppError('unknown_host');
    // A name with a wrong encoding belongs to no room.
    const name = decodedPart(encoded) ?? '';
    try {
      if (token === '') throw new AppError('api_off');
      await auth.check(authorization, addressKey(proxies.clientOfRequest(request)), (other) =>
        access.isControlToken(other, name),
      );
    } catch (error) {
      requests.take(request);
      throw error;
    }
    if (this.#isClosing) throw new AppError('server_closing');
    return registry.room(name);
  }

  #open(socket: WebSocket, room: Room, address: string): void {
    const { limitCounts, clock, log, showAddresses } = this.#options;
    try {
      const session = new ControlSession({
        ...{ socket, room, limitCounts, clock, log },
        onClosed: () => this.#sessions.delete(session),
      });
      this.#sessions.add(session);
      log.info({ room: room.name, address: showAddresses ? address : null }, 'game server connected');
    } catch (thrown) {
      const { code } = toAppError(thrown);
      socket.close(1013, code);
    }
  }

  #refuse(socket: Duplex, thrown: unknown): void {
    const error = toAppError(thrown);
    const { log } = this.#options;
    if (error.code === 'admin_token_wrong') log.warn('control: wrong token');
    if (error.code === 'internal') log.error({ err: thrown }, 'control connection failed');
    refuseUpgradeWith(socket, error);
  }
}

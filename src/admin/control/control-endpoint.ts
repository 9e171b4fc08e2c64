/** The WebSocket of game servers, `/api/v1/rooms/NAME/control`. */
import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type { Clock, Millis } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import { addressKey, type TrustedProxies } from '../../lib/net/client-address.ts';
import { WebSocketDoor } from '../../lib/net/web-socket-door.ts';
import type { LimitCounts } from '../../lib/rates/limit-counts.ts';
import type { RequestRate } from '../../lib/rates/request-rate.ts';
import { API_PATH } from '../../protocol/api/operations.ts';
import type { AccessControl } from '../../rooms/access.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';
import type { Room } from '../../rooms/room.ts';
import type { AdminAuth } from '../api/admin-auth.ts';
import { ControlSession } from './control-session.ts';

export interface ControlEndpointOptions {
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

export class ControlEndpoint {
  readonly #options: ControlEndpointOptions;
  readonly #door: WebSocketDoor<Room, ControlSession>;

  constructor(options: ControlEndpointOptions) {
    const { allowHosts, proxies, showAddresses, limitCounts, clock, log } = options;
    this.#options = options;
    this.#door = new WebSocketDoor({
      name: 'control',
      path: PATH,
      maxMessageBytes: MAX_MESSAGE_BYTES,
      allowHosts,
      clock,
      log,
      admit: (request, name) => this.#admit(request, name),
      open: ({ socket, request, admitted: room }, onClosed) => {
        const session = new ControlSession({ socket, room, limitCounts, clock, log, onClosed });
        const address = showAddresses ? proxies.clientOfRequest(request) : null;
        log.info({ room: room.name, address }, 'game server connected');
        return session;
      },
    });
  }

  /** See `WebSocketDoor`. */
  get upgrade(): WebSocketDoor<Room, ControlSession>['upgrade'] {
    return this.#door.upgrade;
  }

  close(graceMs: Millis): Promise<void> {
    return this.#door.close(graceMs);
  }

  /** Rejects with the reason to refuse the request. */
  async #admit(request: IncomingMessage, name: string): Promise<Room> {
    const { auth, access, registry, proxies, requests } = this.#options;
    try {
      if (auth.isOff) throw new AppError('api_off');
      await auth.check(request.headers.authorization, addressKey(proxies.clientOfRequest(request)), (other) =>
        access.isControlToken(other, name),
      );
    } catch (error) {
      requests.take(request);
      throw error;
    }
    return registry.room(name);
  }
}

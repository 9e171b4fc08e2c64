/** The WebSocket of bots, `/api/v1/rooms/NAME/endpoint`. */
import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type { Clock, Millis } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import { addressKey, type TrustedProxies } from '../../lib/net/client-address.ts';
import { WebSocketDoor } from '../../lib/net/web-socket-door.ts';
import type { LimitCounts } from '../../lib/rates/limit-counts.ts';
import type { RequestRate } from '../../lib/rates/request-rate.ts';
import { API_PATH } from '../../protocol/api/operations.ts';
import type { AddressLimits } from '../../rooms/address-limits.ts';
import type { Admission } from '../../rooms/admission.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';
import { MAX_FRAME_LENGTH } from '../sound-frame.ts';
import type { FrameCodec } from './codec.ts';
import { BotSession } from './session.ts';

export interface BotEndpointOptions {
  /** 0: bots are off. */
  readonly maxBots: number;
  /** Checks the header `Authorization`; rejects if it has neither the admin token nor one that `accepts` takes. */
  readonly check: (
    authorization: string | undefined,
    addressKey: string,
    accepts: (token: string) => Promise<boolean>,
  ) => Promise<unknown>;
  readonly registry: RoomRegistry;
  readonly addresses: AddressLimits;
  readonly allowHosts: readonly string[];
  readonly proxies: TrustedProxies;
  readonly showAddresses: boolean;
  /** Loaded for the first bot: the main thread needs no codec otherwise. */
  readonly loadCodec: () => Promise<FrameCodec>;
  /** Counts requests without a valid token. */
  readonly requests: RequestRate;
  readonly limitCounts: LimitCounts;
  readonly clock: Clock;
  readonly log: Logger;
}

const PATH = new RegExp(`^${API_PATH}/rooms/([^/]+)/endpoint$`);
/** Who has the admin token, which is no token of a room. */
const OPERATOR: Admission = { identity: null, name: null, maySpeak: true, mayModerate: false, mayChat: false };

interface AdmittedBot {
  readonly admission: Admission;
  readonly codec: FrameCodec;
}

export class BotEndpoint {
  readonly #options: BotEndpointOptions;
  readonly #door: WebSocketDoor<AdmittedBot, BotSession>;

  constructor(options: BotEndpointOptions) {
    const { allowHosts, proxies, showAddresses, clock, log } = options;
    this.#options = options;
    this.#door = new WebSocketDoor({
      name: 'bot',
      path: PATH,
      maxMessageBytes: MAX_FRAME_LENGTH,
      allowHosts,
      clock,
      log,
      admit: (request, room) => this.#admit(request, room),
      open: ({ socket, request, name: room, admitted }, onClosed) => {
        const client = proxies.clientOfRequest(request);
        const address = showAddresses ? client : null;
        return new BotSession({ ...options, ...admitted, socket, room, from: addressKey(client), address, onClosed });
      },
    });
  }

  get connections(): number {
    return this.#door.size;
  }

  /** See `WebSocketDoor`. */
  get upgrade(): WebSocketDoor<AdmittedBot, BotSession>['upgrade'] {
    return this.#door.upgrade;
  }

  close(graceMs: Millis): Promise<void> {
    return this.#door.close(graceMs);
  }

  /** Rejects with the reason to refuse the request. */
  async #admit(request: IncomingMessage, room: string): Promise<AdmittedBot> {
    const { check, registry, addresses, proxies, requests, maxBots, limitCounts, loadCodec } = this.#options;
    if (maxBots === 0) throw new AppError('bots_off');
    const client = proxies.clientOfRequest(request);
    const from = addressKey(client);
    addresses.checkBan(client);
    let admission = OPERATOR;
    try {
      await check(request.headers.authorization, from, async (token) => {
        admission = await registry.admit({ room, token, from }, () => !request.socket.destroyed);
        if (admission.mayBeBot !== true) throw new AppError('not_allowed', 'This token is not for a bot.');
        return true;
      });
    } catch (error) {
      requests.take(request);
      throw error;
    }
    const codec = await loadCodec();
    if (this.#door.size >= maxBots) {
      limitCounts.hit('bots');
      throw new AppError('too_many_connections');
    }
    // Each tells everybody in the room that it comes, listens and leaves.
    addresses.join(from, false);
    return { admission, codec };
  }
}

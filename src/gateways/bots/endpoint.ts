/** The WebSocket of bots, `/api/v1/rooms/NAME/endpoint`. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { type ServerOptions, WebSocketServer } from 'ws';
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
import type { AddressLimits } from '../../rooms/address-limits.ts';
import type { Admission } from '../../rooms/admission.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';
import type { FrameCodec } from './codec.ts';
import { MAX_FRAME_LENGTH } from './frame.ts';
import { BotSession } from './session.ts';

export interface BotEndpointOptions {
  /** 0: bots are off. */
  readonly maxBots: number;
  /** Checks the header `Authorization`; rejects if it has neither the admin token nor one that `accepts` takes. */
  readonly check: (
    authorization: string | undefined,
    addressKey: string,
    accepts: (token: string) => Promise<boolean>,
  ) => Promise<void>;
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
const MAX_FRAGMENTS = 64;
const CLOSE_TIMEOUT_MS = 5000;
/** Who has the admin token, which is no token of a room. */
const OPERATOR: Admission = { identity: null, name: null, maySpeak: true, mayModerate: false, mayChat: false };

export class BotEndpoint {
  readonly #options: BotEndpointOptions;
  readonly #webSockets: WebSocketServer;
  readonly #sessions: OpenSessions<BotSession>;
  #isClosing = false;

  constructor(options: BotEndpointOptions) {
    this.#options = options;
    this.#sessions = new OpenSessions(options.clock);
    // The types of ws do not include all of these yet.
    const webSocketOptions: ServerOptions & { closeTimeout: number; maxFragments: number } = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: MAX_FRAME_LENGTH,
      maxFragments: MAX_FRAGMENTS,
      closeTimeout: CLOSE_TIMEOUT_MS,
    };
    this.#webSockets = new WebSocketServer(webSocketOptions);
  }

  get connections(): number {
    return this.#sessions.size;
  }

  /** Takes a request for a WebSocket; false if its path is another. */
  readonly upgrade = (path: string, request: IncomingMessage, socket: Duplex, head: Buffer): boolean => {
    const [, encoded] = PATH.exec(path) ?? [];
    if (encoded === undefined) return false;
    // A name with a wrong encoding is the name of no room.
    const room = decodedPart(encoded) ?? '';
    void this.#admit(request, room).then(
      ({ admission, codec }) => {
        if (socket.destroyed) return;
        this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
          const { proxies, showAddresses } = this.#options;
          const client = proxies.clientOfRequest(request);
          const session: BotSession = new BotSession({
            ...this.#options,
            ...{ socket: webSocket, room, admission, codec, from: addressKey(client) },
            address: showAddresses ? client : null,
            onClosed: () => this.#sessions.delete(session),
          });
          this.#sessions.add(session);
        });
      },
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
  async #admit(request: IncomingMessage, room: string): Promise<{ admission: Admission; codec: FrameCodec }> {
    const { check, registry, addresses, allowHosts, proxies, requests, maxBots, limitCounts, loadCodec } =
      this.#options;
    const { host, authorization } = request.headers;
    if (!isAllowedHost(host, allowHosts)) throw new AppError('unknown_host');
    if (maxBots === 0) throw new AppError('bots_off');
    const from = addressKey(proxies.clientOfRequest(request));
    let admission = OPERATOR;
    try {
      await check(authorization, from, async (token) => {
        admission = await registry.admit({ room, token, from }, () => !request.socket.destroyed);
        if (admission.mayBeBot !== true) throw new AppError('not_allowed', 'This token is not for a bot.');
        return true;
      });
    } catch (error) {
      requests.take(request);
      throw error;
    }
    const codec = await loadCodec();
    if (this.#isClosing) throw new AppError('server_closing');
    if (this.#sessions.size >= maxBots) {
      limitCounts.hit('bots');
      throw new AppError('too_many_connections');
    }
    // Each tells everybody in the room that it comes, listens and leaves.
    addresses.join(from, false);
    return { admission, codec };
  }

  #refuse(socket: Duplex, thrown: unknown): void {
    const error = toAppError(thrown);
    const { log } = this.#options;
    if (error.code === 'admin_token_wrong') log.warn('bot: wrong token');
    if (error.code === 'internal') log.error({ err: thrown }, 'bot connection failed');
    refuseUpgradeWith(socket, error);
  }
}

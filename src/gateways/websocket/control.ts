/** The WebSocket at `/media`: sound of participants for whom WebRTC does not get through. */
import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import { addressKey, type TrustedProxies } from '../../lib/net/client-address.ts';
import { WebSocketDoor } from '../../lib/net/web-socket-door.ts';
import type { LimitCounts } from '../../lib/rates/limit-counts.ts';
import type { AddressLimits } from '../../rooms/address-limits.ts';
import type { Participant } from '../../rooms/participant.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';
import { MediaLeg } from './media-leg.ts';
import { type MediaSocketCounters, MediaSocketSession } from './session.ts';

export interface MediaSocketsOptions {
  readonly isOn: boolean;
  readonly registry: RoomRegistry;
  readonly addresses: AddressLimits;
  readonly maxConnections: number;
  /** Of one text message; those with sound are shorter. */
  readonly maxMessageBytes: number;
  readonly allowHosts: readonly string[];
  readonly proxies: TrustedProxies;
  readonly limitCounts: LimitCounts;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface MediaSocketFigures extends MediaSocketCounters {
  readonly sockets: number;
  readonly participants: number;
}

const PATH = /^\/media$/;
const LOOK_EVERY_MS: Millis = 1000;

export class MediaSockets {
  readonly #options: MediaSocketsOptions;
  readonly #door: WebSocketDoor<undefined, MediaSocketSession>;
  readonly #sessions = new Set<MediaSocketSession>();
  readonly #legs = new Map<Participant, MediaLeg>();
  readonly #counters: MediaSocketCounters = { framesIn: 0, framesOut: 0, framesDropped: 0 };
  #cancelLook: Cancel | undefined;

  constructor(options: MediaSocketsOptions) {
    const { allowHosts, maxMessageBytes, addresses, proxies, limitCounts, clock, log } = options;
    this.#options = options;
    this.#door = new WebSocketDoor({
      name: 'media',
      path: PATH,
      maxMessageBytes,
      allowHosts,
      clock,
      log,
      admit: async (request) => this.#admit(request),
      open: ({ socket, connection, request }, onClosed) => {
        const address = addressKey(proxies.clientOfRequest(request));
        const addressClosed = addresses.opened(address);
        const session: MediaSocketSession = new MediaSocketSession({
          socket,
          connection,
          counters: this.#counters,
          limitCounts,
          clock,
          log,
          client: { address, isRemote: proxies.isRemote(request) },
          legOf: (room, resumeToken) => this.#legOf(room, resumeToken),
          onClosed: () => {
            addressClosed();
            this.#sessions.delete(session);
            onClosed();
          },
        });
        this.#sessions.add(session);
        this.#lookSoon();
        return session;
      },
    });
  }

  get figures(): MediaSocketFigures {
    return { ...this.#counters, sockets: this.#sessions.size, participants: this.#legs.size };
  }

  /** See `WebSocketDoor`. */
  readonly upgrade: WebSocketDoor<undefined, MediaSocketSession>['upgrade'] = (...upgrade) =>
    this.#options.isOn && this.#door.upgrade(...upgrade);

  async close(graceMs: Millis): Promise<void> {
    await this.#door.close(graceMs);
    this.#cancelLook?.();
  }

  #admit(request: IncomingMessage): undefined {
    const { addresses, proxies, maxConnections, limitCounts } = this.#options;
    if (this.#sessions.size >= maxConnections) {
      limitCounts.hit('connections');
      throw new AppError('too_many_connections');
    }
    addresses.connect(addressKey(proxies.clientOfRequest(request)));
    return undefined;
  }

  #legOf(room: string, resumeToken: string): MediaLeg {
    const participant = this.#options.registry.holder(room, resumeToken);
    const known = this.#legs.get(participant);
    if (known !== undefined) return known;
    const leg = new MediaLeg(participant, this.#options.clock);
    this.#legs.set(participant, leg);
    return leg;
  }

  /** One timer for all, and none while there is nobody. */
  #lookSoon(): void {
    const { clock } = this.#options;
    this.#cancelLook ??= clock.setTimer(clock.now() + LOOK_EVERY_MS, () => {
      this.#cancelLook = undefined;
      for (const session of this.#sessions) session.look();
      for (const [participant, leg] of this.#legs) if (!leg.look()) this.#legs.delete(participant);
      if (this.#sessions.size + this.#legs.size > 0) this.#lookSoon();
    });
  }
}

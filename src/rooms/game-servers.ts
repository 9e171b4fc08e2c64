/** The game servers that are connected to a room: what the room reports to them, and what happens without them. */
import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type { EndReason, LeaveReason } from './events.ts';
import { type Person, publicKeyOf } from './hearing.ts';
import type { RoomEndReason } from './ports.ts';

/** How long a room waits for its game server to come back. */
export const GONE_AFTER_MS = 5000;
/** Maximum number of connections to one room. */
const MAX_CONNECTED = 8;

/** A player by the identity of their join token, guests by their participant id, and a level in dBov. */
export type PlayerLevel = readonly [player: string, levelDbov: number];

/** One connection of a game server. */
export interface GameServer {
  joined(player: string, participantId: string): void;
  left(player: string, reason: LeaveReason | EndReason): void;
  /** Everybody who speaks now. */
  levels(speaking: readonly PlayerLevel[]): void;
  /** The room is closed. */
  closed(reason: RoomEndReason): void;
}

export interface GameServersOptions {
  /** True: no game server has been connected for some time. False: one is connected again. */
  readonly onGone: (isGone: boolean) => void;
  readonly clock: Clock;
}

export class GameServers {
  readonly #options: GameServersOptions;
  readonly #connected = new Set<GameServer>();
  #speaking: readonly PlayerLevel[] = [];
  #cancelGone: Cancel = () => {};

  constructor(options: GameServersOptions) {
    this.#options = options;
  }

  /** Everybody who speaks now. */
  get speaking(): readonly PlayerLevel[] {
    return this.#speaking;
  }

  /** Throws `too_many_connections`. */
  connect(server: GameServer): void {
    if (this.#connected.size >= MAX_CONNECTED) {
      throw new AppError('too_many_connections', `The limit is ${MAX_CONNECTED} game servers per room.`);
    }
    this.#connected.add(server);
    this.#cancelGone();
    this.#options.onGone(false);
  }

  /**
   * The connection has ended; does nothing for one that is not known.
   *
   * @param heardMs when something was last heard from it
   */
  disconnect(server: GameServer, heardMs: Millis): void {
    if (!this.#connected.delete(server) || this.#connected.size > 0) return;
    const { clock, onGone } = this.#options;
    this.#cancelGone = clock.setTimer(Math.max(clock.now(), heardMs + GONE_AFTER_MS), () => onGone(true));
  }

  joined(person: Person): void {
    for (const server of this.#connected) server.joined(publicKeyOf(person), person.id);
  }

  left(person: Person, reason: LeaveReason | EndReason): void {
    for (const server of this.#connected) server.left(publicKeyOf(person), reason);
  }

  levels(speaking: readonly PlayerLevel[]): void {
    this.#speaking = speaking;
    for (const server of this.#connected) server.levels(speaking);
  }

  /** The room is closed. */
  close(reason: RoomEndReason): void {
    const connected = [...this.#connected];
    this.#connected.clear();
    this.#cancelGone();
    for (const server of connected) server.closed(reason);
  }
}

/** Which rooms are carried into which, so that no sound ever comes to a room on two ways. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { type Cancel, type Clock, isoTime, type Millis } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import type { ListenerEnd } from '../../rooms/listeners.ts';
import type { Room } from '../../rooms/room.ts';
import type { NewRoute, RoomRoutes, RouteInfo } from '../../rooms/routing.ts';
import { Route } from './route.ts';

/** Each is music for a room, of which it hears so many. */
const MAX_OF_ROOM = 4;
const MAX_IN_ALL = 100;
/** A worker that has died is replaced in this time. */
const RETRY_MS: Millis = 1000;
/** After these, it does not go on. */
const FINAL: ReadonlySet<ListenerEnd> = new Set(['left', 'ended', 'room_closed', 'server_closing']);

interface Entry {
  readonly id: string;
  readonly from: Room;
  readonly to: Room;
  readonly wanted: NewRoute;
  readonly sinceMs: Millis;
  /** Undefined while it waits for the next attempt. */
  route: Route | undefined;
  cancelRetry: Cancel;
}

export interface RoutesOptions {
  readonly clock: Clock;
  readonly log: Logger;
}

export class Routes implements RoomRoutes {
  readonly #options: RoutesOptions;
  readonly #all = new Map<string, Entry>();

  constructor(options: RoutesOptions) {
    this.#options = options;
  }

  start(from: Room, to: Room, wanted: NewRoute): RouteInfo {
    if (this.#isConnected(from, to)) throw new AppError('route_loop');
    const isFull = [from, to].some((room) => this.#of(room).length >= MAX_OF_ROOM);
    if (isFull || this.#all.size >= MAX_IN_ALL) throw new AppError('too_many_routes');
    const { clock, log } = this.#options;
    const id = randomUUID();
    const entry: Entry = { id, from, to, wanted, sinceMs: clock.wallNow(), route: undefined, cancelRetry: () => {} };
    this.#open(entry);
    this.#all.set(id, entry);
    log.info({ route: id, from: from.name, to: to.name, direction: wanted.direction }, 'route began');
    return infoOf(entry);
  }

  list(room: Room): readonly RouteInfo[] {
    return this.#of(room).map(infoOf);
  }

  end(room: Room, id: string): void {
    const entry = this.#of(room).find((each) => each.id === id);
    if (entry === undefined) throw new AppError('unknown_route');
    entry.route?.end('ended');
    this.#forget(entry, 'ended');
  }

  /** Ends those that wait; the others end with their rooms. */
  close(): void {
    for (const entry of [...this.#all.values()]) this.#forget(entry, 'server_closing');
  }

  #open(entry: Entry): void {
    const { from, to, wanted } = entry;
    entry.route = new Route({
      from,
      to,
      isMutual: wanted.direction === 'both',
      gainDb: wanted.gainDb,
      onEnded: (reason) => this.#ended(entry, reason),
    });
  }

  #ended(entry: Entry, reason: ListenerEnd): void {
    entry.route = undefined;
    if (FINAL.has(reason)) this.#forget(entry, reason);
    else this.#retry(entry);
  }

  #retry(entry: Entry): void {
    const { clock } = this.#options;
    entry.cancelRetry = clock.setTimer(clock.now() + RETRY_MS, () => {
      if (entry.from.players.isClosed || entry.to.players.isClosed) {
        this.#forget(entry, 'room_closed');
        return;
      }
      try {
        this.#open(entry);
      } catch {
        this.#retry(entry);
      }
    });
  }

  #forget(entry: Entry, reason: ListenerEnd): void {
    entry.cancelRetry();
    if (this.#all.delete(entry.id)) this.#options.log.info({ route: entry.id, reason }, 'route ended');
  }

  #of(room: Room): Entry[] {
    return [...this.#all.values()].filter(({ from, to }) => from === room || to === room);
  }

  /** Whether there is a way between them, in whatever direction: another one would make a loop, or an echo. */
  #isConnected(one: Room, other: Room): boolean {
    const reached = new Set([one]);
    for (const room of reached) {
      for (const { from, to } of this.#of(room)) {
        reached.add(from);
        reached.add(to);
      }
    }
    return reached.has(other);
  }
}

function infoOf({ id, from, to, wanted, sinceMs, route }: Entry): RouteInfo {
  return {
    id,
    from: from.name,
    to: to.name,
    direction: wanted.direction,
    gainDb: wanted.gainDb,
    since: isoTime(sinceMs),
    state: route === undefined ? 'failed' : 'connected',
  };
}

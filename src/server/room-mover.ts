/** A server of a cluster that drains gives its rooms to others, whose people hear each other meanwhile. */
import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import type { Room } from '../rooms/room.ts';

export interface RoomMoverOptions {
  readonly registry: RoomRegistry;
  /** See `ClusterDirectory.handOver`. */
  readonly handOver: (room: string) => Promise<string | undefined>;
  readonly clock: Clock;
}

/** How soon it is noticed that the server drains. Others have heard of that before they are asked to take rooms. */
const INTERVAL_MS: Millis = 500;
/** Each move makes all its people connect to the others at once. */
const ROOMS_AT_ONCE = 10;
/** Clients connect to the other server within a second, and let go of this one a second after that. */
const OVERLAP_MS: Millis = 5000;
const CHECK_MS: Millis = 250;
/** The server that was chosen may just have died. Then the next looks, once a second, find another one. */
const TRY_FOR_MS: Millis = 2000;
/** A server that is told to end does not wait longer for that. */
export const LEAVE_LIMIT_MS: Millis = 8000;

export class RoomMover {
  readonly #options: RoomMoverOptions;
  readonly #leaving = new Map<Room, Millis>();
  #cancel: Cancel = () => {};
  #closed = false;

  constructor(options: RoomMoverOptions) {
    this.#options = options;
  }

  /** From now on rooms are moved while the server drains. */
  start(): void {
    const { registry, clock } = this.#options;
    const waitMs = this.#leaving.size > 0 ? CHECK_MS : INTERVAL_MS;
    this.#cancel = clock.setTimer(clock.now() + waitMs, async () => {
      await this.#pass(registry.draining !== null);
      if (!this.#closed) this.start();
    });
  }

  /** The server is about to end: resolves when all rooms have moved that can. */
  async leave(): Promise<void> {
    const { registry, clock } = this.#options;
    this.close();
    registry.drain(null);
    const endMs = clock.now() + LEAVE_LIMIT_MS;
    let movedMs = clock.now();
    do {
      await this.#pass(true);
      if (this.#leaving.size > 0) movedMs = clock.now();
      const isOver = registry.figures.rooms === 0 || clock.now() - movedMs >= TRY_FOR_MS;
      if (this.#leaving.size === 0 && isOver) return;
      await new Promise<void>((resolve) => clock.setTimer(clock.now() + CHECK_MS, resolve));
    } while (clock.now() < endMs);
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  async #pass(isDraining: boolean): Promise<void> {
    const { registry, clock } = this.#options;
    const nowMs = clock.now();
    for (const [room, endMs] of this.#leaving) {
      if (room.size > 0 && nowMs < endMs) continue;
      this.#leaving.delete(room);
      // Whoever was not led away is told to come again, and then is.
      room.close('server_closing');
    }
    if (!isDraining) return;
    const rooms = [...registry.rooms].sort((a, b) => a.size - b.size);
    await Promise.all(rooms.slice(0, ROOMS_AT_ONCE - this.#leaving.size).map((room) => this.#move(room)));
  }

  async #move({ key }: Room): Promise<void> {
    const { registry, handOver, clock } = this.#options;
    const url = await handOver(key);
    const room = url === undefined ? undefined : registry.leadAway(key, url);
    if (room !== undefined) this.#leaving.set(room, clock.now() + OVERLAP_MS);
  }
}

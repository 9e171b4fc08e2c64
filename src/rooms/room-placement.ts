/** Whether a room that somebody wants is at this server. */
import type { Clock, Millis } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type { Directory } from './ports.ts';

/** Whoever joins while it is not known who has the room waits for this long, rather than being refused. */
const PATIENCE_MS: Millis = 6000;

export class RoomPlacement {
  readonly #directory: Directory;
  readonly #clock: Clock;

  constructor(directory: Directory, clock: Clock) {
    this.#directory = directory;
    this.#clock = clock;
  }

  /**
   * Resolves if the room is here, or is to be. Rejects with `AppError` `room_elsewhere`, or `server_busy` if nobody can
   * say where. `isWanted`: whether the client is still there.
   */
  async place(key: string, isWanted: () => boolean): Promise<void> {
    const endMs = this.#clock.now() + PATIENCE_MS;
    for (;;) {
      const placement = await this.#directory.place(key);
      if (placement.at === 'here' || !isWanted()) return;
      if (placement.at === 'elsewhere') throw new AppError('room_elsewhere', undefined, { url: placement.url });
      const { retryAfterMs } = placement;
      if (this.#clock.now() + retryAfterMs > endMs) throw new AppError('server_busy', undefined, { retryAfterMs });
      await new Promise<void>((resolve) => this.#clock.setTimer(this.#clock.now() + retryAfterMs, resolve));
    }
  }

  opened(key: string): void {
    this.#directory.opened(key);
  }

  released(key: string): void {
    this.#directory.released(key);
  }
}

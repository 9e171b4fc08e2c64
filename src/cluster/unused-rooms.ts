/** Rooms that others have placed at this node, and that nobody has entered: their clients never came. */
import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import type { Engine } from './engine.ts';

export interface UnusedRoomsOptions {
  readonly engine: Pick<Engine, 'someOwned' | 'release'>;
  /** This node. */
  readonly node: string;
  /** See `ClusterDirectory.concerns`. */
  readonly concerns: (room: string) => boolean;
  /** The engine's time. */
  readonly nowMs: () => Millis;
  readonly clock: Clock;
}

/** Nothing waits for it. */
const INTERVAL_MS: Millis = 30_000;
/** While many are unused: anybody may ask for rooms by names that they make up. */
const SOON_MS: Millis = 1000;
/** Longer than clients are on their way. */
const UNUSED_FOR_MS: Millis = 30_000;

export class UnusedRooms {
  readonly #options: UnusedRoomsOptions;
  #cancel: Cancel = () => {};
  #closed = false;

  constructor(options: UnusedRoomsOptions) {
    this.#options = options;
  }

  /** From now on the engine forgets them within about a minute. */
  start(afterMs = INTERVAL_MS): void {
    const { clock } = this.#options;
    this.#cancel = clock.setTimer(clock.now() + afterMs, async () => {
      const areMany = await this.#look().catch(() => false);
      if (!this.#closed) this.start(areMany ? SOON_MS : INTERVAL_MS);
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  /** Whether most of what was looked at was unused. Rejects with `EngineDown`. */
  async #look(): Promise<boolean> {
    const { engine, node, concerns, nowMs } = this.#options;
    const found = await engine.someOwned(node);
    // An epoch is at least the engine's time when the room was placed.
    const placedUntilMs = nowMs() - UNUSED_FOR_MS;
    const unused = [...found].filter(([room, epoch]) => epoch <= placedUntilMs && !concerns(room));
    if (this.#closed) return false;
    await Promise.all(unused.map(([room, epoch]) => engine.release(room, { node, epoch })));
    return 2 * unused.length > found.size;
  }
}

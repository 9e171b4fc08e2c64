/** Rooms that others have placed at this node, and that nobody has entered: their clients never came. */
import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import type { Engine } from './engine.ts';

export interface UnusedRoomsOptions {
  readonly engine: Pick<Engine, 'someOwned' | 'release'>;
  /** This node. */
  readonly node: string;
  /** See `ClusterDirectory.concerns`. */
  readonly concerns: (room: string) => boolean;
  readonly clock: Clock;
}

/** Nothing waits for it. */
const INTERVAL_MS: Millis = 30_000;

export class UnusedRooms {
  readonly #options: UnusedRoomsOptions;
  /** Those that were unused at the last look, with their epochs. */
  #before: ReadonlyMap<string, number> = new Map();
  #cancel: Cancel = () => {};
  #closed = false;

  constructor(options: UnusedRoomsOptions) {
    this.#options = options;
  }

  /** From now on the engine forgets them within about a minute. */
  start(): void {
    const { clock } = this.#options;
    this.#cancel = clock.setTimer(clock.now() + INTERVAL_MS, async () => {
      await this.#look().catch(() => {});
      if (!this.#closed) this.start();
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  /** Rejects with `EngineDown`. */
  async #look(): Promise<void> {
    const { engine, node, concerns } = this.#options;
    const before = this.#before;
    this.#before = new Map();
    for (const [room, epoch] of before) if (!concerns(room)) await engine.release(room, { node, epoch });
    const found = await engine.someOwned(node);
    this.#before = new Map([...found].filter(([room]) => !concerns(room)));
  }
}

import type { Prng } from '../../test/helpers/prng.ts';
import type { Driver } from './driver.ts';
import type { ServerUnderTest } from './server-under-test.ts';

export const ROOMS = ['soak-a', 'soak-b', 'soak-c'] as const;

/** Tracks who is present, and decides what they do next. */
export class Crowd {
  joins = 0;
  readonly #driver: Driver;
  readonly #server: ServerUnderTest;
  readonly #most: number;
  readonly #prng: Prng;
  readonly #sizes = new Map<string, number>(ROOMS.map((room) => [room, 0]));

  constructor(driver: Driver, server: ServerUnderTest, most: number, prng: Prng) {
    this.#driver = driver;
    this.#server = server;
    this.#most = most;
    this.#prng = prng;
  }

  get size(): number {
    return [...this.#sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  /** One event: half of the time somebody joins, while there is room; otherwise somebody present does something. */
  async next(): Promise<void> {
    const room = ROOMS[this.#below(ROOMS.length)]!;
    const size = this.#sizes.get(room)!;
    if (size === 0 || (this.size < this.#most && this.#prng() < 0.5)) {
      await this.#join(room);
      return;
    }
    const index = this.#below(size);
    const action = (['speak', 'fall-silent', 'mute', 'unmute', 'leave', 'reconnect'] as const)[this.#below(6)]!;
    const leaves = action === 'leave' || action === 'reconnect';
    await this.#driver.ask({ type: 'act', room, index, action: leaves ? 'leave' : action });
    if (leaves) this.#sizes.set(room, size - 1);
    if (action === 'reconnect') await this.#join(room);
  }

  async leave(): Promise<void> {
    await this.#driver.ask({ type: 'leave' });
    for (const room of ROOMS) this.#sizes.set(room, 0);
  }

  async #join(room: string): Promise<void> {
    const { kind, webSocketUrl: url } = this.#server;
    await this.#driver.ask({ type: 'join', room, server: kind, url, count: 1, perSecond: 1000 });
    this.#sizes.set(room, this.#sizes.get(room)! + 1);
    this.joins++;
  }

  #below(count: number): number {
    return Math.floor(this.#prng() * count);
  }
}

import type { Clock, Millis } from '../lib/clock.ts';

const MAX_BANS = 10_000;

/** Who may not come back into a room for a while, by the identity of their tokens. */
export class BanList {
  readonly #clock: Clock;
  /** Room and identity → the end, in monotonic time; the oldest first. */
  readonly #endsMs = new Map<string, Millis>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ban(room: string, identity: string, durationMs: Millis): void {
    const key = keyOf(room, identity);
    this.#endsMs.delete(key);
    if (this.#endsMs.size >= MAX_BANS) this.#makeRoom();
    this.#endsMs.set(key, this.#clock.now() + durationMs);
  }

  isBanned(room: string, identity: string): boolean {
    const key = keyOf(room, identity);
    const endMs = this.#endsMs.get(key);
    if (endMs === undefined) return false;
    if (this.#clock.now() < endMs) return true;
    this.#endsMs.delete(key);
    return false;
  }

  /** Forgets those that are over, or the oldest if none is. */
  #makeRoom(): void {
    const nowMs = this.#clock.now();
    for (const [key, endMs] of this.#endsMs) if (endMs <= nowMs) this.#endsMs.delete(key);
    const [oldest] = this.#endsMs.keys();
    if (this.#endsMs.size >= MAX_BANS && oldest !== undefined) this.#endsMs.delete(oldest);
  }
}

/** Names of rooms hold no space. */
function keyOf(room: string, identity: string): string {
  return `${room} ${identity}`;
}

import type { Clock, Millis } from '../lib/clock.ts';

const MAX_BANS = 10_000;

/** Somebody who may not come back into a room for a while. */
export interface Ban {
  /** Of their token: what the ban goes by. */
  readonly identity: string;
  /** As whom they were known when it was made. */
  readonly name: string;
  /** The identity of the moderator who made it; null: the operator. */
  readonly by: string | null;
  /** In milliseconds since 1970, as `untilMs`. */
  readonly sinceMs: Millis;
  readonly untilMs: Millis;
}

interface Entry {
  readonly room: string;
  readonly ban: Ban;
}

/**
 * Who may not come back into a room for a while, by the identity of their tokens. It outlives the rooms. A ban ends by the wall clock, at the
 * time that people were told, also if the machine slept meanwhile.
 */
export class BanList {
  readonly #clock: Clock;
  /** By room and identity, the oldest first. */
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ban(room: string, { identity, name, by }: Pick<Ban, 'identity' | 'name' | 'by'>, durationMs: Millis): void {
    const key = keyOf(room, identity);
    this.#entries.delete(key);
    if (this.#entries.size >= MAX_BANS) this.#makeRoom();
    const sinceMs = this.#clock.wallNow();
    this.#entries.set(key, { room, ban: { identity, name, by, sinceMs, untilMs: sinceMs + durationMs } });
  }

  isBanned(room: string, identity: string): boolean {
    const key = keyOf(room, identity);
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    if (this.#clock.wallNow() < entry.ban.untilMs) return true;
    this.#entries.delete(key);
    return false;
  }

  /** Those of one room that hold now, the oldest first. */
  list(room: string): Ban[] {
    const nowMs = this.#clock.wallNow();
    return Array.from(this.#entries.values())
      .filter((entry) => entry.room === room && nowMs < entry.ban.untilMs)
      .map(({ ban }) => ban);
  }

  /** They may come back at once; false if they may already. */
  lift(room: string, identity: string): boolean {
    return this.isBanned(room, identity) && this.#entries.delete(keyOf(room, identity));
  }

  /** Forgets those that are over, or the oldest if none is. */
  #makeRoom(): void {
    const nowMs = this.#clock.wallNow();
    for (const [key, { ban }] of this.#entries) if (ban.untilMs <= nowMs) this.#entries.delete(key);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size >= MAX_BANS && oldest !== undefined) this.#entries.delete(oldest);
  }
}

/** Names of rooms hold no space. */
function keyOf(room: string, identity: string): string {
  return `${room} ${identity}`;
}

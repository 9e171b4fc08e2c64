import type { Clock, Millis } from '../lib/clock.ts';

const MAX_BANS = 10_000;

/** A temporary ban from a room. */
export interface Ban {
  /** The banned identity, from the person's token. */
  readonly identity: string;
  /** Their name when they were banned. */
  readonly name: string;
  /** The identity of the moderator who banned them; null: the operator. */
  readonly by: string | null;
  /** Milliseconds since 1970, like `untilMs`. */
  readonly sinceMs: Millis;
  readonly untilMs: Millis;
}

interface Entry {
  readonly room: string;
  readonly ban: Ban;
}

/**
 * Temporary bans, by the identity in people's tokens. Bans outlive rooms. A ban ends at the announced wall-clock time,
 * even if the machine slept in between.
 */
export class BanList {
  readonly #clock: Clock;
  /** By room and identity, oldest first: until when those who were removed cannot return with a renewed token. */
  readonly #removed = new Map<string, Millis>();
  /** By room and identity, oldest first. */
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

  /** Tokens that this server has renewed for this person so far no longer admit them. */
  removed(room: string, identity: string, lifetimeMs: Millis): void {
    const key = keyOf(room, identity);
    this.#removed.delete(key);
    this.#removed.set(key, this.#clock.wallNow() + lifetimeMs);
    for (const [oldest, untilMs] of this.#removed) {
      if (untilMs > this.#clock.wallNow() && this.#removed.size <= MAX_BANS) break;
      this.#removed.delete(oldest);
    }
  }

  /** Whether somebody was removed while a token renewed before that could still be valid. */
  wasRemoved(room: string, identity: string): boolean {
    return this.#clock.wallNow() < (this.#removed.get(keyOf(room, identity)) ?? 0);
  }

  isBanned(room: string, identity: string): boolean {
    return this.remainingMs(room, identity) !== undefined;
  }

  /** How long the identity is still banned; undefined if it is not. */
  remainingMs(room: string, identity: string): Millis | undefined {
    const key = keyOf(room, identity);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const remainingMs = entry.ban.untilMs - this.#clock.wallNow();
    if (remainingMs > 0) return remainingMs;
    this.#entries.delete(key);
    return undefined;
  }

  /** The bans of one room that are in force, oldest first. */
  list(room: string): Ban[] {
    const nowMs = this.#clock.wallNow();
    return Array.from(this.#entries.values())
      .filter((entry) => entry.room === room && nowMs < entry.ban.untilMs)
      .map(({ ban }) => ban);
  }

  /** Ends a ban early; false if there is none. */
  lift(room: string, identity: string): boolean {
    return this.isBanned(room, identity) && this.#entries.delete(keyOf(room, identity));
  }

  /** Forgets expired bans, or the oldest if none has expired. */
  #makeRoom(): void {
    const nowMs = this.#clock.wallNow();
    for (const [key, { ban }] of this.#entries) if (ban.untilMs <= nowMs) this.#entries.delete(key);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size >= MAX_BANS && oldest !== undefined) this.#entries.delete(oldest);
  }
}

/** Keys of rooms contain no spaces. */
function keyOf(room: string, identity: string): string {
  return `${room} ${identity}`;
}

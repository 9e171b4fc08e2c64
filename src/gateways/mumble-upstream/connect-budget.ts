/**
 * How often this server connects to another Mumble server. Mumble's own server bans an address for 300 s that connects
 * more than ten times in 120 s, and counts connections that succeed.
 */
import type { Clock, Millis } from '../../lib/clock.ts';

const WINDOW_MS: Millis = 120_000;
/** A server that dies at that moment closes a connection in the same way, but not twice. */
const REFUSALS = 2;
/** How long a server does not let an address connect that it has banned by itself. */
const BANNED_MS: Millis = 300_000;

export class ConnectBudget {
  readonly #perWindow: number;
  readonly #clock: Clock;
  /** When the last connections began, oldest first. */
  readonly #begun: Millis[] = [];
  #bannedUntilMs: Millis = Number.NEGATIVE_INFINITY;
  #refusals = 0;

  /** @param perWindow connections in 120 s, at least 1 */
  constructor(perWindow: number, clock: Clock) {
    this.#perWindow = perWindow;
    this.#clock = clock;
  }

  /** The server refuses this address. */
  get isBanned(): boolean {
    return this.#clock.now() < this.#bannedUntilMs;
  }

  /**
   * Whether one more connection may begin now; if so, counts it.
   * @param spare connections that must be left afterwards, for those that are more important
   */
  take(spare = 0): boolean {
    const nowMs = this.#clock.now();
    while (this.#begun.length > 0 && nowMs - this.#begun[0]! >= WINDOW_MS) this.#begun.shift();
    // With a budget of one, nothing can be spared.
    const limit = Math.max(1, this.#perWindow - spare);
    if (this.isBanned || this.#begun.length >= limit) return false;
    this.#begun.push(nowMs);
    return true;
  }

  /** A connection was closed before anything was said, which is how a server refuses an address. */
  refused(): void {
    this.#refusals++;
    if (this.#refusals < REFUSALS) return;
    this.#refusals = 0;
    this.#bannedUntilMs = this.#clock.now() + BANNED_MS;
  }

  /** The server has let somebody in. */
  accepted(): void {
    this.#refusals = 0;
  }
}

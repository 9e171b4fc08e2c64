/**
 * Names for our clients on another Mumble server. A client takes the place of another one from the same address with
 * the same name there, so each of our names must be ours alone.
 */
import type { Clock, Millis } from '../../lib/clock.ts';

/** What Mumble's own server takes in a name unless its operator says otherwise. */
const NOT_TAKEN = /[^-=\p{L}\p{N}\p{M}_[\]{}()@|.]/gu;
const MAX_LENGTH = 64;
const NAMELESS = 'Guest';
/** Its password is asked for. */
const RESERVED = 'superuser';

/** After a client has gone, others on the server learn of it so late at most. */
const KNOWN_MS: Millis = 5000;

export class ServerNames {
  readonly #clock: Clock;
  /** In lower case. */
  readonly #ours = new Set<string>();
  /** When they were released, the first one first. */
  readonly #released = new Map<string, Millis>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * A name like the wanted one that nobody has, which is ours until it is released.
   * @param isTaken by somebody on the server
   */
  take(wanted: string, isTaken: (lowerCase: string) => boolean): string {
    const plain = wanted.replaceAll(/\s+/g, '_').replace(NOT_TAKEN, '').slice(0, MAX_LENGTH) || NAMELESS;
    let name = plain;
    for (let n = 2; this.#isTaken(name.toLowerCase(), isTaken); n++) name = `${plain}(${n})`;
    this.#ours.add(name.toLowerCase());
    return name;
  }

  /** @param wasIn the server had let in the client; otherwise it may be somebody else there who has the name */
  release(name: string, wasIn: boolean): void {
    const key = name.toLowerCase();
    if (!this.#ours.delete(key) || !wasIn) return;
    this.#released.delete(key);
    this.#released.set(key, this.#clock.now());
  }

  /** Whether a user with this name is, or was a moment ago, one of our clients. */
  isOurs(name: string): boolean {
    const key = name.toLowerCase();
    const nowMs = this.#clock.now();
    for (const [released, atMs] of this.#released) {
      if (nowMs - atMs < KNOWN_MS) break;
      this.#released.delete(released);
    }
    return this.#ours.has(key) || this.#released.has(key);
  }

  #isTaken(key: string, isTaken: (lowerCase: string) => boolean): boolean {
    return key === RESERVED || this.#ours.has(key) || isTaken(key);
  }
}

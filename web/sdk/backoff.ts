import type { Environment } from './environment.ts';

/** Delay before the first, second, ... attempt. */
const DELAYS_MS: readonly number[] = [300, 1000, 2000, 3000, 5000, 5000, 5000, 10_000];
/** Before all further ones. */
const LAST_DELAY_MS = 15_000;
/** A connection that lasted this long has worked: the next loss starts with the short delays again. */
const STABLE_MS = 10_000;

/** Counts attempts at something that may be lost repeatedly, and decides how long to wait before the next. */
export class Backoff {
  readonly #environment: Pick<Environment, 'now' | 'random'>;
  #attempt = 0;
  /** NaN while it does not. */
  #sinceMs = Number.NaN;

  constructor(environment: Pick<Environment, 'now' | 'random'>) {
    this.#environment = environment;
  }

  /** Attempts since it last worked for a while; 0 before the first loss. */
  get attempt(): number {
    return this.#attempt;
  }

  /** The last attempt worked. */
  succeeded(): void {
    this.#sinceMs ||= this.#environment.now();
  }

  /**
   * The connection was lost, or the attempt failed: returns the milliseconds to wait before the next one, at least
   * `atLeastMs`. Up to half of the delay is added at random, so that the participants of a restarted server do not all
   * come back at the same moment.
   */
  lost(atLeastMs = 0): number {
    if (this.#environment.now() - this.#sinceMs >= STABLE_MS) this.#attempt = 0;
    this.#sinceMs = Number.NaN;
    const delayMs = DELAYS_MS[this.#attempt++] ?? LAST_DELAY_MS;
    return Math.round(Math.max(delayMs, atLeastMs) * (1 + this.#environment.random() / 2));
  }
}

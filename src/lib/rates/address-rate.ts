import { RateLimiterMemory } from 'rate-limiter-flexible';
import { AppError } from '../errors.ts';

const WINDOW_SECONDS = 60;
/** Those that have been quiet the longest are forgotten first, and begin anew. */
const MAX_REMEMBERED = 20_000;

/**
 * So much of something from each address, as `addressKey` writes it, in each minute that begins with its first; 0: any number.
 * The library tells the time by itself.
 */
export class AddressRate {
  readonly #limiter: RateLimiterMemory | undefined;
  readonly #onRefused: () => void;
  /** Least recent first. */
  readonly #keys = new Set<string>();

  /** `onRefused` is told each time that something is too much. */
  constructor(perMinute: number, onRefused: () => void = () => {}) {
    this.#onRefused = onRefused;
    if (perMinute > 0) this.#limiter = new RateLimiterMemory({ points: perMinute, duration: WINDOW_SECONDS });
  }

  /** How many addresses are remembered. */
  get size(): number {
    return this.#keys.size;
  }

  /** Counts one more; rejects with `rate_limited` if that was too much. */
  async take(key: string): Promise<void> {
    if (this.#limiter === undefined) return;
    this.#remember(key, this.#limiter);
    const { consumedPoints, msBeforeNext } = await this.#limiter.penalty(key);
    if (consumedPoints > this.#limiter.points) throw this.#refusal(msBeforeNext);
  }

  /** Rejects with `rate_limited` if one more would be too much. */
  async check(key: string): Promise<void> {
    const state = await this.#limiter?.get(key);
    if (state != null && state.remainingPoints <= 0) throw this.#refusal(state.msBeforeNext);
  }

  close(): void {
    // Each has a timer.
    for (const key of this.#keys) void this.#limiter?.delete(key);
    this.#keys.clear();
  }

  #refusal(msBeforeNext: number): AppError {
    this.#onRefused();
    return new AppError('rate_limited', undefined, { retryAfterMs: Math.max(1, Math.ceil(msBeforeNext)) });
  }

  #remember(key: string, limiter: RateLimiterMemory): void {
    this.#keys.delete(key);
    this.#keys.add(key);
    if (this.#keys.size <= MAX_REMEMBERED) return;
    const [oldest] = this.#keys;
    if (oldest === undefined) return;
    this.#keys.delete(oldest);
    void limiter.delete(oldest);
  }
}

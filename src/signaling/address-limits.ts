import { RateLimiterMemory } from 'rate-limiter-flexible';
import { AppError } from '../lib/errors.ts';

export interface AddressLimitsOptions {
  /** WebSocket connections of one address at the same time; 0: any number. */
  readonly maxConnectionsPerAddress: number;
  /** WebSocket connections, and joins, of one address in a minute; 0: any number. */
  readonly maxJoinsPerMinute: number;
  /** Wrong passwords and tokens of one address in a minute; 0: any number. */
  readonly maxFailedJoinsPerMinute: number;
}

const WINDOW_SECONDS = 60;
/** Of each kind. Those that have been quiet the longest are forgotten first, and begin anew. */
const MAX_REMEMBERED = 20_000;

/** What one address, as `addressKey` writes it, may do. */
export class AddressLimits {
  readonly #maxConnections: number;
  readonly #open = new Map<string, number>();
  readonly #connects: Rate;
  readonly #joins: Rate;
  readonly #failures: Rate;

  constructor({ maxConnectionsPerAddress, maxJoinsPerMinute, maxFailedJoinsPerMinute }: AddressLimitsOptions) {
    this.#maxConnections = maxConnectionsPerAddress;
    this.#connects = new Rate(maxJoinsPerMinute);
    this.#joins = new Rate(maxJoinsPerMinute);
    this.#failures = new Rate(maxFailedJoinsPerMinute);
  }

  /** Rejects with `rate_limited`, or with `too_many_connections` of this address. */
  async connect(key: string): Promise<void> {
    if (this.#maxConnections > 0 && (this.#open.get(key) ?? 0) >= this.#maxConnections)
      throw new AppError('too_many_connections', 'These are those of your address.');
    await this.#connects.take(key);
  }

  /** A connection stands until what this returns is called, once. */
  opened(key: string): () => void {
    this.#open.set(key, (this.#open.get(key) ?? 0) + 1);
    return () => {
      const left = (this.#open.get(key) ?? 1) - 1;
      if (left === 0) this.#open.delete(key);
      else this.#open.set(key, left);
    };
  }

  /** Rejects with `rate_limited`; `proves`: the join comes with a password or a token that may be wrong. */
  async join(key: string, proves: boolean): Promise<void> {
    await this.#joins.take(key);
    if (proves) await this.#failures.check(key);
  }

  /** The password or the token was wrong. */
  joinFailed(key: string): void {
    void this.#failures.take(key).catch(() => {});
  }

  /** How many addresses are remembered, with every kind counted by itself. */
  get remembered(): number {
    return this.#open.size + this.#connects.size + this.#joins.size + this.#failures.size;
  }

  close(): void {
    for (const rate of [this.#connects, this.#joins, this.#failures]) rate.close();
  }
}

/** So much of something in each minute that begins with its first. The library tells the time by itself. */
class Rate {
  readonly #limiter: RateLimiterMemory | undefined;
  /** Least recent first. */
  readonly #keys = new Set<string>();

  constructor(perMinute: number) {
    if (perMinute > 0) this.#limiter = new RateLimiterMemory({ points: perMinute, duration: WINDOW_SECONDS });
  }

  get size(): number {
    return this.#keys.size;
  }

  /** Counts one more; rejects with `rate_limited` if that was too much. */
  async take(key: string): Promise<void> {
    if (this.#limiter === undefined) return;
    this.#remember(key, this.#limiter);
    const { consumedPoints, msBeforeNext } = await this.#limiter.penalty(key);
    if (consumedPoints > this.#limiter.points) throw rateLimited(msBeforeNext);
  }

  /** Rejects with `rate_limited` if one more would be too much. */
  async check(key: string): Promise<void> {
    const state = await this.#limiter?.get(key);
    if (state != null && state.remainingPoints <= 0) throw rateLimited(state.msBeforeNext);
  }

  close(): void {
    // Each has a timer.
    for (const key of this.#keys) void this.#limiter?.delete(key);
    this.#keys.clear();
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

function rateLimited(msBeforeNext: number): AppError {
  return new AppError('rate_limited', undefined, { retryAfterMs: Math.max(1, Math.ceil(msBeforeNext)) });
}

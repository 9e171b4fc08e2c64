import type { Millis } from '../clock.ts';

/** Allows `perSecond` events on average and up to `burst` at once. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #updatedAt: Millis;

  constructor({ perSecond, burst, now }: { perSecond: number; burst: number; now: Millis }) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#updatedAt = now;
  }

  /** Whether one more event is allowed now. Does not count it. */
  has(now: Millis): boolean {
    return this.waitMs(now) === 0;
  }

  /** Time until one more event is allowed; 0 if it is allowed now. */
  waitMs(now: Millis): Millis {
    const tokens = Math.min(this.#burst, this.#tokens + (now - this.#updatedAt) * this.#perMs);
    return Math.max(0, (1 - tokens) / this.#perMs);
  }

  /** Whether `count` more events are allowed now; if so, counts them. */
  take(now: Millis, count = 1): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#updatedAt) * this.#perMs);
    this.#updatedAt = now;
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }
}

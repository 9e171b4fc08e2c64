import type { Millis } from './clock.ts';

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

  /** Whether one more event is allowed now; if so, it is counted. */
  take(now: Millis): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#updatedAt) * this.#perMs);
    this.#updatedAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

import type { Clock, Millis } from '../clock.ts';
import { AppError } from '../errors.ts';

const WINDOW_MS: Millis = 60_000;
/** Of too many, those whose minute began first are forgotten, and begin anew. */
const MAX_REMEMBERED = 20_000;

interface Window {
  count: number;
  readonly endMs: Millis;
}

export interface AddressRateOptions {
  /** 0: any number. */
  readonly perMinute: number;
  readonly clock: Clock;
  /** Called each time that something is too much. */
  readonly onRefused?: () => void;
}

/** So much of something from each address, as `addressKey` writes it, in each minute that begins with its first. */
export class AddressRate {
  readonly #options: AddressRateOptions;
  /** In the order in which they end. */
  readonly #windows = new Map<string, Window>();

  constructor(options: AddressRateOptions) {
    this.#options = options;
  }

  /** How many addresses are remembered. */
  get size(): number {
    return this.#windows.size;
  }

  /** Counts one more. Throws `rate_limited` if that is too much. */
  take(key: string): void {
    if (this.#options.perMinute === 0) return;
    this.check(key);
    const window = this.#windows.get(key) ?? this.#open(key);
    window.count++;
  }

  /** Throws `rate_limited` if one more would be too much. */
  check(key: string): void {
    const { perMinute, clock, onRefused } = this.#options;
    const nowMs = clock.now();
    this.#forgetEnded(nowMs);
    const window = this.#windows.get(key);
    if (perMinute === 0 || window === undefined || window.count < perMinute) return;
    onRefused?.();
    throw new AppError('rate_limited', undefined, { retryAfterMs: Math.ceil(window.endMs - nowMs) });
  }

  /** One that was taken does not count after all. */
  giveBack(key: string): void {
    const window = this.#windows.get(key);
    if (window !== undefined && window.count > 0) window.count--;
  }

  #open(key: string): Window {
    if (this.#windows.size >= MAX_REMEMBERED) {
      const [oldest = ''] = this.#windows.keys();
      this.#windows.delete(oldest);
    }
    const window = { count: 0, endMs: this.#options.clock.now() + WINDOW_MS };
    this.#windows.set(key, window);
    return window;
  }

  #forgetEnded(nowMs: Millis): void {
    for (const [key, { endMs }] of this.#windows) {
      if (endMs > nowMs) return;
      this.#windows.delete(key);
    }
  }
}

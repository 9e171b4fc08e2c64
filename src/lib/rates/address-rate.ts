import type { Clock, Millis } from '../clock.ts';
import { AppError } from '../errors.ts';

const WINDOW_MS: Millis = 60_000;
/** Beyond this number, the addresses with the oldest windows are forgotten and start again at zero. */
const MAX_REMEMBERED = 20_000;

interface Window {
  count: number;
  readonly endMs: Millis;
}

export interface AddressRateOptions {
  /** 0: no limit. */
  readonly perMinute: number;
  readonly clock: Clock;
  /** Called for each refused event. */
  readonly onRefused?: () => void;
}

/**
 * Limits events per address (as `addressKey` writes it) in one-minute windows. A window starts with the first event.
 */
export class AddressRate {
  readonly #options: AddressRateOptions;
  #perMinute: number;
  /** In order of expiry. */
  readonly #windows = new Map<string, Window>();

  constructor(options: AddressRateOptions) {
    this.#options = options;
    this.#perMinute = options.perMinute;
  }

  /** Number of remembered addresses. */
  get size(): number {
    return this.#windows.size;
  }

  /** What was counted stays counted. */
  setPerMinute(perMinute: number): void {
    this.#perMinute = perMinute;
  }

  /** Counts one event. Throws `rate_limited` if it exceeds the limit. */
  take(key: string): void {
    if (this.#perMinute === 0) return;
    this.check(key);
    const window = this.#windows.get(key) ?? this.#open(key);
    window.count++;
  }

  /** Throws `rate_limited` if one more event would exceed the limit. */
  check(key: string): void {
    const { clock, onRefused } = this.#options;
    const nowMs = clock.now();
    this.#forgetEnded(nowMs);
    const window = this.#windows.get(key);
    if (this.#perMinute === 0 || window === undefined || window.count < this.#perMinute) return;
    onRefused?.();
    throw new AppError('rate_limited', undefined, { retryAfterMs: Math.ceil(window.endMs - nowMs) });
  }

  /** Takes back one counted event. */
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

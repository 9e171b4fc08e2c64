import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';

export interface PacedQueueOptions {
  readonly clock: Clock;
  /** Minimum time from the start of one task to the start of the next. */
  readonly intervalMs: Millis;
  /** Maximum share of the time, for tasks that are slow on this machine. */
  readonly maxShare: number;
  /** Maximum number of waiting tasks of all origins together. */
  readonly maxWaiting: number;
}

interface Waiting {
  readonly isWanted: () => boolean;
  readonly start: () => Promise<void>;
  readonly reject: (error: AppError) => void;
}

/**
 * Runs expensive tasks one at a time with a pause between them, so that any number of requests takes only a known share
 * of the machine. Tasks that nobody waits for any more are skipped. Origins take turns, and when too many tasks wait,
 * the origin with the most loses some, so nobody can delay or lock out others by asking often.
 */
export class PacedQueue {
  readonly #options: PacedQueueOptions;
  /** By origin; the origin whose turn is next comes first. No entry is empty. */
  readonly #waiting = new Map<string, Waiting[]>();
  #count = 0;
  #running = false;
  #nextStartMs: Millis;
  #cancelTimer: Cancel | undefined;
  #closed = false;

  constructor(options: PacedQueueOptions) {
    this.#options = options;
    this.#nextStartMs = options.clock.now();
  }

  /**
   * Rejects with the task's own error, with `server_busy` if too many wait, with `server_closing` after `close`, and
   * with `not_joined` if it is no longer wanted when its turn comes.
   */
  run<T>(task: () => Promise<T>, isWanted: () => boolean, origin = ''): Promise<T> {
    if (this.#closed) return Promise.reject(new AppError('server_closing'));
    if (this.#count >= this.#options.maxWaiting) this.#dropUnwanted();
    if (this.#count >= this.#options.maxWaiting && !this.#makePlace(origin))
      return Promise.reject(new AppError('server_busy'));
    return new Promise((resolve, reject) => {
      const fromOrigin = this.#waiting.get(origin) ?? [];
      fromOrigin.push({ isWanted, start: () => task().then(resolve, reject), reject });
      this.#waiting.set(origin, fromOrigin);
      this.#count++;
      this.#startNext();
    });
  }

  /** Rejects waiting tasks; the running one continues. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const waiting = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    this.#count = 0;
    for (const { reject } of waiting) reject(new AppError('server_closing'));
  }

  #startNext(): void {
    if (this.#running || this.#cancelTimer !== undefined) return;
    this.#dropUnwanted();
    if (this.#count === 0) return;
    const { clock, intervalMs, maxShare } = this.#options;
    if (clock.now() < this.#nextStartMs) {
      this.#cancelTimer = clock.setTimer(this.#nextStartMs, () => {
        this.#cancelTimer = undefined;
        this.#startNext();
      });
      return;
    }
    this.#running = true;
    const startMs = clock.now();
    void this.#takeNext()
      ?.start()
      .finally(() => {
        this.#running = false;
        this.#nextStartMs = startMs + Math.max(intervalMs, (clock.now() - startMs) / maxShare);
        this.#startNext();
      });
  }

  #takeNext(): Waiting | undefined {
    for (const [origin, fromOrigin] of this.#waiting) {
      this.#waiting.delete(origin);
      const next = fromOrigin.shift();
      if (fromOrigin.length > 0) this.#waiting.set(origin, fromOrigin);
      if (next !== undefined) this.#count--;
      return next;
    }
    return undefined;
  }

  /** Drops the newest task of the busiest origin, if this origin would still have fewer with one more. */
  #makePlace(origin: string): boolean {
    const [most = []] = [...this.#waiting.values()].sort((a, b) => b.length - a.length);
    if ((this.#waiting.get(origin)?.length ?? 0) + 1 >= most.length) return false;
    most.pop()?.reject(new AppError('server_busy'));
    this.#count--;
    return true;
  }

  #dropUnwanted(): void {
    for (const [origin, fromOrigin] of this.#waiting) {
      const wanted = fromOrigin.filter(({ isWanted }) => isWanted());
      if (wanted.length === fromOrigin.length) continue;
      this.#count -= fromOrigin.length - wanted.length;
      if (wanted.length > 0) this.#waiting.set(origin, wanted);
      else this.#waiting.delete(origin);
      for (const waiting of fromOrigin) if (!wanted.includes(waiting)) waiting.reject(new AppError('not_joined'));
    }
  }
}

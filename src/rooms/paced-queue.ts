import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';

export interface PacedQueueOptions {
  readonly clock: Clock;
  /** From the start of one task to the start of the next, at least. */
  readonly intervalMs: Millis;
  /** Of the time, for tasks that take long on this machine. */
  readonly maxShare: number;
  /** Tasks that may wait, of all origins together. */
  readonly maxWaiting: number;
}

interface Waiting {
  readonly isWanted: () => boolean;
  readonly start: () => Promise<void>;
  readonly reject: (error: AppError) => void;
}

/**
 * Runs expensive tasks one at a time, with a pause between them, so that however many are asked for they take no more than
 * a known share of the machine. What nobody waits for any more is not run. Origins take turns, and where too many wait, those of the origin
 * with the most have to go: so nobody delays or keeps out others by asking often.
 */
export class PacedQueue {
  readonly #options: PacedQueueOptions;
  /** By origin; the origin whose turn is next comes first. None of them is empty. */
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
   * Rejects with what the task rejects with, with `server_busy` when too many wait, with `server_closing` after `close`, and
   * with `not_joined` if it is not wanted any more when its turn comes.
   */
  run<T>(task: () => Promise<T>, isWanted: () => boolean, origin = ''): Promise<T> {
    if (this.#closed) return Promise.reject(new AppError('server_closing'));
    if (this.#count >= this.#options.maxWaiting) this.#dropUnwanted();
    if (this.#count >= this.#options.maxWaiting && !this.#makePlace(origin))
      return Promise.reject(new AppError('server_busy'));
    return new Promise((resolve, reject) => {
      const ofOrigin = this.#waiting.get(origin) ?? [];
      ofOrigin.push({ isWanted, start: () => task().then(resolve, reject), reject });
      this.#waiting.set(origin, ofOrigin);
      this.#count++;
      this.#startNext();
    });
  }

  /** What waits is rejected; what runs goes on. */
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
    for (const [origin, ofOrigin] of this.#waiting) {
      this.#waiting.delete(origin);
      const next = ofOrigin.shift();
      if (ofOrigin.length > 0) this.#waiting.set(origin, ofOrigin);
      if (next !== undefined) this.#count--;
      return next;
    }
    return undefined;
  }

  /** Drops the newest of the origin that has the most, if this one has less even with one more. */
  #makePlace(origin: string): boolean {
    const [most = []] = [...this.#waiting.values()].sort((a, b) => b.length - a.length);
    if ((this.#waiting.get(origin)?.length ?? 0) + 1 >= most.length) return false;
    most.pop()?.reject(new AppError('server_busy'));
    this.#count--;
    return true;
  }

  #dropUnwanted(): void {
    for (const [origin, ofOrigin] of this.#waiting) {
      const wanted = ofOrigin.filter(({ isWanted }) => isWanted());
      if (wanted.length === ofOrigin.length) continue;
      this.#count -= ofOrigin.length - wanted.length;
      if (wanted.length > 0) this.#waiting.set(origin, wanted);
      else this.#waiting.delete(origin);
      for (const waiting of ofOrigin) if (!wanted.includes(waiting)) waiting.reject(new AppError('not_joined'));
    }
  }
}

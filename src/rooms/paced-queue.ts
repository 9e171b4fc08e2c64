import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';

export interface PacedQueueOptions {
  readonly clock: Clock;
  /** From the start of one task to the start of the next, at least. */
  readonly intervalMs: Millis;
  /** Of the time, for tasks that take long on this machine. */
  readonly maxShare: number;
  /** Tasks that may wait. */
  readonly maxWaiting: number;
}

interface Waiting {
  readonly isWanted: () => boolean;
  readonly start: () => Promise<void>;
  readonly reject: (error: AppError) => void;
}

/**
 * Runs expensive tasks one at a time, with a pause between them, so that however many are asked for they take no more than
 * a known share of the machine. What nobody waits for any more is not run.
 */
export class PacedQueue {
  readonly #options: PacedQueueOptions;
  #waiting: Waiting[] = [];
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
  run<T>(task: () => Promise<T>, isWanted: () => boolean): Promise<T> {
    if (this.#closed) return Promise.reject(new AppError('server_closing'));
    if (this.#waiting.length >= this.#options.maxWaiting) this.#dropUnwanted();
    if (this.#waiting.length >= this.#options.maxWaiting) return Promise.reject(new AppError('server_busy'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ isWanted, start: () => task().then(resolve, reject), reject });
      this.#startNext();
    });
  }

  /** What waits is rejected; what runs goes on. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    for (const { reject } of this.#waiting.splice(0)) reject(new AppError('server_closing'));
  }

  #startNext(): void {
    if (this.#running || this.#cancelTimer !== undefined) return;
    this.#dropUnwanted();
    if (this.#waiting.length === 0) return;
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
    void this.#waiting
      .shift()
      ?.start()
      .finally(() => {
        this.#running = false;
        this.#nextStartMs = startMs + Math.max(intervalMs, (clock.now() - startMs) / maxShare);
        this.#startNext();
      });
  }

  #dropUnwanted(): void {
    const unwanted = this.#waiting.filter(({ isWanted }) => !isWanted());
    if (unwanted.length === 0) return;
    this.#waiting = this.#waiting.filter((waiting) => !unwanted.includes(waiting));
    for (const { reject } of unwanted) reject(new AppError('not_joined'));
  }
}

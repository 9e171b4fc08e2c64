/**
 * A media worker's sign of life, in memory shared with the control plane: the time of its last tick. It can be read
 * without processing messages, so that a control plane that was busy itself does not consider a worker dead.
 */
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';

const CHECK_INTERVAL_MS: Millis = 100;
/** A worker beats every 20 ms. One that missed this many checks, 0.8 to 0.9 s, hangs. */
const SILENT_CHECKS = 8;
/** A check this late says more about this thread than about the worker. */
const LATE_MS: Millis = 500;

/** Memory shared by `Heartbeat` and `HeartbeatWatch`. */
export function createHeartbeatMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
}

/** The worker's side. */
export class Heartbeat {
  readonly #lastMs: Int32Array;

  constructor(memory: SharedArrayBuffer, nowMs: Millis) {
    this.#lastMs = new Int32Array(memory);
    this.beat(nowMs);
  }

  beat(nowMs: Millis): void {
    Atomics.store(this.#lastMs, 0, Math.floor(nowMs));
  }
}

export interface HeartbeatWatchOptions {
  readonly memory: SharedArrayBuffer;
  readonly clock: Clock;
  /** The heartbeat has stopped. Called once. */
  readonly onSilence: () => void;
}

/** The control plane's side. */
export class HeartbeatWatch {
  readonly #lastMs: Int32Array;
  readonly #clock: Clock;
  readonly #onSilence: () => void;
  #seen: number;
  #silentChecks = 0;
  #cancel: Cancel;

  constructor({ memory, clock, onSilence }: HeartbeatWatchOptions) {
    this.#lastMs = new Int32Array(memory);
    this.#clock = clock;
    this.#onSilence = onSilence;
    this.#seen = Atomics.load(this.#lastMs, 0);
    this.#cancel = this.#schedule();
  }

  /** Time since the last beat, in whole milliseconds. */
  get ageMs(): Millis {
    // The stored value wraps around at 32 bits; the subtraction wraps back.
    return Math.max(0, (Math.floor(this.#clock.now()) - Atomics.load(this.#lastMs, 0)) | 0);
  }

  close(): void {
    this.#cancel();
  }

  #schedule(): Cancel {
    const dueMs = this.#clock.now() + CHECK_INTERVAL_MS;
    return this.#clock.setTimer(dueMs, () => this.#check(this.#clock.now() - dueMs));
  }

  #check(latenessMs: Millis): void {
    const lastMs = Atomics.load(this.#lastMs, 0);
    // Counts checks, not time: after the whole machine slept, the worker is about to beat.
    if (lastMs !== this.#seen || latenessMs > LATE_MS) this.#silentChecks = 0;
    else this.#silentChecks++;
    this.#seen = lastMs;
    if (this.#silentChecks >= SILENT_CHECKS) this.#onSilence();
    else this.#cancel = this.#schedule();
  }
}

/**
 * A media worker's sign of life, in memory shared with the control plane: the time of its last tick. It can be read
 * without processing messages, so that a control plane that was busy itself does not consider a worker dead.
 */
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';

const CHECK_INTERVAL_MS: Millis = 100;
/** A worker that rests is checked as often as it beats. */
const SILENT_REST_CHECKS = 3;
/** A worker beats every 20 ms. One that missed this many checks, 0.8 to 0.9 s, hangs. */
const SILENT_CHECKS = 8;
/** A check this late says more about this thread than about the worker. */
const LATE_MS: Millis = 500;

/** Memory shared by `Heartbeat` and `HeartbeatWatch`. */
export function createHeartbeatMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
}

/** The worker's side. */
export class Heartbeat {
  /** Time of the last beat, and for how long the worker then rests. */
  readonly #memory: Int32Array;

  constructor(memory: SharedArrayBuffer, nowMs: Millis) {
    this.#memory = new Int32Array(memory);
    this.beat(nowMs);
  }

  /** @param restMs until the next beat, if that is longer than a tick */
  beat(nowMs: Millis, restMs: Millis = 0): void {
    Atomics.store(this.#memory, 1, restMs);
    Atomics.store(this.#memory, 0, Math.floor(nowMs));
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
  readonly #memory: Int32Array;
  readonly #clock: Clock;
  readonly #onSilence: () => void;
  #seen: number;
  #silentChecks = 0;
  /** The next check is one of a worker that rests. */
  #isSlow = false;
  /** It was given something to do, and has not beaten since. */
  #isAttentive = false;
  #isClosed = false;
  #cancel: Cancel;

  constructor({ memory, clock, onSilence }: HeartbeatWatchOptions) {
    this.#memory = new Int32Array(memory);
    this.#clock = clock;
    this.#onSilence = onSilence;
    this.#seen = Atomics.load(this.#memory, 0);
    this.#cancel = this.#schedule();
  }

  /** Time since the last beat, in whole milliseconds. While the worker rests: beyond the time at which it was due. */
  get ageMs(): Millis {
    // The stored value wraps around at 32 bits; the subtraction wraps back.
    const ageMs = (Math.floor(this.#clock.now()) - Atomics.load(this.#memory, 0)) | 0;
    return Math.max(0, ageMs - this.#restMs);
  }

  /** The worker has been given something to do, and beats at once unless it hangs. */
  attend(): void {
    if (!this.#isSlow || this.#isClosed) return;
    this.#cancel();
    this.#isAttentive = true;
    this.#silentChecks = 0;
    this.#cancel = this.#schedule();
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  get #restMs(): Millis {
    return Atomics.load(this.#memory, 1);
  }

  #schedule(): Cancel {
    const restMs = this.#restMs;
    this.#isSlow = restMs > CHECK_INTERVAL_MS && !this.#isAttentive;
    const dueMs = this.#clock.now() + (this.#isSlow ? restMs : CHECK_INTERVAL_MS);
    return this.#clock.setTimer(dueMs, () => this.#check(this.#clock.now() - dueMs));
  }

  #check(latenessMs: Millis): void {
    const lastMs = Atomics.load(this.#memory, 0);
    // Counts checks, not time: after the whole machine slept, the worker is about to beat.
    if (lastMs !== this.#seen) this.#isAttentive = false;
    if (lastMs !== this.#seen || latenessMs > LATE_MS) this.#silentChecks = 0;
    else this.#silentChecks++;
    this.#seen = lastMs;
    if (this.#silentChecks >= (this.#isSlow ? SILENT_REST_CHECKS : SILENT_CHECKS)) this.#onSilence();
    else this.#cancel = this.#schedule();
  }
}

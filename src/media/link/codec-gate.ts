/**
 * A gate before the codec, in memory shared with the control plane. A thread that is terminated while it runs the codec's
 * native code would abort the whole process, because the binding can neither return its result nor report that. So the
 * control plane closes the gate, waits until the thread is not inside, and only then terminates it.
 */
import type { Clock, Millis } from '../../lib/clock.ts';

const INSIDE = 0;
const CLOSED = 1;
const LOOK_AGAIN_MS: Millis = 5;
/** No call takes so long, so that the thread hangs inside, or a call has failed. */
const GIVE_UP_MS: Millis = 1000;

/** Memory shared by `CodecGate` and `closeGate`. */
export function createGateMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
}

/** The worker's side. Calls of the codec stand between `enter` and `leave`. */
export class CodecGate {
  readonly #memory: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#memory = new Int32Array(memory);
  }

  /** Does not return if the gate is closed. */
  enter(): void {
    // In this order: either this thread sees that the gate is closed, or the other sees that this thread is inside.
    Atomics.store(this.#memory, INSIDE, 1);
    if (Atomics.load(this.#memory, CLOSED) === 0) return;
    this.leave();
    for (;;) Atomics.wait(this.#memory, CLOSED, 1);
  }

  leave(): void {
    Atomics.store(this.#memory, INSIDE, 0);
  }
}

/**
 * Closes the gate for good.
 * @param closed called once the worker is outside, which may be at once, or after a second
 */
export function closeGate(memory: SharedArrayBuffer, clock: Clock, closed: () => void): void {
  const fields = new Int32Array(memory);
  Atomics.store(fields, CLOSED, 1);
  const giveUpMs = clock.now() + GIVE_UP_MS;
  const look = (): void => {
    if (Atomics.load(fields, INSIDE) === 0 || clock.now() >= giveUpMs) closed();
    else clock.setTimer(clock.now() + LOOK_AGAIN_MS, look);
  };
  look();
}

import { LoopWatch } from './loop-watch.ts';

const SLOTS = 5;
const SLOT_MS = 4;

/** Calls each member every 20 ms at its own phase, in steps of 4 ms, by absolute deadlines. */
export class Pacer {
  /** Beats with the timer that calls the members. */
  readonly loop = new LoopWatch(SLOT_MS);
  readonly #slots: Set<() => void>[] = Array.from({ length: SLOTS }, () => new Set());
  #timer: NodeJS.Timeout | undefined;
  #slot = 0;
  #deadlineMs = 0;

  /** `slot` is the phase, modulo 5. Returns a function that ends the calls. */
  add(slot: number, callback: () => void): () => void {
    const members = this.#slots[slot % SLOTS]!;
    members.add(callback);
    if (this.#timer === undefined) {
      this.#deadlineMs = performance.now();
      this.#run();
    }
    return () => members.delete(callback);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const members of this.#slots) members.clear();
  }

  #run(): void {
    this.loop.beat(performance.now());
    // Late calls are caught up at once: a microphone does not lose time either.
    while (performance.now() >= this.#deadlineMs) {
      for (const callback of this.#slots[this.#slot]!) callback();
      this.#slot = (this.#slot + 1) % SLOTS;
      this.#deadlineMs += SLOT_MS;
    }
    this.#timer = setTimeout(() => this.#run(), this.#deadlineMs - performance.now());
  }
}

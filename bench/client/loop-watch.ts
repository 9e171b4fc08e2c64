/**
 * Measures for how long this process did not read its sockets, so that its own pauses (garbage collection, other work
 * on the machine) are not mistaken for pauses of the server.
 */
export class LoopWatch {
  readonly #beatMs: number;
  #lastMs: number | undefined;
  #beforeLastMs: number | undefined;
  #longestPauseMs = 0;

  /** @param beatMs time between calls of `beat` when nothing holds them up */
  constructor(beatMs: number) {
    this.#beatMs = beatMs;
  }

  get longestPauseMs(): number {
    return this.#longestPauseMs;
  }

  beat(nowMs: number): void {
    const pauseMs = nowMs - (this.#lastMs ?? nowMs) - this.#beatMs;
    if (pauseMs > this.#longestPauseMs) this.#longestPauseMs = pauseMs;
    this.#beforeLastMs = this.#lastMs;
    this.#lastMs = nowMs;
  }

  /**
   * How long a packet that is read now may have waited because of a pause. Sockets are read after timers, so a packet
   * that arrived during a pause is read after the beat that ended it: it arrived after the beat before that.
   */
  waitMs(nowMs: number): number {
    return Math.max(0, nowMs - (this.#beforeLastMs ?? nowMs) - TOLERANCE * this.#beatMs);
  }

  reset(): void {
    this.#longestPauseMs = 0;
  }
}

/** In beats: two, plus the lateness of timers that count in whole milliseconds. */
const TOLERANCE = 2.5;

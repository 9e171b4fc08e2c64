/** Which of the latest indices were already received (RFC 3711 section 3.3.2). */

/** Twice the RFC's minimum: more than two seconds of audio. */
export const REPLAY_WINDOW = 128;

export class ReplayWindow {
  /** Each index has a fixed place, so nothing is shifted when the window moves. */
  readonly #seen = new Float64Array(REPLAY_WINDOW).fill(-1);
  #highest: number;

  /** `highest`: everything up to this index counts as received. */
  constructor(highest: number) {
    this.#highest = highest;
    for (let index = Math.max(0, highest - REPLAY_WINDOW + 1); index <= highest; index++) this.accept(index);
  }

  /** The highest index accepted, -1 before the first. */
  get highest(): number {
    return this.#highest;
  }

  /** Whether a packet of this index may still be accepted. */
  isFresh(index: number): boolean {
    return index > this.#highest - REPLAY_WINDOW && this.#seen[index % REPLAY_WINDOW] !== index;
  }

  /** Remembers an index; only for packets that are authentic. */
  accept(index: number): void {
    this.#seen[index % REPLAY_WINDOW] = index;
    if (index > this.#highest) this.#highest = index;
  }
}

/** The worst relative delay of each of the last intervals, and whether they show that a bad period is over. */

/** A probability this small is ruled out: the network has changed. */
const UNLIKELY = 0.003;

export class RecentDelays {
  readonly #worst: Float64Array;
  #added = 0;
  /** Intervals since the last bad one. */
  #calm = 0;
  /** How common bad intervals were when the last one occurred. */
  #badShare = 0;
  /** The probability that an equally bad network would have been calm for this long. */
  #chance = 1;

  /** Remembers at most `intervals`. */
  constructor(intervals: number) {
    this.#worst = new Float64Array(intervals).fill(Number.NEGATIVE_INFINITY);
  }

  /** An interval has ended. It was bad if it came close to `usualMs`, the current waiting time of packets. */
  add(worstMs: number, usualMs: number): void {
    this.#worst[this.#added % this.#worst.length] = worstMs;
    this.#added++;
    const badMs = usualMs / 2;
    if (worstMs < badMs) {
      this.#calm++;
      this.#chance *= 1 - this.#badShare;
      return;
    }
    this.#calm = 0;
    this.#chance = 1;
    let bad = 0;
    for (const worst of this.#worst) if (worst >= badMs) bad++;
    // Laplace's rule of succession: never certain after so few.
    this.#badShare = bad / (this.#worst.length + 2);
  }

  /** The reference of the delays has become this much slower. */
  shift(riseMs: number): void {
    for (let i = 0; i < this.#worst.length; i++) this.#worst[i]! -= riseMs;
  }

  /** The longest remembered delay or, if the bad period seems to be over, the longest since then; at least 0. */
  longestMs(): number {
    const size = this.#worst.length;
    const intervals = Math.min(this.#chance < UNLIKELY ? this.#calm : size, size, this.#added);
    let longest = 0;
    for (let i = 1; i <= intervals; i++) longest = Math.max(longest, this.#worst[(this.#added - i) % size]!);
    return longest;
  }
}

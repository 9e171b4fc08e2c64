/** The smallest of the values of a window that moves forward, in constant time (a monotonic queue). */
export class WindowedMinimum {
  /** Both in order; each value is larger than all before it. */
  #times: number[] = [];
  #values: number[] = [];
  /** Entries before this one have left the window. */
  #first = 0;

  /** Times never decrease; an earlier one counts as the latest so far. */
  add(time: number, value: number): void {
    const latest = this.#times.at(-1) ?? time;
    while (this.#values.length > this.#first && (this.#values.at(-1) ?? 0) >= value) {
      this.#values.pop();
      this.#times.pop();
    }
    this.#times.push(Math.max(time, latest));
    this.#values.push(value);
  }

  /** Values before this time are forgotten. */
  forgetBefore(time: number): void {
    while (this.#first < this.#times.length && (this.#times[this.#first] ?? 0) < time) this.#first++;
    if (this.#first < 64 || this.#first < this.#times.length / 2) return;
    this.#times = this.#times.slice(this.#first);
    this.#values = this.#values.slice(this.#first);
    this.#first = 0;
  }

  /** Undefined if the window is empty. */
  get smallest(): number | undefined {
    return this.#values[this.#first];
  }

  clear(): void {
    this.#times = [];
    this.#values = [];
    this.#first = 0;
  }
}

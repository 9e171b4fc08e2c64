/** How many of something each address, as `addressKey` writes it, has at the same time. */
export class AddressCount {
  #max: number;
  readonly #counts = new Map<string, number>();

  /** @param max of one address; 0: any number */
  constructor(max: number) {
    this.#max = max;
  }

  setMax(max: number): void {
    this.#max = max;
  }

  /** How many addresses have any. */
  get size(): number {
    return this.#counts.size;
  }

  isFull(key: string): boolean {
    return this.#max > 0 && (this.#counts.get(key) ?? 0) >= this.#max;
  }

  /** Counts one more until what this returns is called, once. */
  add(key: string): () => void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    return () => {
      const left = (this.#counts.get(key) ?? 1) - 1;
      if (left === 0) this.#counts.delete(key);
      else this.#counts.set(key, left);
    };
  }
}

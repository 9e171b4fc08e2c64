export interface NewcomerLimits {
  /** Of all together. */
  readonly max: number;
  readonly maxPerOrigin: number;
}

/**
 * Those who have not shown yet what they are, bounded in number. When there are too many the oldest goes: the newest may be somebody who shows
 * it at once, the oldest has had its time.
 */
export class Newcomers<T> implements Iterable<T> {
  readonly #limits: NewcomerLimits;
  readonly #refuse: (newcomer: T) => void;
  /** The oldest first; the origin of each, where that counts. */
  readonly #all = new Map<T, string | null>();
  readonly #byOrigin = new Map<string, Set<T>>();

  /** `refuse` ends one for whom there is no room; it must lead to `remove`. */
  constructor(limits: NewcomerLimits, refuse: (newcomer: T) => void) {
    this.#limits = limits;
    this.#refuse = refuse;
  }

  get count(): number {
    return this.#all.size;
  }

  /** The oldest first. */
  [Symbol.iterator](): Iterator<T> {
    return this.#all.keys();
  }

  /** @param origin what `maxPerOrigin` counts by; null: it does not count for this one */
  add(newcomer: T, origin: string | null): void {
    this.#all.set(newcomer, origin);
    const ofOrigin = origin === null ? undefined : (this.#byOrigin.get(origin) ?? new Set());
    if (origin !== null && ofOrigin !== undefined) this.#byOrigin.set(origin, ofOrigin.add(newcomer));
    if (ofOrigin !== undefined && ofOrigin.size > this.#limits.maxPerOrigin) this.#refuse(firstOf(ofOrigin));
    else if (this.#all.size > this.#limits.max) this.#refuse(firstOf(this));
  }

  /** Idempotent. */
  remove(newcomer: T): void {
    const origin = this.#all.get(newcomer);
    if (!this.#all.delete(newcomer) || origin === null || origin === undefined) return;
    const ofOrigin = this.#byOrigin.get(origin);
    ofOrigin?.delete(newcomer);
    if (ofOrigin?.size === 0) this.#byOrigin.delete(origin);
  }
}

function firstOf<T>(several: Iterable<T>): T {
  const [first] = several;
  return first as T;
}

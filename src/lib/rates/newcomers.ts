export interface NewcomerLimits {
  /** The limit for all origins together. */
  readonly max: number;
  readonly maxPerOrigin: number;
}

/**
 * Connections not yet identified, bounded in number. When there are too many, the oldest is dropped: the newest may be
 * about to identify itself, but the oldest has had its chance.
 */
export class Newcomers<T> implements Iterable<T> {
  readonly #limits: NewcomerLimits;
  readonly #refuse: (newcomer: T) => void;
  /** Oldest first, each with its origin if that counts. */
  readonly #all = new Map<T, string | null>();
  readonly #byOrigin = new Map<string, Set<T>>();

  /** `refuse` closes a connection for which there is no room; it must lead to `remove`. */
  constructor(limits: NewcomerLimits, refuse: (newcomer: T) => void) {
    this.#limits = limits;
    this.#refuse = refuse;
  }

  get count(): number {
    return this.#all.size;
  }

  /** Oldest first. */
  [Symbol.iterator](): Iterator<T> {
    return this.#all.keys();
  }

  /** @param origin the key for `maxPerOrigin`; null: that limit does not apply */
  add(newcomer: T, origin: string | null): void {
    this.#all.set(newcomer, origin);
    const fromOrigin = origin === null ? undefined : (this.#byOrigin.get(origin) ?? new Set());
    if (origin !== null && fromOrigin !== undefined) this.#byOrigin.set(origin, fromOrigin.add(newcomer));
    if (fromOrigin !== undefined && fromOrigin.size > this.#limits.maxPerOrigin) this.#refuse(firstOf(fromOrigin));
    else if (this.#all.size > this.#limits.max) this.#refuse(firstOf(this));
  }

  /** Idempotent. */
  remove(newcomer: T): void {
    const origin = this.#all.get(newcomer);
    if (!this.#all.delete(newcomer) || origin === null || origin === undefined) return;
    const fromOrigin = this.#byOrigin.get(origin);
    fromOrigin?.delete(newcomer);
    if (fromOrigin?.size === 0) this.#byOrigin.delete(origin);
  }
}

function firstOf<T>(several: Iterable<T>): T {
  const [first] = several;
  return first as T;
}

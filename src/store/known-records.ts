/** What the engine of a cluster last had, so that one that has lost something can be told. */
import { KEPT_BOUNDS, type KeptLog } from '../cluster/engine.ts';

/** A record, as the engine last had it. */
export interface Known {
  readonly version: number;
  /** Sealed. Null: it was deleted. */
  readonly value: string | null;
}

export interface Repair {
  /** Of which the engine has the last change. */
  readonly shown: ReadonlySet<string>;
  /** Everything was told to it. It has lost what it does not show and is newer than this; anything older was deleted. */
  readonly lostAfter: number;
}

export class KnownRecords {
  readonly #known = new Map<string, Known>();
  /** Oldest first. */
  readonly #deleted = new Set<string>();
  readonly #maxDeleted: number;

  constructor(maxDeleted = KEPT_BOUNDS.deleted) {
    this.#maxDeleted = maxDeleted;
  }

  get(name: string): Known | undefined {
    return this.#known.get(name);
  }

  /** Of those that were deleted, the last are remembered. */
  know(name: string, found: Known): void {
    this.#known.set(name, found);
    this.#deleted.delete(name);
    if (found.value === null) this.#deleted.add(name);
    for (const oldest of this.#deleted) {
      if (this.#deleted.size <= this.#maxDeleted) break;
      this.#forget(oldest);
    }
  }

  /**
   * Everything was read: the engine is told what it has lost. Returns what was deleted long ago, and is forgotten here.
   * Rejects with `EngineDown`, and can be repeated.
   * @param keeps which are not forgotten
   */
  async repair(
    { shown, lostAfter }: Repair,
    engine: Pick<KeptLog, 'restoreKept'>,
    keeps: (name: string) => boolean,
  ): Promise<readonly string[]> {
    const gone: string[] = [];
    for (const [name, { version, value }] of this.#known) {
      if (shown.has(name)) continue;
      if (version > lostAfter) await engine.restoreKept({ key: name, version, value });
      else if (!keeps(name)) gone.push(name);
    }
    for (const name of gone) this.#forget(name);
    return gone;
  }

  #forget(name: string): void {
    this.#known.delete(name);
    this.#deleted.delete(name);
  }
}

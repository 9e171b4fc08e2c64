import type { KeptListener, KeptRecords, KeptStore } from '../../src/rooms/ports.ts';

/** Keeps records as long as the test runs. */
export class MemoryStore implements KeptStore {
  readonly #tables: { readonly [T in keyof KeptRecords]: Map<string, KeptRecords[T]> } = {
    rooms: new Map(),
    bans: new Map(),
    removed: new Map(),
  };
  readonly #listeners: KeptListener[] = [];
  /** Those of other servers, which learn at once what is kept here. */
  readonly others: MemoryStore[] = [];

  get isShared(): boolean {
    return this.others.length > 0;
  }

  all<T extends keyof KeptRecords>(table: T): ReadonlyMap<string, KeptRecords[T]> {
    return new Map(this.#tables[table]);
  }

  set<T extends keyof KeptRecords>(table: T, key: string, record: KeptRecords[T] | null): void {
    this.#put(table, key, record);
    for (const other of this.others) {
      other.#put(table, key, record);
      for (const listener of other.#listeners) listener(table, key, record);
    }
  }

  watch(listener: KeptListener): void {
    this.#listeners.push(listener);
  }

  #put<T extends keyof KeptRecords>(table: T, key: string, record: KeptRecords[T] | null): void {
    const records: Map<string, KeptRecords[T]> = this.#tables[table];
    if (record === null) records.delete(key);
    else records.set(key, record);
  }
}

/** Two servers' stores of the same records. */
export function sharedStores(): [MemoryStore, MemoryStore] {
  const [a, b] = [new MemoryStore(), new MemoryStore()];
  a.others.push(b);
  b.others.push(a);
  return [a, b];
}

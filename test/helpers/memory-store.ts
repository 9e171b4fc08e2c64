import type { KeptRecords, KeptStore } from '../../src/rooms/ports.ts';

/** Keeps records as long as the test runs. */
export class MemoryStore implements KeptStore {
  readonly #tables: { readonly [T in keyof KeptRecords]: Map<string, KeptRecords[T]> } = {
    rooms: new Map(),
    bans: new Map(),
  };

  all<T extends keyof KeptRecords>(table: T): ReadonlyMap<string, KeptRecords[T]> {
    return new Map(this.#tables[table]);
  }

  set<T extends keyof KeptRecords>(table: T, key: string, record: KeptRecords[T] | null): void {
    const records: Map<string, KeptRecords[T]> = this.#tables[table];
    if (record === null) records.delete(key);
    else records.set(key, record);
  }
}

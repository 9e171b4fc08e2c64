/** Keeps rooms and bans in Redis or Valkey, for all servers of a cluster. */
import type { Logger } from 'pino';
import { EngineDown, KEPT_BOUNDS, KEPT_LAYOUT, type KeptLog, type KeptWrite } from '../cluster/engine.ts';
import { type Cancel, type Clock, isoTime, type Millis } from '../lib/clock.ts';
import type { Seal } from '../lib/seal.ts';
import type { KeptListener, KeptRecords, KeptStore, KeptTable } from '../rooms/ports.ts';
import { emptyState, formatRecord, parseRecord, type State } from './state-format.ts';

export interface SharedStoreOptions {
  readonly engine: KeptLog;
  /** All servers have the same. The engine holds password hashes and addresses, and must not be believed. */
  readonly seal: Seal;
  /** Who owns a room here; see `KeptWrite`. */
  readonly fence?: (room: string) => KeptWrite['fence'];
  readonly clock: Clock;
  readonly log: Logger;
}

/** A change reaches the other servers within so long. */
const INTERVAL_MS: Millis = 1000;
/** A server that starts waits so long for the engine. */
const PATIENCE_MS: Millis = 2500;
const RETRY_MS: Millis = 50;
/** A record of a room with 10,000 muted people on each list is 500 kB. */
const MAX_VALUE_LENGTH = 1024 * 1024;
const AT_ONCE = 50;
const TABLES: readonly KeptTable[] = ['rooms', 'bans', 'removed'];

/** A record, as the engine last had it. */
interface Known {
  readonly version: number;
  readonly value: string | null;
}

interface Pass {
  /** Of which the engine has the last change. */
  readonly shown: Set<string>;
  /** It was told this long ago what it does not show, and has lost it; anything older was deleted. */
  readonly lostAfter: number;
}

interface Pending {
  readonly fence: KeptWrite['fence'];
  readonly value: string | null;
}

/**
 * What is known here is used at once, and goes on being used while the engine is away; changes are written when it is
 * back. An engine that has lost something is told what it had. Whoever writes last wins; only who owns a room writes it.
 */
export class SharedStore implements KeptStore {
  readonly #options: SharedStoreOptions;
  readonly #state: State = emptyState();
  /** As the engine last had it, with those of the last that were deleted. */
  readonly #known = new Map<string, Known>();
  readonly #deleted = new Set<string>();
  readonly #pending = new Map<string, Pending>();
  readonly #unreadable = new Map<string, string>();
  readonly #listeners: KeptListener[] = [];
  /** While everything is read. */
  #pass: Pass | undefined;
  #generation = '';
  #position = 0;
  #isRead = false;
  #problem: string | undefined;
  #turning: Promise<void> | undefined;
  /** The exchange after that. */
  #next: Promise<void> | undefined;
  #cancel: Cancel = () => {};
  #closed = false;

  /**
   * Waits for the engine, but not for long: then the server starts without what is kept there. Rejects with an `Error`
   * that tells the operator what is wrong with it.
   */
  static async open(options: SharedStoreOptions): Promise<SharedStore> {
    const { clock, log } = options;
    const store = new SharedStore(options);
    const endMs = clock.now() + PATIENCE_MS;
    await store.#turn();
    while (!store.#isRead && store.#reason === undefined && clock.now() < endMs) {
      await new Promise<void>((resolve) => clock.setTimer(clock.now() + RETRY_MS, resolve));
      await store.#turn();
    }
    const reason = store.#reason;
    if (reason !== undefined) {
      await store.close();
      throw new Error(reason);
    }
    if (!store.#isRead) log.warn('rooms and bans are not known until the engine of the cluster is reached');
    return store;
  }

  private constructor(options: SharedStoreOptions) {
    this.#options = options;
  }

  readonly isShared = true;

  all<T extends KeptTable>(table: T): ReadonlyMap<string, KeptRecords[T]> {
    return new Map(this.#state[table]);
  }

  set<T extends KeptTable>(table: T, key: string, record: KeptRecords[T] | null): void {
    this.#put(table, key, record);
    const fence = table === 'rooms' ? this.#options.fence?.(key) : undefined;
    const name = nameOf(table, key);
    const value = record === null ? null : this.#options.seal.seal(formatRecord(table, record, isoTime), name);
    // A change of a change takes its place.
    this.#pending.delete(name);
    this.#pending.set(name, { fence, value });
    this.#unreadable.delete(name);
    if (!this.#closed) void this.#turn();
  }

  watch(listener: KeptListener): void {
    this.#listeners.push(listener);
  }

  /** Undefined if all is well, or will be as soon as the engine is reached. Anybody may read this: it names no room. */
  get problem(): string | undefined {
    return this.#reason && 'Rooms and bans in the engine of the cluster cannot all be used. The log says why.';
  }

  get #reason(): string | undefined {
    if (this.#problem !== undefined) return this.#problem;
    const [unreadable] = this.#unreadable.values();
    return unreadable === undefined
      ? undefined
      : `A record in the engine of the cluster cannot be used: ${unreadable}.`;
  }

  /** Changes that the engine does not have yet. */
  get unsaved(): number {
    return this.#pending.size;
  }

  /** Resolves when all changes so far are in the engine, or could not be written now. */
  async saved(): Promise<void> {
    if (this.#pending.size > 0) await this.#turn();
  }

  /** Resolves when nothing is being read or written. */
  async idle(): Promise<void> {
    while (this.#turning !== undefined) await this.#turning;
  }

  /** Tries once more what could not be written. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    if (this.#pending.size > 0) await this.#turn();
    else await this.#turning;
    this.#cancel();
  }

  /** Reads what is new and writes what is pending, now or after the exchange that goes on. */
  #turn(): Promise<void> {
    if (this.#turning === undefined) {
      this.#turning = this.#exchange();
      return this.#turning;
    }
    this.#next ??= this.#turning.then(() => {
      this.#next = undefined;
      return this.#turn();
    });
    return this.#next;
  }

  async #exchange(): Promise<void> {
    const { clock, log } = this.#options;
    this.#cancel();
    try {
      if (!this.#closed) await this.#read();
      await this.#write();
      this.#problem = undefined;
    } catch (thrown) {
      if (!(thrown instanceof EngineDown)) {
        const problem = `Rooms and bans in the engine of the cluster cannot be used: ${(thrown as Error).message}.`;
        if (problem !== this.#problem) log.error({ err: thrown }, 'what is kept in the engine cannot be used');
        this.#problem = problem;
      }
    }
    this.#turning = undefined;
    if (!this.#closed) this.#cancel = clock.setTimer(clock.now() + INTERVAL_MS, () => void this.#turn());
  }

  async #read(): Promise<void> {
    for (;;) {
      const isContinued = this.#pass !== undefined;
      const since = { generation: this.#generation, position: this.#position, isContinued };
      const { layout, generation, isWhole, top, position, changes } = await this.#options.engine.readKept(since);
      if (layout > KEPT_LAYOUT)
        throw new Error(`a newer version of Partyline wrote it (its form is ${layout}, known is ${KEPT_LAYOUT})`);
      if (generation === since.generation && top < since.position) {
        // It has lost its last changes. What it has is read from the beginning, and it is told the rest.
        this.#pass = { shown: new Set(), lostAfter: top };
        this.#position = 0;
        continue;
      }
      const everything = generation === since.generation ? Number.POSITIVE_INFINITY : 0;
      if (isWhole) this.#pass = { shown: new Set(), lostAfter: everything };
      for (const { key, version, value } of changes) this.#heard(key, { version, value });
      this.#generation = generation;
      this.#position = position;
      if (changes.length > 0) continue;
      await this.#endPass();
      this.#isRead = true;
      return;
    }
  }

  #heard(name: string, found: Known): void {
    const known = this.#known.get(name);
    if (known !== undefined && known.version > found.version) return;
    this.#pass?.shown.add(name);
    if (known?.version === found.version) return;
    this.#know(name, found);
    // A change that waits here comes after it.
    if (!this.#pending.has(name)) this.#take(name, found.value);
  }

  #know(name: string, found: Known): void {
    this.#known.set(name, found);
    this.#deleted.delete(name);
    if (found.value === null) this.#deleted.add(name);
    for (const oldest of this.#deleted) {
      if (this.#deleted.size <= KEPT_BOUNDS.deleted) break;
      this.#deleted.delete(oldest);
      this.#known.delete(oldest);
    }
  }

  /** Uses what others have written. */
  #take(name: string, value: string | null): void {
    const { table, key } = splitName(name);
    if (table === undefined) return;
    this.#unreadable.delete(name);
    try {
      const record = value === null ? null : this.#parse(table, key, value);
      this.#put(table, key, record);
      for (const listener of this.#listeners) listener(table, key, record);
    } catch (error) {
      this.#unreadable.set(name, `${JSON.stringify(name)}: ${(error as Error).message}`);
      this.#options.log.error({ err: error, record: name }, 'a record in the engine cannot be used');
    }
  }

  #parse(table: KeptTable, key: string, value: string): KeptRecords[KeptTable] {
    const isShort = value.length <= MAX_VALUE_LENGTH;
    const json = isShort ? this.#options.seal.open(value, nameOf(table, key)) : undefined;
    if (json === undefined) throw new Error('it was written with another cluster-secret');
    return parseRecord(table, key, json);
  }

  /** Everything was read: the engine is told what it has lost, and what it deleted long ago is forgotten. */
  async #endPass(): Promise<void> {
    const { shown, lostAfter } = this.#pass ?? {};
    if (shown === undefined || lostAfter === undefined) return;
    for (const [name, { version, value }] of this.#known) {
      if (shown.has(name)) continue;
      if (version > lostAfter) await this.#options.engine.restoreKept({ key: name, version, value });
      else if (!this.#pending.has(name)) {
        this.#known.delete(name);
        this.#deleted.delete(name);
        this.#take(name, null);
      }
    }
    this.#pass = undefined;
  }

  async #write(): Promise<void> {
    while (this.#pending.size > 0) {
      const some = [...this.#pending].slice(0, AT_ONCE);
      const results = await Promise.allSettled(some.map(([name, pending]) => this.#writeOne(name, pending)));
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    }
  }

  async #writeOne(name: string, pending: Pending): Promise<void> {
    const { value, fence } = pending;
    const answer = await this.#options.engine.writeKept({ key: name, value, fence });
    if (answer.result === 'written') this.#know(name, { version: answer.version, value });
    // It may have changed again meanwhile.
    if (this.#pending.get(name) !== pending) return;
    this.#pending.delete(name);
    if (answer.result === 'written') return;
    this.#options.log.warn({ record: name, why: answer.result }, 'a change could not be kept');
    this.#take(name, this.#known.get(name)?.value ?? null);
  }

  #put(table: KeptTable, key: string, record: KeptRecords[KeptTable] | null): void {
    const records: Map<string, unknown> = this.#state[table];
    if (record === null) records.delete(key);
    else records.set(key, record);
  }
}

function nameOf(table: KeptTable, key: string): string {
  return `${table} ${key}`;
}

function splitName(name: string): { readonly table: KeptTable | undefined; readonly key: string } {
  const [table = '', key = ''] = name.split(/ (.*)/s);
  return { table: TABLES.find((one) => one === table), key };
}

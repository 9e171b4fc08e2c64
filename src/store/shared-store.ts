/** Keeps rooms and bans in Redis or Valkey, for all servers of a cluster. */
import type { Logger } from 'pino';
import { EngineDown, type KeptLog, type KeptWrite } from '../cluster/engine.ts';
import { type Cancel, type Clock, isoTime, type Millis } from '../lib/clock.ts';
import type { Seal } from '../lib/seal.ts';
import type { KeptListener, KeptRecords, KeptStore, KeptTable } from '../rooms/ports.ts';
import { ChangeReader } from './change-reader.ts';
import { ChangeWriter } from './change-writer.ts';
import { KnownRecords } from './known-records.ts';
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
const TABLES: readonly KeptTable[] = ['rooms', 'bans', 'removed'];

/**
 * What is known here is used at once, and goes on being used while the engine is away; changes are written when it is
 * back. An engine that has lost something is told what it had. Whoever writes last wins; only who owns a room writes it.
 */
export class SharedStore implements KeptStore {
  readonly #options: SharedStoreOptions;
  readonly #state: State = emptyState();
  readonly #known = new KnownRecords();
  readonly #reader: ChangeReader;
  readonly #writer: ChangeWriter;
  readonly #unreadable = new Map<string, string>();
  readonly #listeners: KeptListener[] = [];
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
    while (!store.#reader.isRead && store.#reason === undefined && clock.now() < endMs) {
      await new Promise<void>((resolve) => clock.setTimer(clock.now() + RETRY_MS, resolve));
      await store.#turn();
    }
    const reason = store.#reason;
    if (reason !== undefined) {
      await store.close();
      throw new Error(reason);
    }
    if (!store.#reader.isRead) log.warn('rooms and bans are not known until the engine of the cluster is reached');
    return store;
  }

  private constructor(options: SharedStoreOptions) {
    this.#options = options;
    const { engine, log } = options;
    const take = (name: string, value: string | null) => this.#take(name, value);
    this.#writer = new ChangeWriter({ engine, log, known: this.#known, take });
    this.#reader = new ChangeReader({
      engine,
      known: this.#known,
      // A change that waits here comes after it.
      take: (name, value) => !this.#writer.has(name) && take(name, value),
      keeps: (name) => this.#writer.has(name),
    });
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
    this.#writer.add(name, { fence, value });
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
    return this.#writer.size;
  }

  /** Changes that the engine will never have, because it was away for too long. */
  get forgotten(): number {
    return this.#writer.forgotten;
  }

  /** Resolves when all changes so far are in the engine, or could not be written now. */
  async saved(): Promise<void> {
    if (this.#writer.size > 0) await this.#turn();
  }

  /** Resolves when nothing is being read or written. */
  async idle(): Promise<void> {
    while (this.#turning !== undefined) await this.#turning;
  }

  /** Tries once more what could not be written. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    if (this.#writer.size > 0) await this.#turn();
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
      if (!this.#closed) await this.#reader.read();
      await this.#writer.write();
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

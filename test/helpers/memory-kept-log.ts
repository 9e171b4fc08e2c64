import {
  EngineDown,
  KEPT_BOUNDS,
  KEPT_LAYOUT,
  type KeptAnswer,
  type KeptBounds,
  type KeptChange,
  type KeptLog,
  type KeptPage,
  type KeptPosition,
  type KeptWrite,
} from '../../src/cluster/engine.ts';
import type { Clock } from '../../src/lib/clock.ts';

interface Entry extends KeptChange {
  readonly position: number;
}

/** What the scripts for kept records do, in memory. `test/cluster/redis-engine.test.ts` compares it with Redis. */
export class MemoryKeptStorage {
  readonly #clock: Clock;
  readonly bounds: KeptBounds;
  #entries = new Map<string, Entry>();
  #floor = 0;
  #generations = 0;
  generation = '';
  layout = KEPT_LAYOUT;
  /** Who owns a room; nobody if it is not here. */
  readonly owners = new Map<string, { readonly node: string; readonly epoch: number }>();

  constructor(clock: Clock, bounds = KEPT_BOUNDS) {
    this.#clock = clock;
    this.bounds = bounds;
    this.empty();
  }

  /** It restarts without what it had. */
  empty(): void {
    this.#entries.clear();
    this.#floor = 0;
    this.generation = `generation ${++this.#generations}`;
  }

  /** Goes back to what it has now, as after a failover. */
  copy(): () => void {
    const entries = new Map(this.#entries);
    return () => {
      this.#entries = entries;
    };
  }

  get top(): number {
    return Math.max(this.#floor, this.entries.at(-1)?.position ?? 0);
  }

  /** In order of their positions. */
  get entries(): readonly Entry[] {
    return [...this.#entries.values()];
  }

  get floor(): number {
    return this.#floor;
  }

  put({ key, version, value }: { readonly key: string; readonly version?: number; readonly value: string | null }) {
    const position = Math.max(this.top + 1, Math.floor(this.#clock.wallNow()));
    if (!this.#entries.has(key) && this.#entries.size >= this.bounds.records) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, { key, version: version ?? position, value, position });
    const gone = this.entries.filter((entry) => entry.value === null);
    for (const oldest of gone.slice(0, Math.max(0, gone.length - this.bounds.deleted))) {
      this.#floor = oldest.position;
      this.#entries.delete(oldest.key);
    }
    return position;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }
}

/** One server's connection to it. */
export class MemoryKeptLog implements KeptLog {
  readonly storage: MemoryKeptStorage;
  isUp = true;

  constructor(storage: MemoryKeptStorage) {
    this.storage = storage;
  }

  async readKept({ generation, position, isContinued }: KeptPosition): Promise<KeptPage> {
    this.#reach();
    const { storage } = this;
    const isWhole = generation !== storage.generation || (!isContinued && position < storage.floor);
    const after = isWhole ? 0 : position;
    const found = storage.entries.filter((entry) => entry.position > after).slice(0, storage.bounds.page);
    return {
      generation: storage.generation,
      layout: storage.layout,
      top: storage.top,
      isWhole,
      position: found.at(-1)?.position ?? after,
      changes: found.map(({ key, version, value }) => ({ key, version, value })),
    };
  }

  async writeKept({ key, value, fence }: KeptWrite): Promise<KeptAnswer> {
    this.#reach();
    const owner = fence === undefined ? undefined : this.storage.owners.get(fence.room);
    const isOwner = owner?.node === fence?.node && (fence?.epoch === null || owner?.epoch === fence?.epoch);
    if (owner !== undefined && !isOwner) return { result: 'fenced' };
    const version = this.storage.put({ key, value });
    return version === undefined ? { result: 'full' } : { result: 'written', version };
  }

  async restoreKept(change: KeptChange): Promise<void> {
    this.#reach();
    const known = this.storage.get(change.key);
    if (known === undefined || known.version < change.version) this.storage.put(change);
  }

  #reach(): void {
    if (!this.isUp) throw new EngineDown('it is down');
  }
}

import {
  type Beat,
  type BeatAnswer,
  type Claim,
  type ClaimAnswer,
  type Engine,
  EngineDown,
  type Owner,
} from '../../src/cluster/engine.ts';
import type { Clock, Millis } from '../../src/lib/clock.ts';

/** What the scripts do, in memory and in the time of a test. `test/cluster/engine.test.ts` compares it with Redis. */
export class MemoryStorage {
  readonly leases = new Map<string, { readonly incarnation: string; readonly untilMs: Millis }>();
  readonly records = new Map<string, string>();
  /** When each was last heard of. */
  readonly seen = new Map<string, Millis>();
  readonly rooms = new Map<string, Owner>();
  /** Who says that a run of a node has failed. */
  readonly failed = new Map<string, string>();
  /** Every change of an owner, in order. */
  readonly history: { readonly room: string; readonly owner: Owner; readonly atMs: Millis }[] = [];
  readonly #clock: Clock;
  /** The difference between the engine's clock and that of the test. */
  offsetMs = 1_800_000_000_000;
  rememberMs: Millis = 86_400_000;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get nowMs(): Millis {
    return Math.floor(this.#clock.now() + this.offsetMs);
  }

  holder(node: string): string | undefined {
    const lease = this.leases.get(node);
    return lease !== undefined && this.nowMs < lease.untilMs ? lease.incarnation : undefined;
  }

  own(room: string, owner: Owner): void {
    this.rooms.set(room, owner);
    this.history.push({ room, owner, atMs: this.nowMs });
  }

  /** Nodes that were not heard of for very long, and their rooms. */
  forget(): void {
    const { nowMs } = this;
    for (const [node, seenMs] of this.seen) {
      if (nowMs - seenMs < this.rememberMs || this.holder(node) !== undefined) continue;
      this.seen.delete(node);
      for (const [room, owner] of this.rooms) if (owner.node === node) this.rooms.delete(room);
      this.records.delete(node);
    }
  }

  /** It restarts without what it had. */
  empty(): void {
    for (const map of [this.leases, this.records, this.rooms, this.seen, this.failed]) map.clear();
  }
}

/** One node's connection to the engine. */
export class MemoryEngine implements Engine {
  readonly storage: MemoryStorage;
  isUp = true;
  /** Called before each command; what it rejects with is the command's answer. */
  before: () => Promise<void> = async () => {};

  constructor(storage: MemoryStorage) {
    this.storage = storage;
  }

  async beat({ node, incarnation, record, leaseMs }: Beat): Promise<BeatAnswer> {
    await this.#reach();
    const { storage } = this;
    const { nowMs } = storage;
    const holder = storage.holder(node);
    if (holder !== undefined && holder !== incarnation)
      return { nowMs, isTaken: true, isRenewed: false, nodes: new Map() };
    storage.leases.set(node, { incarnation, untilMs: nowMs + leaseMs });
    storage.seen.set(node, nowMs);
    storage.records.set(node, record);
    storage.forget();
    const nodes = new Map([...storage.records].filter(([one]) => storage.holder(one) !== undefined));
    return { nowMs, isTaken: false, isRenewed: holder !== undefined, nodes };
  }

  async claim({ room, node, incarnation, target, deadlineMs, insteadOf }: Claim): Promise<ClaimAnswer> {
    await this.#reach();
    const { storage } = this;
    if (storage.nowMs > Math.floor(deadlineMs) || storage.holder(node) !== incarnation) return { result: 'refused' };
    const owner = storage.rooms.get(room);
    if (owner !== undefined && storage.holder(owner.node) !== undefined) return { result: 'owned', owner };
    if (owner !== undefined && (owner.node !== insteadOf?.node || owner.epoch !== insteadOf.epoch))
      return { result: 'orphan', owner };
    if (storage.holder(target) === undefined) return { result: 'refused' };
    const next = { node: target, epoch: Math.max((owner?.epoch ?? 0) + 1, storage.nowMs) };
    storage.own(room, next);
    return { result: 'owned', owner: next };
  }

  async reassert(room: string, claimed: Owner): Promise<Owner> {
    await this.#reach();
    const { storage } = this;
    const owner = storage.rooms.get(room);
    if (owner !== undefined && owner.epoch > claimed.epoch) return owner;
    if (owner !== undefined && owner.node !== claimed.node && owner.epoch === claimed.epoch) return owner;
    if (owner?.node !== claimed.node || owner.epoch !== claimed.epoch) storage.own(room, claimed);
    return claimed;
  }

  async move(room: string, { node, epoch }: Owner, target: string): Promise<Owner | undefined> {
    await this.#reach();
    const { storage } = this;
    const owner = storage.rooms.get(room);
    if (owner?.node !== node || owner.epoch !== epoch || storage.holder(target) === undefined) return undefined;
    const next = { node: target, epoch: Math.max(epoch + 1, storage.nowMs) };
    storage.own(room, next);
    return next;
  }

  async release(room: string, { node, epoch }: Owner): Promise<void> {
    await this.#reach();
    const owner = this.storage.rooms.get(room);
    if (owner?.node === node && owner.epoch === epoch) this.storage.rooms.delete(room);
  }

  async someOwned(node: string): Promise<ReadonlyMap<string, number>> {
    await this.#reach();
    const own = [...this.storage.rooms].filter(([, owner]) => owner.node === node);
    return new Map(own.slice(0, 100).map(([room, { epoch }]) => [room, epoch]));
  }

  async ownerOf(room: string): Promise<Owner | undefined> {
    await this.#reach();
    return this.storage.rooms.get(room);
  }

  async bury(node: string, incarnation: string): Promise<void> {
    await this.#reach();
    if (this.storage.holder(node) === incarnation) this.storage.leases.delete(node);
  }

  async reportFailure(incarnation: string, reporter: string): Promise<boolean> {
    await this.#reach();
    const { failed } = this.storage;
    if (!failed.has(incarnation)) failed.set(incarnation, reporter);
    return failed.get(incarnation) === reporter;
  }

  async close(): Promise<void> {
    this.isUp = false;
  }

  async #reach(): Promise<void> {
    if (!this.isUp) throw new EngineDown('it is down');
    await this.before();
    if (!this.isUp) throw new EngineDown('it is down');
  }
}

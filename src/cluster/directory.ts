import { randomUUID } from 'node:crypto';
import type { Cancel, Millis } from '../lib/clock.ts';
import type { Directory, Placement } from '../rooms/ports.ts';
import type { ClusterDirectoryOptions, DirectoryFigures } from './directory-options.ts';
import { type Claim, type ClaimAnswer, EngineDown, type Owner } from './engine.ts';
import { type NodeRecord, readRecord, signRecord } from './node-record.ts';
import { chooseNode, hashNode } from './placement.ts';

const BEAT_INTERVAL_MS: Millis = 1000;
/** When the engine is back, the others have told it so long after this node what they have. */
const TOLD_AFTER_MS: Millis = 2 * BEAT_INTERVAL_MS;
/** How long a claim may be on its way. */
const CLAIM_DEADLINE_MS: Millis = 1000;
const SOON_MS: Millis = 500;
const MAX_KNOWN = 1000;
const START_PATIENCE_MS: Millis = 2500;
const START_RETRY_MS: Millis = 50;
/** Of so many rooms the engine is told at a time: one after the other would take longer than a lease. */
const AT_ONCE = 100;
/** A room in which nobody is so long after it was placed is given back. */
const EMPTY_FOR_MS: Millis = 10_000;

/**
 * Which node of a cluster has which room. The engine decides once for each room, when it is opened; whoever is in a room
 * that is here does not notice the engine. An owner is replaced only if it has no lease and cannot be reached, and only by
 * nodes whose own lease has lasted for a whole term: after an outage all leases have ended, and the first to be back would
 * take everything.
 */
export class ClusterDirectory implements Directory {
  readonly #options: ClusterDirectoryOptions;
  /** Different in each run of the process. */
  readonly incarnation = randomUUID();
  /** Rooms that are here with their epoch; null: opened while the engine was away, and to be claimed. */
  readonly #owned = new Map<string, number | null>();
  /** When those came here that nobody has entered yet. */
  readonly #emptySinceMs = new Map<string, Millis>();
  /** Placements that are being decided, so that a crowd asks once. */
  readonly #asking = new Map<string, Promise<Placement>>();
  /** As last heard, with this node. */
  #nodes: ReadonlyMap<string, NodeRecord> = new Map();
  /** With those that had a lease in the past. */
  readonly #known = new Map<string, NodeRecord>();
  /** What the records were read from. */
  #signed: ReadonlyMap<string, string> = new Map();
  #given = new Map<string, number>();
  /** The engine's clock minus this one's. */
  #offsetMs: Millis = 0;
  #leaseSinceMs: Millis | undefined;
  #leaseUntilMs: Millis = Number.NEGATIVE_INFINITY;
  /** The engine knows which rooms are here. Not if it may have lost that, or did not answer. */
  #isTold = false;
  /** Rooms that the engine does not know are nobody's only from then on. */
  #claimsFromMs: Millis = Number.NEGATIVE_INFINITY;
  #cancelBeat: Cancel = () => {};
  #closed = false;
  readonly #claims = { won: 0, elsewhere: 0, refused: 0 };
  #takeovers = 0;
  #fenced = 0;

  constructor(options: ClusterDirectoryOptions) {
    this.#options = options;
  }

  /** Resolves when the node has a lease, or after some seconds: then it is alone until the engine is reached. */
  async start(): Promise<void> {
    const { clock, log } = this.#options;
    const endMs = clock.now() + START_PATIENCE_MS;
    await this.#beat();
    while (!this.#hasLease && clock.now() < endMs && !this.#closed) {
      await new Promise<void>((resolve) => clock.setTimer(clock.now() + START_RETRY_MS, resolve));
      this.#cancelBeat();
      await this.#beat();
    }
    if (!this.#hasLease) log.warn('the engine of the cluster is not reached: this server is alone until it is');
  }

  get nodes(): readonly NodeRecord[] {
    return [...this.#nodes.values()];
  }

  get figures(): DirectoryFigures {
    return {
      nodes: this.#nodes.size,
      isEngineUp: this.#hasLease,
      owned: this.#owned.size,
      claims: { ...this.#claims },
      takeovers: this.#takeovers,
      fenced: this.#fenced,
    };
  }

  /** The engine's clock, as last heard. */
  get engineNowMs(): Millis {
    return this.#options.clock.now() + this.#offsetMs;
  }

  /** It is here, or it is being decided whether it is. */
  concerns(room: string): boolean {
    return this.#owned.has(room) || this.#asking.has(room);
  }

  /** Which other node has this room; undefined: nobody has, or it is here. Rejects with `EngineDown`. */
  async ownerOf(room: string): Promise<string | undefined> {
    const owner = this.#owned.has(room) ? undefined : await this.#options.engine.ownerOf(room);
    return owner?.node === this.#id ? undefined : owner?.node;
  }

  /** The epoch of a room that is here; null: it has none yet. */
  epochOf(room: string): number | null | undefined {
    return this.#owned.get(room);
  }

  place(room: string): Promise<Placement> {
    if (this.#owned.has(room)) return Promise.resolve({ at: 'here' });
    const asked = this.#asking.get(room) ?? this.#place(room).finally(() => this.#asking.delete(room));
    this.#asking.set(room, asked);
    return asked;
  }

  opened(room: string): void {
    this.#emptySinceMs.delete(room);
    if (!this.#owned.has(room)) this.#owned.set(room, null);
  }

  released(room: string): void {
    const epoch = this.#owned.get(room);
    this.#owned.delete(room);
    this.#emptySinceMs.delete(room);
    if (epoch === undefined || epoch === null) return;
    const owner = { node: this.#id, epoch };
    // What is not released ends with the lease, or is taken over by whoever wants it.
    this.#options.engine.release(room, owner).catch(() => {});
  }

  /**
   * Gives a room to another node, because this one drains. Resolves with where clients find that node; undefined if no
   * other one takes rooms, or the engine is away. Never rejects.
   */
  async handOver(room: string): Promise<string | undefined> {
    const epoch = this.#owned.get(room);
    if (epoch === undefined || epoch === null) return undefined;
    const { engine, node, random } = this.#options;
    const others = this.nodes.filter((one) => one.node !== this.#id);
    const target = chooseNode(others, { region: node.region, given: this.#given, random });
    if (target === undefined) return undefined;
    this.#given.set(target.node, (this.#given.get(target.node) ?? 0) + 1);
    const moved = await engine.move(room, { node: this.#id, epoch }, target.node).catch(() => undefined);
    if (moved === undefined) {
      // It may have moved nevertheless: at the next beat the engine says who has it.
      this.#isTold = false;
      return undefined;
    }
    this.#owned.delete(room);
    this.#emptySinceMs.delete(room);
    return target.url;
  }

  /** The rooms are closed already. The engine is not closed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelBeat();
    await this.#options.engine.bury(this.#id, this.incarnation).catch(() => {});
  }

  get #id(): string {
    return this.#options.node.node;
  }

  get #hasLease(): boolean {
    return this.#options.clock.now() < this.#leaseUntilMs;
  }

  /** May replace other owners: this node was never without a lease for a whole term. */
  get #isSettled(): boolean {
    const { clock, leaseMs } = this.#options;
    return this.#leaseSinceMs !== undefined && this.#hasLease && clock.now() - this.#leaseSinceMs >= leaseMs;
  }

  async #place(room: string): Promise<Placement> {
    try {
      return await this.#decide(room);
    } catch (thrown) {
      if (!(thrown instanceof EngineDown)) this.#options.log.error({ err: thrown }, 'a room could not be placed');
      return this.#placeAlone(room);
    }
  }

  async #decide(room: string): Promise<Placement> {
    if (this.#options.clock.now() < this.#claimsFromMs) return this.#later();
    const first = await this.#claim(room);
    if (first.result === 'refused') return this.#later();
    const record = this.#known.get(first.owner.node);
    if (first.owner.node === this.#id && first.result === 'owned') return this.#here(room, first.owner);
    if (record !== undefined && first.result === 'owned') {
      const state = await this.#options.checkPeer(record.peer);
      if (state === 'alive') return this.#elsewhere(record);
      // It may go on, or its lease ends.
      if (state === 'silent') return this.#later();
      // Its process is gone, and its lease is not yet.
      await this.#options.engine.bury(record.node, record.incarnation);
    } else if (first.result === 'owned') return this.#later();
    else if (!(await this.#isGone(record))) return this.#later();
    if (!this.#isSettled) return this.#later();
    const second = await this.#claim(room, first.owner);
    if (second.result !== 'owned') return this.#later();
    this.#takeovers++;
    if (record !== undefined) this.#options.onReplaced(record);
    this.#options.log.info({ room, from: first.owner.node, to: second.owner.node }, 'a room has another node');
    if (second.owner.node === this.#id) return this.#here(room, second.owner);
    const next = this.#known.get(second.owner.node);
    return next === undefined ? this.#later() : this.#elsewhere(next);
  }

  async #claim(room: string, insteadOf?: Owner): Promise<ClaimAnswer> {
    const { engine, clock, node, random } = this.#options;
    const others = this.nodes.filter((one) => one.node !== insteadOf?.node);
    const target = chooseNode(others, { region: node.region, given: this.#given, random })?.node ?? this.#id;
    this.#given.set(target, (this.#given.get(target) ?? 0) + 1);
    const deadlineMs = clock.now() + this.#offsetMs + CLAIM_DEADLINE_MS;
    const claim: Claim = { room, node: this.#id, incarnation: this.incarnation, target, deadlineMs, insteadOf };
    return engine.claim(claim);
  }

  /** Nothing answers at the owner of a room. One that is unknown was never heard of in this run. */
  async #isGone(record: NodeRecord | undefined): Promise<boolean> {
    return record === undefined || (await this.#options.checkPeer(record.peer)) !== 'alive';
  }

  #here(room: string, { epoch }: Owner): Placement {
    this.#owned.set(room, epoch);
    this.#emptySinceMs.set(room, this.#options.clock.now());
    this.#claims.won++;
    return { at: 'here' };
  }

  #elsewhere({ url }: NodeRecord): Placement {
    this.#claims.elsewhere++;
    return { at: 'elsewhere', url };
  }

  #later(): Placement {
    this.#claims.refused++;
    return { at: 'unknown', retryAfterMs: SOON_MS };
  }

  /** Without the engine: by the same rule for all nodes, so that they agree if they know the same nodes. */
  #placeAlone(room: string): Placement {
    if (this.#options.whenDown === 'refuse') return this.#later();
    const node = hashNode(this.nodes, room);
    if (node !== undefined && node.node !== this.#id) return this.#elsewhere(node);
    this.#owned.set(room, null);
    this.#emptySinceMs.set(room, this.#options.clock.now());
    return { at: 'here' };
  }

  async #beat(): Promise<void> {
    const { engine, node, secret, leaseMs, ownState, clock, log } = this.#options;
    const sentMs = clock.now();
    const record: NodeRecord = { ...node, ...ownState(), incarnation: this.incarnation };
    try {
      const signed = signRecord(record, secret);
      const answer = await engine.beat({ node: this.#id, incarnation: this.incarnation, record: signed, leaseMs });
      if (answer.isTaken) {
        log.error({ node: this.#id }, 'another process has the name of this node');
        this.#leaseSinceMs = undefined;
      } else {
        const isNew = !answer.isRenewed || this.#leaseSinceMs === undefined || sentMs >= this.#leaseUntilMs;
        if (isNew) {
          if (this.#leaseSinceMs !== undefined) this.#claimsFromMs = clock.now() + TOLD_AFTER_MS;
          this.#leaseSinceMs = sentMs;
          this.#isTold = false;
        }
        this.#leaseUntilMs = sentMs + leaseMs;
        this.#offsetMs = answer.nowMs - clock.now();
        this.#heard(answer.nodes);
        if (!this.#isTold) await this.#reassertAll();
        this.#isTold = true;
        await this.#claimUnclaimed();
      }
    } catch (thrown) {
      this.#isTold = false;
      if (!(thrown instanceof EngineDown)) log.error({ err: thrown }, 'the cluster is not understood');
    }
    if (this.#closed) return;
    this.#giveBack();
    this.#cancelBeat = clock.setTimer(clock.now() + BEAT_INTERVAL_MS, () => void this.#beat());
  }

  #heard(records: ReadonlyMap<string, string>): void {
    const { secret, log } = this.#options;
    const nodes = new Map<string, NodeRecord>();
    for (const [node, signed] of records) {
      const isKnown = this.#signed.get(node) === signed;
      const record = isKnown ? this.#nodes.get(node) : readRecord(node, signed, secret);
      if (record !== undefined) nodes.set(node, record);
      else if (!isKnown) log.warn({ node }, 'a node of the cluster has another secret');
    }
    // Newest last. An owner without a lease is asked itself, however long it has been cut off from the engine.
    for (const [node, record] of nodes) {
      this.#known.delete(node);
      this.#known.set(node, record);
    }
    for (const node of this.#known.keys()) if (this.#known.size > MAX_KNOWN) this.#known.delete(node);
    this.#nodes = nodes;
    this.#signed = records;
    this.#given = new Map();
  }

  /** Before anything is claimed, every node says what it has. */
  async #reassertAll(): Promise<void> {
    await this.#forOwned(async (room, epoch) => {
      if (epoch === null) return;
      const owner = await this.#options.engine.reassert(room, { node: this.#id, epoch });
      // A room that was closed meanwhile was released after that.
      if (this.#owned.get(room) !== epoch) return;
      if (owner.node === this.#id) this.#owned.set(room, owner.epoch);
      else this.#lose(room, owner);
    });
  }

  async #forOwned(ask: (room: string, epoch: number | null) => Promise<void>): Promise<void> {
    const rooms = [...this.#owned.keys()];
    for (let i = 0; i < rooms.length; i += AT_ONCE)
      await Promise.all(
        rooms.slice(i, i + AT_ONCE).map(async (room) => {
          const epoch = this.#owned.get(room);
          if (epoch !== undefined) await ask(room, epoch);
        }),
      );
  }

  #giveBack(): void {
    const nowMs = this.#options.clock.now();
    for (const [room, sinceMs] of this.#emptySinceMs) {
      if (this.#options.isOpen(room)) this.#emptySinceMs.delete(room);
      else if (nowMs - sinceMs >= EMPTY_FOR_MS) this.released(room);
    }
  }

  /** Two nodes may have opened the same room meanwhile: the first to claim it keeps it. */
  async #claimUnclaimed(): Promise<void> {
    const { engine, clock } = this.#options;
    await this.#forOwned(async (room, epoch) => {
      if (epoch !== null) return;
      const deadlineMs = clock.now() + this.#offsetMs + CLAIM_DEADLINE_MS;
      const self = { node: this.#id, incarnation: this.incarnation, target: this.#id };
      const answer = await engine.claim({ room, ...self, deadlineMs });
      if (answer.result !== 'owned' || typeof this.#owned.get(room) === 'number') return;
      const isHere = this.#owned.has(room);
      if (answer.owner.node === this.#id) {
        // It was closed meanwhile, and is given back.
        if (!isHere) this.#emptySinceMs.set(room, clock.now());
        this.#owned.set(room, answer.owner.epoch);
      } else if (isHere) this.#lose(room, answer.owner);
    });
  }

  #lose(room: string, owner: Owner): void {
    this.#fenced++;
    this.#owned.delete(room);
    this.#emptySinceMs.delete(room);
    this.#options.log.warn({ room, owner: owner.node }, 'another node owns this room');
    this.#options.onLost(room);
  }
}

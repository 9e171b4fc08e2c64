import pino from 'pino';
import { ClusterDirectory } from '../../src/cluster/directory.ts';
import { FailedNodes } from '../../src/cluster/failed-nodes.ts';
import type { PeerState } from '../../src/cluster/peer-check.ts';
import type { Cancel, Clock, Millis } from '../../src/lib/clock.ts';
import { FakeClock } from './fake-clock.ts';
import { MemoryEngine, MemoryStorage } from './memory-engine.ts';
import type { Prng } from './prng.ts';

const STEP_MS: Millis = 100;
/** How long a client waits for a server that does not answer, and before it tries again. */
const OPEN_MS: Millis = 6000;
const RETRY_MS: Millis = 300;

/** The clock of one process, which may stand still while time passes. */
class ProcessClock implements Clock {
  readonly #clock: FakeClock;
  readonly #late: (() => void)[] = [];
  state: 'runs' | 'stands still' | 'is gone' = 'runs';

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  now(): Millis {
    return this.#clock.now();
  }

  wallNow(): Millis {
    return this.#clock.wallNow();
  }

  setTimer(at: Millis, callback: () => void): Cancel {
    let isCancelled = false;
    const run = () => {
      if (isCancelled || this.state === 'is gone') return;
      if (this.state === 'runs') callback();
      else this.#late.push(run);
    };
    const cancel = this.#clock.setTimer(at, run);
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  goOn(): void {
    this.state = 'runs';
    for (const run of this.#late.splice(0)) run();
  }
}

export interface SimulatedNode {
  readonly name: string;
  readonly clock: ProcessClock;
  readonly engine: MemoryEngine;
  readonly directory: ClusterDirectory;
  /** Rooms with people. */
  readonly rooms: Set<string>;
  isDraining: boolean;
  /** Other nodes do not reach it. */
  isCutOff: boolean;
}

/** Many nodes with the real directory and placement, in simulated time, with clients that behave as the library does. */
export class SimulatedCluster {
  readonly clock = new FakeClock();
  readonly storage = new MemoryStorage(this.clock);
  readonly nodes = new Map<string, SimulatedNode>();
  /** How long each join took, since they were last taken. */
  readonly waitsMs: Millis[] = [];
  /** Rooms whose people had to move. */
  moves = 0;
  /** Nodes of which another one has said that they failed. */
  readonly failed: string[] = [];
  #joining = 0;
  readonly #random: Prng;
  readonly #leaseMs: Millis;

  constructor(random: Prng, leaseMs: Millis) {
    this.#random = random;
    this.#leaseMs = leaseMs;
  }

  add(name: string): SimulatedNode {
    const clock = new ProcessClock(this.clock);
    const engine = new MemoryEngine(this.storage);
    const rooms = new Set<string>();
    const directory = new ClusterDirectory({
      engine,
      node: { node: name, version: '1', url: name, peer: name, region: '' },
      secret: 'secret',
      leaseMs: this.#leaseMs,
      whenDown: 'hash',
      ownState: () => ({
        load: Math.min(0.99, rooms.size / 1000),
        rooms: rooms.size,
        people: 0,
        draining: node.isDraining,
      }),
      isOpen: (room) => rooms.has(room),
      checkPeer: async (peer) => this.#check(node, peer),
      onLost: (room) => {
        rooms.delete(room);
        this.moves++;
        void this.join(room);
      },
      onReplaced: (gone) => void failures.replaced(gone),
      random: this.#random,
      clock,
      log: pino({ level: 'silent' }),
    });
    const failures = new FailedNodes({
      engine,
      incarnation: directory.incarnation,
      onFailed: ({ node }) => this.failed.push(node),
    });
    const node: SimulatedNode = { name, clock, engine, directory, rooms, isDraining: false, isCutOff: false };
    this.nodes.set(name, node);
    void directory.start();
    return node;
  }

  /** As `kill -9` does: its people come back elsewhere. */
  kill(node: SimulatedNode): void {
    node.clock.state = 'is gone';
    this.nodes.delete(node.name);
    for (const room of node.rooms) void this.join(room);
  }

  /** Somebody joins the room, however often they have to try. */
  async join(room: string): Promise<void> {
    const beganMs = this.clock.now();
    this.#joining++;
    let failures = 0;
    while (!(await this.#try(room))) await this.#wait(RETRY_MS * Math.min(8, ++failures) * (1 + this.#random() / 2));
    this.#joining--;
    this.waitsMs.push(this.clock.now() - beganMs);
  }

  /** Lets time pass, and calls back after each step. */
  async pass(ms: Millis, after: () => void = () => {}): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      this.clock.advance(STEP_MS);
      // What was begun goes on until it waits for time.
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      after();
    }
  }

  get joining(): number {
    return this.#joining;
  }

  /** The nodes that run and have people in a room, by room. */
  homes(): Map<string, string[]> {
    const homes = new Map<string, string[]>();
    for (const { name, rooms, clock } of this.nodes.values()) {
      if (clock.state !== 'runs') continue;
      for (const room of rooms) homes.set(room, [...(homes.get(room) ?? []), name]);
    }
    return homes;
  }

  leave(room: string): void {
    for (const { rooms, directory } of this.nodes.values()) if (rooms.delete(room)) directory.released(room);
  }

  async #try(room: string): Promise<boolean> {
    const all = [...this.nodes.values()];
    const first = all[Math.floor(this.#random() * all.length)]!;
    const at = await this.#ask(first, room);
    if (at === undefined) return false;
    if (at === first.name) return true;
    const second = this.nodes.get(at);
    return second !== undefined && (await this.#ask(second, room)) === second.name;
  }

  /** Where the node says that the room is. */
  async #ask(node: SimulatedNode, room: string): Promise<string | undefined> {
    if (node.clock.state === 'stands still') await this.#wait(OPEN_MS);
    if (node.clock.state !== 'runs') return undefined;
    const placement = await node.directory.place(room);
    if (placement.at === 'unknown') await this.#wait(placement.retryAfterMs);
    if (placement.at !== 'here') return placement.at === 'elsewhere' ? placement.url : undefined;
    node.rooms.add(room);
    return node.name;
  }

  #check(asking: SimulatedNode, peer: string): PeerState {
    const node = this.nodes.get(peer);
    if (node === undefined) return 'refused';
    return node.clock.state !== 'runs' || node.isCutOff || asking.isCutOff ? 'silent' : 'alive';
  }

  #wait(ms: Millis): Promise<void> {
    return new Promise((resolve) => this.clock.setTimer(this.clock.now() + ms, resolve));
  }
}

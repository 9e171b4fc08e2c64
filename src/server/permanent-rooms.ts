/** Permanent rooms of a cluster: each is open at one of the servers, also when the one that had it has died. */
import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import type { Directory } from '../rooms/ports.ts';
import type { RoomRegistry } from '../rooms/registry.ts';

export interface PermanentRoomsOptions {
  readonly registry: RoomRegistry;
  readonly directory: Directory & {
    readonly nodes: readonly { readonly node: string; readonly incarnation: string }[];
  };
  readonly clock: Clock;
}

/** How soon rooms are open again when their server has died. */
const INTERVAL_MS: Millis = 2000;
/** Nobody has told this server what it finds out then, for instance that a room was lost while it was opened. */
const ALWAYS_AFTER_MS: Millis = 60_000;
const AT_ONCE = 20;
/** A room that is not permanent is forgotten so long after its server has died, if nobody came back to it. */
const FORGET_AFTER_MS: Millis = 3_600_000;

/**
 * Whoever finds that a permanent room has no server opens it. The directory decides where. It is asked when this server
 * starts, when another one is gone, and once a minute; in between only about rooms that are new.
 */
export class PermanentRooms {
  readonly #options: PermanentRoomsOptions;
  /** Those that are open here or elsewhere, as far as is known. */
  #open = new Set<string>();
  /** Since when a room that is not permanent was kept and not here. */
  readonly #strandedSinceMs = new Map<string, Millis>();
  #nodes = '';
  #askedMs: Millis = Number.NEGATIVE_INFINITY;
  #cancel: Cancel = () => {};
  #closed = false;

  constructor(options: PermanentRoomsOptions) {
    this.#options = options;
  }

  /** Resolves when all are open, or when it is known where they are. */
  async start(): Promise<void> {
    if (this.#closed) return;
    const { registry, directory, clock } = this.#options;
    const nodes = directory.nodes.map(({ node, incarnation }) => `${node} ${incarnation}`).join();
    const nowMs = clock.now();
    if (nodes !== this.#nodes || nowMs - this.#askedMs >= ALWAYS_AFTER_MS) {
      this.#open = new Set();
      this.#askedMs = nowMs;
    }
    this.#nodes = nodes;
    // A server that drains opens nothing.
    const { permanent } = registry.keeper;
    const unknown = registry.draining === null ? permanent.filter((key) => !this.#open.has(key)) : [];
    for (let i = 0; i < unknown.length && !this.#closed; i += AT_ONCE)
      await Promise.all(unknown.slice(i, i + AT_ONCE).map((key) => this.#find(key)));
    await this.#forgetStranded(nowMs);
    if (!this.#closed) this.#cancel = clock.setTimer(clock.now() + INTERVAL_MS, () => void this.start());
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  async #find(key: string): Promise<void> {
    const { registry, directory } = this.#options;
    if (registry.known(key) === undefined) {
      const { at } = await directory.place(key);
      if (at === 'unknown' || this.#closed) return;
      if (at === 'here' && !this.#tryToOpen(key)) return;
    }
    this.#open.add(key);
  }

  /** False if this server has too many rooms. */
  #tryToOpen(key: string): boolean {
    try {
      this.#options.registry.openKept(key);
      return true;
    } catch {
      return false;
    }
  }

  async #forgetStranded(nowMs: Millis): Promise<void> {
    const { registry, directory } = this.#options;
    const { rooms } = registry.keeper;
    for (const key of this.#strandedSinceMs.keys())
      if (!rooms.has(key) || registry.known(key) !== undefined) this.#strandedSinceMs.delete(key);
    for (const [key, { permanent }] of rooms) {
      if (permanent || registry.known(key) !== undefined) continue;
      const sinceMs = this.#strandedSinceMs.get(key) ?? nowMs;
      this.#strandedSinceMs.set(key, sinceMs);
      if (nowMs - sinceMs < FORGET_AFTER_MS || this.#closed) continue;
      this.#strandedSinceMs.set(key, nowMs);
      const { at } = await directory.place(key);
      if (at === 'here' && registry.known(key) === undefined) registry.keeper.closed({ key });
    }
  }
}

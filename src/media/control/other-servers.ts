/** Workers of other servers of a cluster, on which rooms of this one go on when its own workers have enough to do. */
import type { Clock, Millis } from '../../lib/clock.ts';
import type { WorkerSlot } from './worker-slot.ts';

/** So long a server is left out whose links are lost while its connection lasts: a firewall is probably in the way. */
const LEFT_OUT_MS: Millis = 5 * 60_000;
/**
 * So long a room stays here after its people had to come back, so that somebody who comes and goes, for instance with a
 * Mumble client, does not send all of them to and fro.
 */
const REST_MS: Millis = 5 * 60_000;
/** Another one must be clearly less busy: a newcomer elsewhere costs a link. */
const LESS = 0.9;

export interface OtherServersOptions {
  /** The load, 0 to 1, of a worker of this server above which newcomers go to others. */
  readonly spanLoad: number;
  /** Makes the slot for a worker of this server, which is not connected yet. */
  readonly newSlot: (server: string) => WorkerSlot;
  readonly clock: Clock;
}

export class OtherServers {
  readonly #options: OtherServersOptions;
  readonly #slots = new Map<string, WorkerSlot>();
  readonly #leftOutUntilMs = new Map<WorkerSlot, Millis>();
  /** Newcomers go to these. */
  #followed: readonly string[] = [];
  #closed = false;

  constructor(options: OtherServersOptions) {
    this.#options = options;
  }

  get slots(): readonly WorkerSlot[] {
    return [...this.#slots.values()];
  }

  /**
   * From now on rooms may go on at these servers and no others. Whoever is at another one stays while the connection to
   * it lasts: without its engine, or when that has forgotten everything, the cluster does not know who lives.
   */
  follow(servers: readonly string[]): void {
    if (this.#closed) return;
    this.#followed = servers;
    for (const [server, slot] of this.#slots)
      if (!servers.includes(server) && (slot.seats === 0 || !slot.available)) this.#remove(server, slot);
    for (const server of servers) {
      if (this.#slots.has(server)) continue;
      const slot = this.#options.newSlot(server);
      this.#slots.set(server, slot);
      // One that cannot be reached now is tried again with the next list.
      slot.start().catch(() => {
        if (this.#slots.get(server) === slot) this.#remove(server, slot);
      });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#slots].map(([server, slot]) => this.#remove(server, slot)));
  }

  async #remove(server: string, slot: WorkerSlot): Promise<void> {
    this.#slots.delete(server);
    this.#leftOutUntilMs.delete(slot);
    slot.endSeats('media_failed');
    await slot.close();
  }

  /**
   * The worker that a newcomer goes to instead of this one; undefined if they stay. One server after the other is filled.
   * @param isSpread whether the room is already there
   */
  choose(local: WorkerSlot, isSpread: (slot: WorkerSlot) => boolean): WorkerSlot | undefined {
    const { spanLoad, clock } = this.#options;
    if (local.load < spanLoad) return undefined;
    const nowMs = clock.now();
    for (const [slot, untilMs] of this.#leftOutUntilMs) if (nowMs >= untilMs) this.#leftOutUntilMs.delete(slot);
    const open = this.#followed
      .flatMap((server) => this.#slots.get(server) ?? [])
      .filter(
        (slot) =>
          slot.available &&
          !slot.failing &&
          !slot.refusesJoins &&
          slot.load < LESS * local.load &&
          !this.#leftOutUntilMs.has(slot),
      );
    const present = open.filter((slot) => isSpread(slot) && slot.load < spanLoad);
    return leastBusy(present) ?? leastBusy(open);
  }

  /** A room begins to rest. The returned function says whether that is over. */
  rest(): () => boolean {
    const { clock } = this.#options;
    const untilMs = clock.now() + REST_MS;
    return () => clock.now() >= untilMs;
  }

  /** A link to it was lost. */
  failed(slot: WorkerSlot): void {
    if (slot.available) this.#leftOutUntilMs.set(slot, this.#options.clock.now() + LEFT_OUT_MS);
  }
}

function leastBusy(slots: readonly WorkerSlot[]): WorkerSlot | undefined {
  let best: WorkerSlot | undefined;
  for (const slot of slots) if (best === undefined || slot.load < best.load) best = slot;
  return best;
}

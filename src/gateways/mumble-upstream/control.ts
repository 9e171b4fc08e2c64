/** Rooms that are coupled with channels of another Mumble server. */
import type { Cancel, Millis } from '../../lib/clock.ts';
import { ConnectBudget } from './connect-budget.ts';
import { Coupling } from './coupling.ts';
import { Upstream, type UpstreamOptions } from './upstream.ts';

export interface CoupledRoom {
  readonly room: string;
  /** The names of the channel from the root down. */
  readonly path: readonly string[];
}

export interface MumbleUpstreamFigures {
  readonly rooms: number;
  /** Rooms that are connected at the moment. */
  readonly connected: number;
  /** Clients of people of this server. */
  readonly people: number;
  /** Users of the other server who are in rooms here. */
  readonly visitors: number;
  readonly failures: number;
  readonly outByUdp: number;
  readonly outByTunnel: number;
  readonly outDropped: number;
  readonly inByUdp: number;
  readonly inByTunnel: number;
}

const LOOK_MS: Millis = 1000;

export class MumbleUpstream {
  readonly #upstream: Upstream;
  readonly #couplings: readonly Coupling[];
  #cancelLook: Cancel = () => {};

  /** @param connectsPerWindow in 120 s, at least 1 */
  constructor(options: UpstreamOptions, rooms: readonly CoupledRoom[], connectsPerWindow: number) {
    this.#upstream = new Upstream(options, new ConnectBudget(connectsPerWindow, options.clock));
    const roomOfChannel = (channelId: number) => this.#couplings.find((one) => one.channelId === channelId)?.room;
    this.#couplings = rooms.map(
      ({ room, path }) => new Coupling({ room, path, upstream: this.#upstream, roomOfChannel }),
    );
  }

  get figures(): MumbleUpstreamFigures {
    let [connected, visitors, failures] = [0, 0, 0];
    for (const coupling of this.#couplings) {
      if (coupling.isConnected) connected++;
      visitors += coupling.visitors;
      failures += coupling.failures;
    }
    const { people, figures } = this.#upstream;
    return { rooms: this.#couplings.length, connected, people, visitors, failures, ...figures };
  }

  /** Connects, and stays connected. */
  start(): void {
    for (const coupling of this.#couplings) coupling.look();
    this.#look();
  }

  /** Idempotent. */
  close(): void {
    this.#cancelLook();
    for (const coupling of this.#couplings) coupling.close();
  }

  #look(): void {
    const { clock } = this.#upstream.options;
    this.#cancelLook = clock.setTimer(clock.now() + LOOK_MS, () => {
      for (const coupling of this.#couplings) coupling.look();
      this.#look();
    });
  }
}

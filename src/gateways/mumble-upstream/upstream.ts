/** What all couplings with another Mumble server share. */
import type { Logger } from 'pino';
import type { Clock } from '../../lib/clock.ts';
import type { AccessControl } from '../../rooms/access.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';
import type { ConnectBudget } from './connect-budget.ts';
import { type ClientCertificate, identityCertificate } from './identity-certificate.ts';
import { type ClientFigures, ServerClient, type ServerClientEvents } from './server-client.ts';
import type { ServerAddress } from './server-link.ts';
import { ServerNames } from './server-names.ts';
import type { ServerUser } from './server-roster.ts';

export interface UpstreamSettings {
  readonly server: ServerAddress;
  readonly password: string;
  /** Of the client that listens for a room, and speaks for those who have no client of their own. */
  readonly name: string;
  /** Clients of people at a time; 0: all speak through the one of their room. */
  readonly maxPeople: number;
  /** From it the certificates of people are made. */
  readonly secret: Uint8Array;
}

export interface UpstreamOptions {
  readonly settings: UpstreamSettings;
  readonly version: string;
  readonly registry: RoomRegistry;
  readonly access: Pick<AccessControl, 'bans'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** From 0 to 1. */
  readonly random: () => number;
}

export interface NewClient {
  readonly name: string;
  /** Who it is for, if they are known by more than a name. */
  readonly identity: string | null;
  readonly isBot: boolean;
  readonly events: ServerClientEvents;
}

const NOTHING: ClientFigures = { outByUdp: 0, outByTunnel: 0, outDropped: 0, inByUdp: 0, inByTunnel: 0 };

export class Upstream {
  readonly options: UpstreamOptions;
  readonly budget: ConnectBudget;
  readonly names: ServerNames;
  /** Numbers of our own clients, so that nobody hears themselves. */
  readonly #clients = new Set<ServerClient>();
  #people = 0;
  /** Of clients that have ended. */
  #ended = NOTHING;

  constructor(options: UpstreamOptions, budget: ConnectBudget) {
    this.options = options;
    this.names = new ServerNames(options.clock);
    this.budget = budget;
  }

  /** There is a place for the client of one more person. */
  get hasPlace(): boolean {
    return this.#people < this.options.settings.maxPeople;
  }

  /** Clients of people. */
  get people(): number {
    return this.#people;
  }

  get figures(): ClientFigures {
    let sum = this.#ended;
    for (const { figures } of this.#clients) sum = sumOf(sum, figures);
    return sum;
  }

  /** All clients, also those that are not in yet. */
  get size(): number {
    return this.#clients.size;
  }

  /** Some clients are not in yet, so their numbers are unknown. */
  get isAnyPending(): boolean {
    for (const client of this.#clients) if (!client.isReady) return true;
    return false;
  }

  /**
   * Whether a user of the server is one of our clients. Others see a client before it knows its number, and after it is
   * gone; then its name tells.
   */
  isOurs({ session, name }: Pick<ServerUser, 'session' | 'name'>): boolean {
    for (const client of this.#clients) if (client.session === session) return true;
    return this.names.isOurs(name);
  }

  /** Connects. Whoever calls it has taken a connection from the budget, and calls `forget` when the client has ended. */
  connect({ name, identity, isBot, events }: NewClient): ServerClient {
    const { settings, version, clock } = this.options;
    const { server, password } = settings;
    const certificate = this.#certificate(identity);
    const watched: ServerClientEvents = {
      ...events,
      changed: () => {
        this.budget.accepted();
        events.changed();
      },
    };
    const client = new ServerClient({ server, name, password, certificate, isBot, version, clock, events: watched });
    this.#clients.add(client);
    if (!isBot) this.#people++;
    return client;
  }

  /** Idempotent. */
  forget(client: ServerClient): void {
    if (!this.#clients.delete(client)) return;
    if (!client.isBot) this.#people--;
    this.#ended = sumOf(this.#ended, client.figures);
    this.names.release(client.name, client.session !== 0);
  }

  #certificate(identity: string | null): ClientCertificate | null {
    return identity === null ? null : identityCertificate(this.options.settings.secret, identity);
  }
}

function sumOf(a: ClientFigures, b: ClientFigures): ClientFigures {
  const sum = { ...a } as { -readonly [K in keyof ClientFigures]: number };
  for (const name of Object.keys(sum) as (keyof ClientFigures)[]) sum[name] += b[name];
  return sum;
}

import { randomBytes } from 'node:crypto';
import type { Clock, Millis } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import { formatNetwork, NetworkMap, parseNetwork } from '../lib/net/network.ts';
import { type KeptStore, NOTHING_KEPT, type Removal } from './ports.ts';

const MAX_BANS = 10_000;
/** When the list is full, several servers may add a ban before they know of each other's. */
const MAX_BANS_ELSEWHERE = 1000;
/** A subscriber of IPv6 has at least so much (RFC 6177), and takes another address of it at will. */
const SUBSCRIBER_BITS = 64;
/** Larger networks are whole providers, and a typing error must not keep everybody out. */
const MIN_BITS = { 4: 8, 16: 16 } as Readonly<Record<number, number>>;

/** Somebody who may not join: an identity, or everybody in a network. */
export interface Ban {
  readonly id: string;
  /** As `roomKey` returns it; null: the whole server, as for every network. */
  readonly room: string | null;
  /** From the person's token or Mumble certificate; null if `address` is banned. */
  readonly identity: string | null;
  /** An address or a network, as `formatNetwork` returns it. */
  readonly address: string | null;
  /** Their name when they were banned; empty if it was not known. */
  readonly name: string;
  /** For the operator and the moderators; empty for none. */
  readonly reason: string;
  /** The identity of the moderator who banned them; null: the operator. */
  readonly by: string | null;
  /** Milliseconds since 1970, like `untilMs`. */
  readonly sinceMs: Millis;
  /** Null: without an end. */
  readonly untilMs: Millis | null;
}

export interface NewBan {
  readonly room?: string | null;
  /** Either this or `address` is given. */
  readonly identity?: string | undefined;
  readonly address?: string | undefined;
  readonly name?: string;
  readonly reason?: string;
  readonly by: string | null;
  /** Null: without an end. */
  readonly durationMs: Millis | null;
}

/**
 * Bans outlive rooms and, with a store that lasts, the server. A ban ends at its wall-clock time, even if the machine
 * slept in between.
 */
export class BanList {
  readonly #clock: Clock;
  readonly #store: KeptStore;
  /** By room and person, oldest first: until when those who were removed cannot return with what they had been given. */
  readonly #removed = new Map<string, Millis>();
  /** By id, oldest first. */
  readonly #bans = new Map<string, Ban>();
  /** By room and identity. */
  readonly #identities = new Map<string, Ban>();
  readonly #networks = new NetworkMap<Ban>();
  /** What several of them are for. */
  readonly #doubled = new Set<string>();

  constructor(clock: Clock, store: KeptStore = NOTHING_KEPT) {
    this.#clock = clock;
    this.#store = store;
    for (const ban of store.all('bans').values()) this.#insert(ban);
    for (const [key, { untilMs }] of store.all('removed')) this.#removed.set(key, untilMs);
    store.watch((table, key, record) => {
      if (table === 'bans') this.#changedElsewhere(key, record as Ban | null);
      else if (table === 'removed') this.#removedElsewhere(key, record as Removal | null);
    });
  }

  /**
   * Replaces a ban of the same target. A single IPv6 address means its /64. When the list is full, the oldest ban with an
   * end is forgotten. Throws `invalid_request` for what is no address, or a network of more than a provider, and
   * `too_many_bans`.
   */
  add({ room = null, identity, address, name = '', reason = '', by, durationMs }: NewBan): Ban {
    const network = address === undefined ? null : bannableNetwork(address);
    if ((identity === undefined) === (network === null))
      throw new AppError('invalid_request', 'Either an identity or an address is banned.');
    const previous = network === null ? this.#identities.get(keyOf(room, identity ?? '')) : this.#networks.get(network);
    if (previous !== undefined) this.#delete(previous);
    if (this.#bans.size >= MAX_BANS) this.#makeRoom();
    const sinceMs = this.#clock.wallNow();
    const ban: Ban = {
      id: randomBytes(9).toString('base64url'),
      room: network === null ? room : null,
      identity: identity ?? null,
      address: network && formatNetwork(network),
      name,
      reason,
      by,
      sinceMs,
      untilMs: durationMs === null ? null : sinceMs + durationMs,
    };
    this.#insert(ban);
    this.#store.set('bans', ban.id, ban);
    return ban;
  }

  /** Tokens that were given to this person so far no longer admit them. `person` is as `personKey` returns it. */
  removed(room: string, person: string, lifetimeMs: Millis): void {
    const key = keyOf(room, person);
    const untilMs = this.#clock.wallNow() + lifetimeMs;
    this.#removed.delete(key);
    this.#removed.set(key, untilMs);
    this.#store.set('removed', key, { room, person, untilMs });
    for (const [oldest, endMs] of this.#removed) {
      if (endMs > this.#clock.wallNow() && this.#removed.size <= MAX_BANS) break;
      this.#removed.delete(oldest);
      this.#store.set('removed', oldest, null);
    }
  }

  /** Whether somebody was removed while what they had been given before that could still be valid. */
  wasRemoved(room: string, person: string): boolean {
    return this.#clock.wallNow() < (this.#removed.get(keyOf(room, person)) ?? 0);
  }

  /** Throws `kicked` while the identity is banned from this room or from the server. Null: it has none. */
  checkIdentity(room: string, identity: string | null): void {
    if (identity === null) return;
    this.#check([this.#identities.get(keyOf(room, identity)), this.#identities.get(keyOf(null, identity))]);
  }

  /** Throws `kicked` while the address is banned. */
  checkAddress(address: string): void {
    this.#check(this.#networks.matches(address));
  }

  /** Whether the ban keeps out somebody with this identity and address in this room. */
  concerns(ban: Ban, room: string, identity: string | null, address: string | null): boolean {
    if (ban.identity !== null) return ban.identity === identity && (ban.room === null || ban.room === room);
    return address !== null && this.#networks.matches(address).includes(ban);
  }

  /** All that are in force, oldest first. */
  get all(): Ban[] {
    return Array.from(this.#bans.values()).filter((ban) => !this.#isOver(ban));
  }

  /** The bans of one room that are in force, oldest first. */
  list(room: string): Ban[] {
    return this.all.filter((ban) => ban.room === room);
  }

  /** Ends a ban early; false if there is none. */
  lift(room: string, identity: string): boolean {
    return this.#end(this.#identities.get(keyOf(room, identity)));
  }

  /** The same by its id. */
  liftById(id: string): boolean {
    return this.#end(this.#bans.get(id));
  }

  #changedElsewhere(id: string, ban: Ban | null): void {
    const before = this.#bans.get(id);
    if (before !== undefined) this.#forget(before);
    if (ban !== null && this.#bans.size < MAX_BANS + MAX_BANS_ELSEWHERE) this.#insert(ban);
  }

  #removedElsewhere(key: string, removal: Removal | null): void {
    this.#removed.delete(key);
    if (removal !== null) this.#removed.set(key, removal.untilMs);
  }

  #end(ban: Ban | undefined): boolean {
    if (ban === undefined) return false;
    this.#delete(ban);
    return !this.#isOver(ban);
  }

  #check(bans: readonly (Ban | undefined)[]): void {
    for (const ban of bans) {
      if (ban === undefined) continue;
      if (this.#isOver(ban)) this.#delete(ban);
      else throw refusal(ban, this.#clock.wallNow());
    }
  }

  #isOver({ untilMs }: Ban): boolean {
    return untilMs !== null && untilMs <= this.#clock.wallNow();
  }

  #insert(ban: Ban): void {
    const { id, room, identity, address } = ban;
    this.#bans.set(id, ban);
    const network = address === null ? undefined : parseNetwork(address);
    const before =
      identity === null ? network && this.#networks.get(network) : this.#identities.get(keyOf(room, identity));
    if (before !== undefined && before.id !== id) this.#doubled.add(targetOf(ban));
    if (identity !== null) this.#identities.set(keyOf(room, identity), ban);
    if (network !== undefined) this.#networks.set(network, ban);
  }

  #delete(ban: Ban): void {
    this.#forget(ban);
    this.#store.set('bans', ban.id, null);
  }

  /** Two servers may have banned the same at the same time: then the other ban holds on. */
  #forget(ban: Ban): void {
    const { id, room, identity, address } = ban;
    this.#bans.delete(id);
    const target = targetOf(ban);
    const other = this.#doubled.has(target)
      ? [...this.#bans.values()].find((one) => targetOf(one) === target)
      : undefined;
    if (other !== undefined) this.#insert(other);
    if (other !== undefined) return;
    this.#doubled.delete(target);
    if (identity !== null) this.#identities.delete(keyOf(room, identity));
    const network = address === null ? undefined : parseNetwork(address);
    if (network !== undefined) this.#networks.delete(network);
  }

  /** Forgets those that are over, or the oldest of those that would end, first of moderators. */
  #makeRoom(): void {
    const all = [...this.#bans.values()];
    const over = all.filter((ban) => this.#isOver(ban));
    const ending = all.filter(({ untilMs }) => untilMs !== null);
    // A moderator of one room must not be able to push out what the operator has decided for the server.
    const oldest = ending.find(({ by }) => by !== null) ?? ending[0];
    const forgotten = over.length > 0 || oldest === undefined ? over : [oldest];
    if (forgotten.length === 0) throw new AppError('too_many_bans');
    for (const ban of forgotten) this.#delete(ban);
  }
}

/** What somebody who is banned is told. Whoever is banned without an end is told no time. */
export function refusal({ untilMs }: Ban, wallNowMs: Millis): AppError {
  return new AppError('kicked', undefined, untilMs === null ? {} : { retryAfterMs: untilMs - wallNowMs });
}

function bannableNetwork(text: string) {
  const one = parseNetwork(text);
  const isSubscriber = one?.bytes.length === 16 && !text.includes('/');
  const network = isSubscriber ? parseNetwork(`${text}/${SUBSCRIBER_BITS}`) : one;
  if (network === undefined)
    throw new AppError('invalid_request', 'An address is banned as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/48.');
  const minBits = MIN_BITS[network.bytes.length] ?? 0;
  if (network.bits < minBits)
    throw new AppError('invalid_request', `The network is too large: at least /${minBits} is needed.`);
  return network;
}

/** Under what somebody is remembered: their identity, or the id of a guest, who has none. */
export function personKey({ id, identity }: { readonly id: string; readonly identity: string | null }): string {
  return identity ?? `#${id}`;
}

function targetOf({ room, identity, address }: Ban): string {
  return identity === null ? `${address}` : keyOf(room, identity);
}

/** Keys of rooms contain no spaces and no asterisks. */
function keyOf(room: string | null, identity: string): string {
  return `${room ?? '*'} ${identity}`;
}

import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type { LimitCounts } from '../lib/rates/limit-counts.ts';
import type { RoomEntry } from '../protocol/messages.ts';
import type { ListedRoom, RoomPreview } from '../protocol/rooms.ts';
import type { EventOf, RoomEvent } from './events.ts';
import { FanOutBudget } from './fan-out-budget.ts';
import { roomKeyOrUndefined } from './names.ts';
import type { RoomInfo } from './room-options.ts';

/** The rooms that people see without being in them: none, those that anyone may enter, or all. */
export type RoomListMode = 'off' | 'public' | 'all';

/** As far as the list is concerned. */
export interface ListableRoom {
  /** As `roomKey` returns it. */
  readonly key: string;
  readonly info: RoomInfo;
  /** All people. */
  readonly everybody: readonly { readonly id: string; readonly name: string }[];
  /** Of a current speaker; otherwise null. */
  levelDbovOf(participantId: string): number | null;
}

/** Someone to whom the list is shown. */
export interface ListWatcher {
  /** More is waiting to be sent to it than a working connection would have waiting. */
  readonly isBehind?: boolean;
  event(...events: readonly RoomEvent[]): void;
}

export interface RoomListOptions {
  readonly mode: RoomListMode;
  /** The open ones by key. */
  readonly rooms: ReadonlyMap<string, ListableRoom>;
  readonly entryOf: (key: string) => RoomEntry;
  /** What the other servers of a cluster list, as last heard; none if omitted. */
  readonly others?: (() => readonly ListedRoom[]) | undefined;
  readonly limitCounts: LimitCounts;
  readonly clock: Clock;
}

interface Told {
  readonly room: ListedRoom;
  /** As JSON, to compare. */
  readonly text: string;
  readonly bytes: number;
  readonly atMs: Millis;
}

/** More would fill the form of the page. */
const MAX_NAMES_BEFORE_JOIN = 20;
/** Operators' rooms are listed first, so that guests who open many cannot push them out. */
export const MAX_LISTED_ROOMS = 500;
/** Of each room. */
export const MAX_LISTED_PEOPLE = 12;
/** For the names of people in the whole list. Beyond that, rooms only say how many are inside. */
const MAX_PEOPLE_BYTES = 65_536;
/** How often changes are sent. */
const INTERVAL_MS: Millis = 1000;
const MAX_CHANGE_BYTES = 16_384;
/** Somebody who closes and opens the list again waits for this long. */
const FULL_INTERVAL_MS: Millis = 5000;
const RATES = { each: 16_384, inAll: 2_097_152 };

/**
 * What people see of rooms that they are not in. While somebody watches the list, all rooms are compared once a second
 * with what was last sent, so nothing else has to report changes, and how often people come, go and speak does not
 * matter. Everyone who watches is sent the same messages. They have a budget in bytes; beyond it, changes wait, those of
 * the room that was sent least recently for the shortest time.
 */
export class RoomList {
  readonly #options: RoomListOptions;
  readonly #watchers = new Set<ListWatcher>();
  /** Those who need the whole list. */
  readonly #waiting = new Set<ListWatcher>();
  readonly #fullAtMs = new WeakMap<ListWatcher, Millis>();
  readonly #budget = new FanOutBudget(RATES);
  /** What those who watch know, by name. */
  #told: ReadonlyMap<string, Told> = new Map();
  #full: EventOf<'rooms'> | undefined;
  #snapshot: { readonly text: string; readonly atMs: Millis } | undefined;
  #cancelTimer: Cancel = () => {};
  #closed = false;

  constructor(options: RoomListOptions) {
    this.#options = options;
  }

  get mode(): RoomListMode {
    return this.#options.mode;
  }

  /** Who is in a room, for anyone who could just as well join it; null if it is not for everyone. */
  preview(name: string): RoomPreview | null {
    const key = roomKeyOrUndefined(name);
    if (this.#closed || key === undefined || this.#options.entryOf(key) !== 'open') return null;
    const room = this.#options.rooms.get(key);
    if (room === undefined) return this.#previewElsewhere(key);
    const { locked, participants } = room.info;
    return locked ? null : { names: room.everybody.slice(0, MAX_NAMES_BEFORE_JOIN).map(who), participants };
  }

  /** The rooms of this server, for the lists of others. */
  get own(): readonly ListedRoom[] {
    if (this.mode === 'off' || this.#closed) return [];
    return bounded([...this.#options.rooms.values()].flatMap((room) => this.#view(room) ?? []));
  }

  /** The list as JSON, for people who are in no room yet: `ListedRoom[]`, or null without a list. At most a second old. */
  get snapshot(): string {
    if (this.mode === 'off' || this.#closed) return 'null';
    const nowMs = this.#options.clock.now();
    if (this.#snapshot === undefined || nowMs - this.#snapshot.atMs >= INTERVAL_MS)
      this.#snapshot = { text: `[${[...this.#read(nowMs).values()].map(({ text }) => text).join(',')}]`, atMs: nowMs };
    return this.#snapshot.text;
  }

  /** Sends the list now and its changes from then on. Throws `not_allowed`. */
  watch(watcher: ListWatcher): void {
    if (this.mode === 'off') throw new AppError('not_allowed', 'This server shows no list of rooms.');
    if (this.#closed || this.#watchers.has(watcher)) return;
    const nowMs = this.#options.clock.now();
    if (this.#watchers.size === 0) {
      this.#tell(this.#read(nowMs));
      this.#wait(nowMs);
    }
    this.#watchers.add(watcher);
    this.#waiting.add(watcher);
    this.#greet(nowMs);
  }

  unwatch(watcher: ListWatcher): void {
    this.#watchers.delete(watcher);
    this.#waiting.delete(watcher);
    if (this.#watchers.size === 0) this.#cancelTimer();
  }

  close(): void {
    this.#closed = true;
    this.#watchers.clear();
    this.#waiting.clear();
    this.#cancelTimer();
  }

  #wait(nowMs: Millis): void {
    const { clock } = this.#options;
    this.#cancelTimer = clock.setTimer(nowMs + INTERVAL_MS, () => {
      const atMs = clock.now();
      this.#sendChanges(atMs);
      this.#greet(atMs);
      this.#wait(atMs);
    });
  }

  #sendChanges(nowMs: Millis): void {
    const current = this.#read(nowMs);
    const changed = [...current].filter(([name, { text }]) => this.#told.get(name)?.text !== text);
    const closed = [...this.#told.keys()].filter((name) => !current.has(name));
    if (changed.length + closed.length === 0) return;
    if (!this.#budget.has(nowMs)) {
      this.#options.limitCounts.hit('room_update_bytes');
      return;
    }
    const toldAtMs = (name: string) => this.#told.get(name)?.atMs ?? Number.NEGATIVE_INFINITY;
    changed.sort(([a], [b]) => toldAtMs(a) - toldAtMs(b));
    const told = new Map(this.#told);
    for (const name of closed) told.delete(name);
    let bytes = closed.reduce((sum, name) => sum + Buffer.byteLength(name), 0);
    const rooms: ListedRoom[] = [];
    for (const [name, room] of changed) {
      if (bytes > MAX_CHANGE_BYTES) break;
      bytes += room.bytes;
      rooms.push(room.room);
      told.set(name, room);
    }
    this.#tell(told);
    const event = { type: 'rooms_changed', rooms, closed } as const;
    const receivers = [...this.#watchers].filter((watcher) => !this.#waiting.has(watcher));
    this.#budget.spend(nowMs, bytes, receivers.length);
    for (const watcher of receivers) {
      // The whole list later is less than all changes now.
      if (watcher.isBehind) this.#waiting.add(watcher);
      else watcher.event(event);
    }
  }

  /** Sends the whole list to those who wait for it. */
  #greet(nowMs: Millis): void {
    for (const watcher of this.#waiting) {
      const lastMs = this.#fullAtMs.get(watcher) ?? Number.NEGATIVE_INFINITY;
      if (nowMs - lastMs < FULL_INTERVAL_MS || watcher.isBehind) continue;
      if (!this.#budget.has(nowMs)) {
        this.#options.limitCounts.hit('room_update_bytes');
        return;
      }
      this.#full ??= { type: 'rooms', rooms: Array.from(this.#told.values(), ({ room }) => room) };
      const bytes = [...this.#told.values()].reduce((sum, told) => sum + told.bytes, 0);
      // Only one of them receives it, so it counts towards the total alone.
      this.#budget.spend(nowMs, (bytes * RATES.each) / RATES.inAll, 1);
      this.#fullAtMs.set(watcher, nowMs);
      this.#waiting.delete(watcher);
      watcher.event(this.#full);
    }
  }

  #tell(told: ReadonlyMap<string, Told>): void {
    this.#told = told;
    this.#full = undefined;
  }

  /** The list as it is now, in its order. */
  #read(nowMs: Millis): Map<string, Told> {
    const own = [...this.#options.rooms.values()].flatMap((room) => this.#view(room) ?? []);
    return new Map(
      bounded([...own, ...this.#elsewhere()]).map((room) => {
        const json = JSON.stringify(room);
        return [room.name, { room, text: json, bytes: Buffer.byteLength(json), atMs: nowMs }];
      }),
    );
  }

  /** Those of other servers that this one would show as well. While a room moves, two servers have it. */
  #elsewhere(): readonly ListedRoom[] {
    const seen = new Set<string>(this.#options.rooms.keys());
    return (this.#options.others?.() ?? []).filter(({ name, entry, locked }) => {
      const key = roomKeyOrUndefined(name);
      if (key === undefined || seen.has(key)) return false;
      seen.add(key);
      return this.mode === 'all' || (entry === 'open' && !locked);
    });
  }

  #previewElsewhere(key: string): RoomPreview | null {
    const room = this.#options.others?.().find(({ name }) => roomKeyOrUndefined(name) === key);
    if (room === undefined) return { names: [], participants: 0 };
    return room.participants === null ? null : { names: room.people.map(who), participants: room.participants };
  }

  /** Undefined if the list does not have it. */
  #view(room: ListableRoom): ListedRoom | undefined {
    const { name, description, permanent, order, listed, locked, participants } = room.info;
    const entry = this.#options.entryOf(room.key);
    const isPublic = entry === 'open' && !locked;
    if (!listed || (this.mode === 'public' && !isPublic)) return undefined;
    const about = { name, description, entry, locked, permanent, order };
    return isPublic
      ? { ...about, participants, people: peopleIn(room, participants) }
      : { ...about, participants: null, people: [] };
  }
}

/** In the order of the list, with the names of as many people as there is room for. */
function bounded(rooms: readonly ListedRoom[]): ListedRoom[] {
  let peopleBytes = 0;
  return [...rooms]
    .sort(byPlace)
    .slice(0, MAX_LISTED_ROOMS)
    .map(({ people, ...rest }) => {
      peopleBytes += Buffer.byteLength(JSON.stringify(people));
      return { ...rest, people: peopleBytes > MAX_PEOPLE_BYTES ? [] : people };
    });
}

/** Those who have been there for longest; in a large room those who speak before them. */
function peopleIn(room: ListableRoom, size: number): ListedRoom['people'] {
  const people = room.everybody.map(({ id, name }) => ({ name, speaking: room.levelDbovOf(id) !== null }));
  if (size > MAX_LISTED_PEOPLE) people.sort((a, b) => Number(b.speaking) - Number(a.speaking));
  return people.slice(0, MAX_LISTED_PEOPLE);
}

function byPlace(a: ListedRoom, b: ListedRoom): number {
  const difference = Number(b.permanent) - Number(a.permanent) || a.order - b.order;
  return difference || (a.name < b.name ? -1 : 1);
}

function who({ name }: { readonly name: string }): string {
  return name;
}

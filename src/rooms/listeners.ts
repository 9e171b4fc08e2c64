/** Those who hear a room without being in it. Nobody sees who they are; the room is told how many there are. */
import { randomUUID } from 'node:crypto';
import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type { AnySeat, MediaCloseReason, MediaNetwork, MediaRoom, MemberState, SeatOptions } from '../media/plane.ts';
import type { LiveMode } from '../protocol/api/live-mode.ts';
import type { Admission } from './admission.ts';
import type { EventOf } from './events.ts';

/** Why somebody no longer listens. */
export type ListenerEnd =
  | 'left'
  /** The operator has ended it. */
  | 'ended'
  | 'room_closed'
  | 'server_closing'
  | MediaCloseReason;

/** `forward`, `rtp`: where the operator sends the room. `route`: another room. */
export type ListenerVia = 'whep' | 'http' | 'forward' | 'route' | 'rtp';

export interface ListenerOptions {
  readonly via: ListenerVia;
  /** For the operator; null if addresses are hidden. */
  readonly address: string | null;
  /** They were let in only because anybody may listen. False by default. */
  readonly isPublic?: boolean;
  /** Called once. */
  readonly ended: (reason: ListenerEnd) => void;
}

interface ListenerRoom {
  readonly media: () => MediaRoom;
  /** `connected` has changed. */
  readonly changed: () => void;
  readonly left: (listener: RoomListener) => void;
}

/** They have no voice, and hear what everyone in the room hears. */
const LISTENS: MemberState = { muted: true, deafened: false, hearing: [] };
const UNKNOWN_NETWORK: MediaNetwork = { incoming: null, outgoing: null, roundTripMs: null };
/** How long a new number waits for the next. */
const TOLD_EVERY_MS: Millis = 1000;

/** Somebody who listens. */
export class RoomListener {
  readonly id = randomUUID();
  readonly via: ListenerVia;
  /** In milliseconds since 1970. */
  readonly sinceMs: Millis;
  readonly address: string | null;
  readonly isPublic: boolean;
  readonly #ended: (reason: ListenerEnd) => void;
  readonly #room: ListenerRoom;
  #seat: AnySeat | undefined;
  #connected = false;
  #isOver = false;

  /** @internal Made by `RoomListeners.add`. */
  constructor({ via, address, isPublic = false, ended }: ListenerOptions, room: ListenerRoom, sinceMs: Millis) {
    this.via = via;
    this.address = address;
    this.isPublic = isPublic;
    this.#ended = ended;
    this.#room = room;
    this.sinceMs = sinceMs;
  }

  get seat(): AnySeat | undefined {
    return this.#seat;
  }

  /** Their media works. */
  get connected(): boolean {
    return this.#connected;
  }

  get network(): MediaNetwork {
    return this.#seat?.network ?? UNKNOWN_NETWORK;
  }

  /** Takes their seat, once. Throws what `take` throws. */
  sit<S extends AnySeat>(take: (media: MediaRoom, options: SeatOptions) => S): S {
    const seat = take(this.#room.media(), {
      state: LISTENS,
      events: {
        connected: () => this.#setConnected(true),
        silent: (silent) => this.#setConnected(!silent),
        closed: (reason) => this.end(reason),
      },
    });
    this.#seat = seat;
    return seat;
  }

  /** Hears the room in another way than from a seat. */
  hears(): void {
    this.#setConnected(true);
  }

  end(reason: ListenerEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#seat?.close();
    this.#room.left(this);
    this.#ended(reason);
  }

  #setConnected(connected: boolean): void {
    if (this.#isOver || connected === this.#connected) return;
    this.#connected = connected;
    this.#room.changed();
  }
}

/** The listeners of one room. */
export class RoomListeners {
  readonly #room: { readonly media: MediaRoom; tellAll(event: EventOf<'listeners'>): void };
  readonly #checkNewcomer: (admission: Admission) => void;
  readonly #clock: Clock;
  readonly #all = new Map<string, RoomListener>();
  #told = 0;
  #toldMs: Millis = Number.NEGATIVE_INFINITY;
  #cancelTelling: Cancel | undefined;
  #closed = false;

  /** @param checkNewcomer throws if somebody with this admission may not enter */
  constructor(
    room: { readonly media: MediaRoom; tellAll(event: EventOf<'listeners'>): void },
    checkNewcomer: (admission: Admission) => void,
    clock: Clock,
  ) {
    this.#room = room;
    this.#checkNewcomer = checkNewcomer;
    this.#clock = clock;
  }

  /** In order of arrival, including those whose media does not work yet. */
  get all(): Iterable<RoomListener> {
    return this.#all.values();
  }

  /** Those whose media works. */
  get count(): number {
    let count = 0;
    for (const { connected } of this.#all.values()) if (connected) count++;
    return count;
  }

  /** Throws `unknown_listener`. */
  listener(id: string): RoomListener {
    const listener = this.#all.get(id);
    if (listener === undefined) throw new AppError('unknown_listener');
    return listener;
  }

  /** Somebody with this admission listens from now on. Throws `room_locked`. */
  add(admission: Admission, options: ListenerOptions): RoomListener {
    this.#checkNewcomer(admission);
    const room: ListenerRoom = {
      media: () => this.#room.media,
      changed: () => this.#changed(),
      left: ({ id, connected }) => {
        this.#all.delete(id);
        if (connected) this.#changed();
      },
    };
    const listener = new RoomListener(options, room, this.#clock.wallNow());
    this.#all.set(listener.id, listener);
    return listener;
  }

  /** From now on the operator lets these people listen over HTTP. The others end. */
  liveModeChanged(mode: LiveMode): void {
    if (mode === 'public') return;
    for (const listener of [...this.#all.values()]) {
      if (listener.via === 'http' && (mode === 'off' || listener.isPublic)) listener.end('ended');
    }
  }

  close(reason: ListenerEnd): void {
    this.#closed = true;
    this.#cancelTelling?.();
    for (const listener of [...this.#all.values()]) listener.end(reason);
  }

  /** Many may come and go at once, for instance when a link is shared. */
  #changed(): void {
    if (this.#closed || this.#cancelTelling !== undefined) return;
    const dueMs = this.#toldMs + TOLD_EVERY_MS;
    if (dueMs <= this.#clock.now()) this.#tell();
    else this.#cancelTelling = this.#clock.setTimer(dueMs, () => this.#tell());
  }

  #tell(): void {
    this.#cancelTelling = undefined;
    const { count } = this;
    if (count === this.#told) return;
    this.#told = count;
    this.#toldMs = this.#clock.now();
    this.#room.tellAll({ type: 'listeners', listeners: count });
  }
}

/** Which rooms are kept, and what of them, so that they are there again after a restart or at another server. */
import type { Logger } from 'pino';
import type { AccessControl } from './access.ts';
import type { ModeratorAction } from './moderation.ts';
import type { Decisions, KeptRoom, KeptStore } from './ports.ts';
import type { RoomSettings } from './room-options.ts';

/** The newest of each kind in each room. */
const MAX_KEPT_IDENTITIES = 1000;

interface SomeRoom {
  readonly name: string;
  readonly key: string;
  readonly permanent: boolean;
  readonly decisions: Decisions;
}

export interface KeptChange extends Partial<RoomSettings> {
  /** Hashed. Null: none of its own. */
  readonly password?: string | null | undefined;
}

/** A room of the operator's settings. */
export interface NamedRoom {
  readonly name: string;
  readonly key: string;
  readonly settings: Partial<RoomSettings>;
}

const NOTHING_SET = { locked: false, muted: [], mutedInChat: [], password: null };

export class RoomKeeper {
  readonly #store: KeptStore;
  readonly #access: Pick<AccessControl, 'setPassword'>;
  readonly #log: Logger;
  readonly #rooms: Map<string, KeptRoom>;
  #named: ReadonlyMap<string, NamedRoom> = new Map();

  /** `access` asks for the passwords of kept rooms, also of those that are not open here. */
  constructor(
    store: KeptStore,
    access: Pick<AccessControl, 'setPassword'>,
    { isOpen, log }: { readonly isOpen: (key: string) => boolean; readonly log: Logger },
  ) {
    this.#store = store;
    this.#rooms = new Map(store.all('rooms'));
    this.#access = access;
    this.#log = log;
    for (const [key, { password }] of this.#rooms) if (password !== null) this.askForPassword(key);
    store.watch((table, key, record) => {
      if (table !== 'rooms') return;
      const room = record as KeptRoom | null;
      if (room === null) this.#rooms.delete(key);
      else this.#rooms.set(key, room);
      // A room that is open here may have been opened before this was known.
      if (room !== null || !isOpen(key)) this.askForPassword(key);
    });
  }

  /** Who joins this room is asked for the password that is kept for it, or is in the settings. */
  askForPassword(key: string): void {
    try {
      this.#access.setPassword(key, this.#rooms.get(key)?.password ?? null);
    } catch (thrown) {
      this.#log.error({ err: thrown, room: key }, 'the password of a kept room cannot be used');
    }
  }

  /** As the store has them, by `roomKey`. */
  get rooms(): ReadonlyMap<string, KeptRoom> {
    return this.#rooms;
  }

  /** Other servers have some of the kept rooms. */
  get isShared(): boolean {
    return this.#store.isShared;
  }

  /** The rooms of the settings, which are to be opened here or elsewhere. Not those that only this server opens. */
  setNamed(rooms: readonly NamedRoom[]): void {
    this.#named = new Map(rooms.map((room) => [room.key, room]));
  }

  /** The keys of all that are to be open somewhere. */
  get permanent(): readonly string[] {
    const kept = [...this.#rooms].flatMap(([key, { permanent }]) => (permanent ? [key] : []));
    return [...new Set([...this.#named.keys(), ...kept])];
  }

  /** What is known of a room that is about to be opened. */
  find(key: string): KeptRoom | undefined {
    const kept = this.#rooms.get(key);
    const named = this.#named.get(key);
    if (named === undefined) return kept;
    const settings = { ...kept?.settings, ...named.settings };
    return { ...NOTHING_SET, ...kept, name: named.name, permanent: true, settings };
  }

  /** The operator has opened this room, or set something for it. */
  changed(room: SomeRoom, { password, ...settings }: KeptChange): void {
    if (!room.permanent && !this.isShared) return;
    const before = this.#rooms.get(room.key);
    this.#keep(room, {
      ...decisionsOf(room),
      name: room.name,
      permanent: room.permanent,
      password: password === undefined ? (before?.password ?? null) : password,
      settings: { ...before?.settings, ...settings },
    });
  }

  /** A moderator of this room has decided something. */
  decided(room: SomeRoom, action: ModeratorAction): void {
    if (action.type === 'slow_mode') this.changed(room, { slowModeSeconds: action.seconds });
    else if (action.type !== 'kick') this.changed(room, {});
  }

  closed({ key }: Pick<SomeRoom, 'key'>): void {
    if (this.#rooms.delete(key)) this.#store.set('rooms', key, null);
  }

  #keep({ key }: SomeRoom, kept: KeptRoom): void {
    this.#rooms.set(key, kept);
    this.#store.set('rooms', key, kept);
  }
}

function decisionsOf({ decisions: { locked, muted, mutedInChat } }: SomeRoom): Decisions {
  return { locked, muted: muted.slice(-MAX_KEPT_IDENTITIES), mutedInChat: mutedInChat.slice(-MAX_KEPT_IDENTITIES) };
}

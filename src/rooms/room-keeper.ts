/** Keeps permanent rooms, so that they are there again after a restart with everything that was set for them. */
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

export class RoomKeeper {
  readonly #store: KeptStore;
  readonly #rooms: Map<string, KeptRoom>;

  constructor(store: KeptStore) {
    this.#store = store;
    this.#rooms = new Map(store.all('rooms'));
  }

  /** As the store had them at the start, by `roomKey`, with what was changed since. */
  get rooms(): ReadonlyMap<string, KeptRoom> {
    return this.#rooms;
  }

  /** The operator has opened this room, or set something for it. */
  changed(room: SomeRoom, { password, ...settings }: KeptChange): void {
    if (!room.permanent) return;
    const before = this.#rooms.get(room.key);
    this.#keep(room, {
      ...decisionsOf(room),
      name: room.name,
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

/**
 * Linked rooms: a shout in one is heard in the others. Two rooms are linked while each names the other, so that a game
 * server that controls one of them cannot be heard in the other by itself.
 */
import { AppError } from '../lib/errors.ts';
import { roomKeyOrUndefined } from './names.ts';
import type { RoomSettings } from './room-options.ts';
import { teamNames } from './teams.ts';

/** As far as links are concerned. */
export interface LinkableRoom<R> {
  /** As `roomKey` returns it, like `links`. */
  readonly key: string;
  readonly links: readonly string[];
  /** From now on the room is linked to these. */
  readonly sound: { setLinked(rooms: readonly R[]): void };
}

/**
 * The keys of rooms to which the one with the key `own` is to be linked, each once. Throws `invalid_request`, which
 * names the wrong entry.
 */
export function linkedNames(own: string, wanted: readonly string[]): readonly string[] {
  const keys = wanted.map((text, index) => {
    const key = roomKeyOrUndefined(text);
    if (key === undefined) throw new AppError('invalid_request', `"links.${index}": this is not the name of a room.`);
    if (key === own) throw new AppError('invalid_request', `"links.${index}": a room cannot be linked to itself.`);
    return key;
  });
  return [...new Set(keys)];
}

/** Settings of the room with the key `own`, whose names are as rooms use them. Throws as `linkedNames` and `teamNames`. */
export function withCheckedNames(own: string, settings: Partial<RoomSettings>): Partial<RoomSettings> {
  const { links, teams } = settings;
  return {
    ...settings,
    ...(links !== undefined && { links: linkedNames(own, links) }),
    ...(teams !== undefined && { teams: teamNames(teams) }),
  };
}

/** The links between all open rooms. */
export class RoomLinks<R extends LinkableRoom<R>> {
  readonly #rooms: ReadonlyMap<string, R>;
  /** By key, the rooms to which a room was last linked, if any. */
  readonly #linked = new Map<string, readonly R[]>();

  /** @param rooms the open ones by key */
  constructor(rooms: ReadonlyMap<string, R>) {
    this.#rooms = rooms;
  }

  /** A room with this key has been opened or closed, or its links have changed. */
  changed(key: string): void {
    this.#update(key);
    for (const { links, key: other } of this.#rooms.values()) if (links.includes(key)) this.#update(other);
    for (const [other, linked] of this.#linked) if (linked.some((room) => room.key === key)) this.#update(other);
  }

  #update(key: string): void {
    const room = this.#rooms.get(key);
    if (room === undefined) {
      this.#linked.delete(key);
      return;
    }
    const others = room.links.flatMap((link) => this.#rooms.get(link) ?? []);
    const linked = others.filter(({ links }) => links.includes(key));
    const before = this.#linked.get(key) ?? [];
    if (linked.length === before.length && linked.every((other, index) => other === before[index])) return;
    if (linked.length > 0) this.#linked.set(key, linked);
    else this.#linked.delete(key);
    room.sound.setLinked(linked);
  }
}

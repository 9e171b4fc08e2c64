import type { Config } from '../config/config.ts';
import type { Ban, BanList } from '../rooms/ban-list.ts';
import { removeBanned } from '../rooms/banned.ts';
import { roomKey, roomKeyOrUndefined } from '../rooms/names.ts';
import { parsePasswordHash } from '../rooms/password-hash.ts';
import { type KeptRoom, type KeptStore, NOTHING_KEPT } from '../rooms/ports.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import type { NamedRoom } from '../rooms/room-keeper.ts';
import type { RoomSettings } from '../rooms/room-options.ts';
import { settingsError } from './start-error.ts';

type KeptRooms = Pick<Config, 'keptRooms' | 'maxRooms'>;

/** Throws `StartError` if `openKeptRooms` could not open all of them. */
export function checkKeptRooms({ keptRooms, maxRooms }: KeptRooms, store: KeptStore): void {
  const names = new Map<string, string>();
  for (const { name } of keptRooms.map(described)) {
    const key = roomKeyOrUndefined(name);
    if (key === undefined) throw unusable(`"${name}" is not a valid room name.`);
    const other = names.get(key);
    if (other !== undefined) throw unusable(`"${other}" and "${name}" are the same room.`);
    names.set(key, name);
  }
  if (names.size > maxRooms) throw unusable(`there are more than max-rooms (${maxRooms}).`);
  for (const [key, { name, password }] of store.all('rooms')) {
    if (roomKeyOrUndefined(name) !== key) throw unusableKept(name, 'it is not the name of this room');
    if (password !== null && parsePasswordHash(password) === undefined)
      throw unusableKept(name, 'its password is damaged');
    names.set(key, name);
  }
  // They are at several servers.
  if (names.size > maxRooms && !store.isShared)
    throw settingsError(
      new Error(
        `max-rooms is ${maxRooms}, but there are ${names.size} rooms to open: those of kept-rooms and those that are kept.`,
      ),
    );
}

/** Throws `StartError` if `followNamedRooms` could not do its work. */
export function checkNamedRooms(config: KeptRooms, registry: RoomRegistry): void {
  const open = new Set(Array.from(registry.rooms, ({ key }) => key));
  checkKeptRooms({ ...config, maxRooms: Number.MAX_SAFE_INTEGER }, NOTHING_KEPT);
  const added = config.keptRooms.map(described).filter(({ name }) => !open.has(roomKey(name)));
  if (open.size + added.length > config.maxRooms)
    throw unusable(`with those that are open there would be more than max-rooms (${config.maxRooms}).`);
}

/** Opens rooms that are new in the setting, and changes descriptions and the order. Others stay until a restart. */
export function followNamedRooms({ keptRooms }: KeptRooms, registry: RoomRegistry): void {
  const open = new Map(Array.from(registry.rooms, (room) => [room.key, room]));
  if (registry.keeper.isShared) registry.keeper.setNamed(namedRooms(keptRooms));
  for (const [order, { name, description }] of keptRooms.map(described).entries()) {
    const room = open.get(roomKey(name));
    if (room === undefined && registry.keeper.isShared) continue;
    if (room === undefined) registry.restore({ name, description, order, locked: false });
    else room.change({ order, ...(description !== '' && { description }) });
  }
}

/**
 * Opens the operator's rooms, in the order of the setting, and those that were kept when the server last ran. Throws
 * `StartError`. Those of a cluster are only named here: see `PermanentRooms`.
 */
export function openKeptRooms({ keptRooms }: KeptRooms, registry: RoomRegistry): void {
  if (registry.keeper.isShared) {
    registry.keeper.setNamed(namedRooms(keptRooms));
    return;
  }
  const kept = new Map(registry.keeper.rooms);
  const open = (name: string, about: Partial<RoomSettings>, before: KeptRoom | undefined): void => {
    const { settings = {}, password = null } = before ?? {};
    const room = { ...settings, ...about, name, locked: false, ...(password !== null && { password }) };
    try {
      registry.restore(room, before);
    } catch (error) {
      throw unusableKept(name, (error as Error).message);
    }
  };
  for (const [order, { name, description }] of keptRooms.map(described).entries()) {
    const key = roomKey(name);
    open(name, { order, ...(description !== '' && { description }) }, kept.get(key));
    kept.delete(key);
  }
  for (const room of kept.values()) open(room.name, {}, room);
}

function namedRooms(keptRooms: KeptRooms['keptRooms']): NamedRoom[] {
  return keptRooms.map(described).map(({ name, description }, order) => ({
    name,
    key: roomKey(name),
    settings: { order, ...(description !== '' && { description }) },
  }));
}

/** Whoever is in a room here when another server bans them is removed. */
export function removeBannedElsewhere(store: KeptStore, registry: RoomRegistry, bans: BanList): void {
  store.watch((table, _, record) => {
    if (table === 'bans' && record !== null) removeBanned(record as Ban, registry, bans);
  });
}

/** `Lobby=Everyone starts here` */
function described(text: string): { readonly name: string; readonly description: string } {
  const [name = '', description = ''] = text.split(/=(.*)/s);
  return { name: name.trim(), description: description.trim() };
}

function unusable(reason: string): Error {
  return settingsError(new Error(`kept-rooms cannot be used: ${reason}`));
}

function unusableKept(name: string, reason: string): Error {
  return settingsError(
    new Error(`The room ${JSON.stringify(name)} that is kept in data-dir cannot be opened: ${reason}.`),
  );
}

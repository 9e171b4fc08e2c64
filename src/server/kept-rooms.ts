import type { Config } from '../config/config.ts';
import { roomKeyOrUndefined } from '../rooms/names.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import { settingsError } from './start-error.ts';

type KeptRooms = Pick<Config, 'keptRooms' | 'maxRooms'>;

/** Throws `StartError` if `openKeptRooms` could not open all of them. */
export function checkKeptRooms({ keptRooms, maxRooms }: KeptRooms): void {
  const names = new Map<string, string>();
  for (const { name } of keptRooms.map(described)) {
    const key = roomKeyOrUndefined(name);
    if (key === undefined) throw unusable(`"${name}" is not a valid room name.`);
    const other = names.get(key);
    if (other !== undefined) throw unusable(`"${other}" and "${name}" are the same room.`);
    names.set(key, name);
  }
  if (names.size > maxRooms) throw unusable(`there are more than max-rooms (${maxRooms}).`);
}

/** Opens the operator's rooms. Their order is that of the setting. */
export function openKeptRooms({ keptRooms }: KeptRooms, registry: RoomRegistry): void {
  for (const [order, room] of keptRooms.map(described).entries()) registry.create({ ...room, locked: false, order });
}

/** `Lobby=Everyone starts here` */
function described(text: string): { readonly name: string; readonly description: string } {
  const [name = '', description = ''] = text.split(/=(.*)/s);
  return { name: name.trim(), description: description.trim() };
}

function unusable(reason: string): Error {
  return settingsError(new Error(`kept-rooms cannot be used: ${reason}`));
}

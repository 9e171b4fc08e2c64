import type { SoundDoor } from '../http/sounds.ts';
import { AppError } from '../lib/errors.ts';
import type { Players } from '../rooms/players.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import type { Room } from '../rooms/room.ts';

/** Effects are as loud as they are, and do not wait for anybody. */
const PLAIN = { loop: false, gainDb: 0, duckDb: 0 };

/** The sounds of rooms as the page's server sees them. */
export function soundDoor(registry: RoomRegistry, players: Players): SoundDoor {
  return {
    list: async (room, key) => {
      roomOf(registry, room, key);
      return players.files();
    },
    play: async (room, key, file) => {
      await players.start(roomOf(registry, room, key), { file, ...PLAIN });
    },
    stop: (room, key) => {
      for (const playing of roomOf(registry, room, key).players.all) playing.end('stopped');
    },
  };
}

/** The room, in which the holder of this key may play sounds. */
function roomOf(registry: RoomRegistry, name: string, key: string): Room {
  const room = registry.room(name);
  const person = room.everybody.find(({ fileKey }) => fileKey.is(key));
  if (person === undefined) throw new AppError('unknown_participant');
  if (person.rightsIn(room.key).mayPlaySounds !== true) throw new AppError('not_allowed');
  return room;
}

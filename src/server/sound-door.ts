import type { SoundDoor } from '../http/sounds.ts';
import type { Clock } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import { TokenBucket } from '../lib/rates/token-bucket.ts';
import type { Participant } from '../rooms/participant.ts';
import type { Players } from '../rooms/players.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import type { Room } from '../rooms/room.ts';

/** Effects are as loud as they are, and do not wait for anybody. */
const PLAIN = { loop: false, gainDb: 0, duckDb: 0 };

/** Of one person: each opens a file, and is told to the operator's programs. */
const PLAYS = { perSecond: 2, burst: 10 } as const;

/** The sounds of rooms as the page's server sees them. */
export function soundDoor(registry: RoomRegistry, players: Players, clock: Clock): SoundDoor {
  const rates = new WeakMap<Participant, TokenBucket>();
  const rateOf = (person: Participant): TokenBucket => {
    const rate = rates.get(person) ?? new TokenBucket({ ...PLAYS, now: clock.now() });
    rates.set(person, rate);
    return rate;
  };
  return {
    list: async (room, key) => {
      placeOf(registry, room, key);
      return players.files();
    },
    play: async (name, key, file) => {
      const { room, person } = placeOf(registry, name, key);
      if (person.mutedByModerator) throw new AppError('not_allowed', 'A moderator has muted you.');
      const rate = rateOf(person);
      const nowMs = clock.now();
      if (!rate.take(nowMs))
        throw new AppError('rate_limited', undefined, { retryAfterMs: Math.ceil(rate.waitMs(nowMs)) });
      await players.start(room, { file, ...PLAIN });
    },
    stop: (room, key) => {
      for (const playing of placeOf(registry, room, key).room.players.all) playing.end('stopped');
    },
  };
}

/** Who holds this key, and the room in which they may play sounds. */
function placeOf(
  registry: RoomRegistry,
  name: string,
  key: string,
): { readonly room: Room; readonly person: Participant } {
  const room = registry.room(name);
  const person = room.everybody.find(({ fileKey }) => fileKey.is(key));
  if (person === undefined) throw new AppError('unknown_participant');
  if (person.rightsIn(room.key).mayPlaySounds !== true) throw new AppError('not_allowed');
  return { room, person };
}

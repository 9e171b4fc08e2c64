/** The operations of the REST API on players. */
import { AppError } from '../../lib/errors.ts';
import type { Handlers } from '../../protocol/api/operations.ts';
import type { Players } from '../../rooms/players.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';

type PlayerHandlers = Pick<Handlers, 'listSounds' | 'startPlayer' | 'listPlayers' | 'stopPlayer'>;

export interface PlayerHandlerOptions {
  readonly registry: RoomRegistry;
  readonly players: Players;
}

export function playerHandlers({ registry, players }: PlayerHandlerOptions): PlayerHandlers {
  return {
    listSounds: async () => {
      const sounds = [...(await players.files())];
      return { sounds, total: sounds.length };
    },
    startPlayer: ({ params, body }) => players.start(registry.room(params.room), body),
    listPlayers: ({ params }) => {
      const all = registry.room(params.room).players.all.map(({ info }) => info);
      return { players: all, total: all.length };
    },
    stopPlayer: ({ params }) => {
      const playing = registry.room(params.room).players.get(params.player);
      if (playing === undefined) throw new AppError('unknown_player');
      playing.end('stopped');
      return undefined;
    },
  };
}

/** The operations of the REST API on players; part of `OPERATIONS`. */
import type { Operation } from './operations.ts';
import { newPlayerSchema, playerListSchema, playerSchema, soundListSchema } from './player-schemas.ts';

const players = '/rooms/{room}/players';

export const PLAYER_OPERATIONS = {
  listSounds: {
    method: 'get',
    path: '/sounds',
    tag: 'players',
    summary: 'Files that can be played to rooms',
    answer: { status: 200, schema: soundListSchema },
    errors: ['players_off'],
  },
  startPlayer: {
    method: 'post',
    path: players,
    tag: 'players',
    summary: 'Play a file to a room',
    description: 'Everybody in the room hears it at once. When it has ended, the webhook `player.ended` tells why.',
    body: newPlayerSchema,
    answer: { status: 201, schema: playerSchema },
    errors: [
      ...(['unknown_room', 'players_off', 'unknown_sound', 'unsupported_media', 'too_many_players'] as const),
      ...(['media_unavailable', 'server_busy'] as const),
    ],
  },
  listPlayers: {
    method: 'get',
    path: players,
    tag: 'players',
    summary: 'What is played to a room',
    answer: { status: 200, schema: playerListSchema },
    errors: ['unknown_room'],
  },
  stopPlayer: {
    method: 'delete',
    path: `${players}/{player}`,
    tag: 'players',
    summary: 'Stop a player',
    errors: ['unknown_room', 'unknown_player'],
  },
} as const satisfies Record<string, Operation>;

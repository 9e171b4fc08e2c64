import type { ErrorKind } from './errors.ts';

/** The errors of players; part of `ERRORS`. */
export const PLAYER_ERRORS = {
  players_off: {
    fault: 'user',
    httpStatus: 403,
    closeCode: null,
    message: 'This server has no directory of sounds to play.',
  },
  unknown_sound: { fault: 'user', httpStatus: 404, closeCode: null, message: 'There is no such sound to play.' },
  unknown_player: { fault: 'user', httpStatus: 404, closeCode: null, message: 'There is no such player in the room.' },
  too_many_players: {
    fault: 'user',
    httpStatus: 409,
    closeCode: null,
    message: 'Too many files are played to this room.',
  },
  unsupported_media: {
    fault: 'user',
    httpStatus: 415,
    closeCode: null,
    message: 'The file cannot be played: it is not Ogg Opus, and could not be converted.',
  },
} as const satisfies Record<string, ErrorKind>;

import { optionalDirectory } from './kinds.ts';
import { setting } from './setting.ts';

/** The settings of players; part of `SETTINGS`. */
export const PLAYER_SETTINGS = {
  playerDir: setting(optionalDirectory(), {
    default: '',
    help: 'Directory of sounds that the API may play to rooms: files of Ogg Opus. Empty: nothing can be played.',
  }),
};

import { optionalDirectory, text } from './kinds.ts';
import { setting } from './setting.ts';

/** The settings of players; part of `SETTINGS`. */
export const PLAYER_SETTINGS = {
  playerDir: setting(optionalDirectory(), {
    default: '',
    help: 'Directory of sounds that the API may play to rooms: files of Ogg Opus, and others if ffmpeg is installed. Empty: nothing can be played.',
  }),
  recordingSound: setting(text({ maxLength: 256 }), {
    default: '',
    help: 'A file in player-dir that is played to a room when a recording of it begins. Empty: none.',
  }),
};

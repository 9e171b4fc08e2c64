import { onOff } from './kinds.ts';
import { setting } from './setting.ts';

/** What outlives the server; part of `SETTINGS`. */
export const STATE_SETTINGS = {
  keepState: setting<'on' | 'off'>(onOff(), {
    default: {
      inWords: 'on if $STATE_DIRECTORY is set, as systemd does for StateDirectory=; otherwise off',
      example: 'off',
      of: ({ hasStateDirectory = false }) => (hasStateDirectory ? 'on' : 'off'),
    },
    help: 'Keeps in data-dir what a restart must not lose: rooms opened by the API with their settings, what moderators have decided there, and all bans. Only one server may use a data-dir.',
  }),
};

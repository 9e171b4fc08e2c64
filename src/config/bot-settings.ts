import { integer } from './kinds.ts';
import { setting } from './setting.ts';

/** The settings of bots; part of `SETTINGS`. */
export const BOT_SETTINGS = {
  maxBots: setting(integer({ min: 0, max: 1000 }), {
    default: 0,
    help: 'Maximum number of bots connected at a time, with the admin token or a join token for a bot. 0: none.',
  }),
};

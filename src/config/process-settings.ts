import { text } from './kinds.ts';
import { setting } from './setting.ts';

/** Of the process itself; part of `SETTINGS`. */
export const PROCESS_SETTINGS = {
  user: setting(text({ maxLength: 256 }), {
    default: '',
    help: 'User that the process becomes for good when its ports are open, if root starts it: a name or number in /etc/passwd. If empty, it stays who it is.',
  }),
};

import { availableParallelism, networkInterfaces } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Machine } from './setting.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The properties of this machine that defaults depend on. */
export function thisMachine(env: Environment): Machine {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return {
    cores: availableParallelism(),
    ipv6: addresses.some(({ family }) => family === 'IPv6'),
    dataDir: defaultDataDir(env),
    hasStateDirectory: (env['STATE_DIRECTORY'] ?? '') !== '',
  };
}

/** Directory for files that the server creates and reads again; empty if the environment names none. */
export function defaultDataDir({ STATE_DIRECTORY, XDG_DATA_HOME = '', HOME = '' }: Environment): string {
  // systemd separates several directories with colons.
  const [state = ''] = (STATE_DIRECTORY ?? '').split(':');
  if (state !== '') return state;
  if (isAbsolute(XDG_DATA_HOME)) return join(XDG_DATA_HOME, 'partyline');
  return HOME === '' ? '' : join(HOME, '.local/share/partyline');
}

import { availableParallelism, networkInterfaces } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Machine } from './settings.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the defaults depend on, as it is here. */
export function thisMachine(env: Environment): Machine {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return {
    cores: availableParallelism(),
    ipv6: addresses.some(({ family }) => family === 'IPv6'),
    dataDir: defaultDataDir(env),
  };
}

/** Where files are kept that the server makes and needs again; empty if the environment tells of no place. */
export function defaultDataDir({ STATE_DIRECTORY, XDG_DATA_HOME = '', HOME = '' }: Environment): string {
  // systemd separates several by colons.
  const [state = ''] = (STATE_DIRECTORY ?? '').split(':');
  if (state !== '') return state;
  if (isAbsolute(XDG_DATA_HOME)) return join(XDG_DATA_HOME, 'partyline');
  return HOME === '' ? '' : join(HOME, '.local/share/partyline');
}

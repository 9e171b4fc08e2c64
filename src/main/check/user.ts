/** Checks whether the process can become another user, and whether that user may write where the server must. */
import { type Stats, statSync } from 'node:fs';
import { StartError } from '../../server/start-error.ts';
import { type ProcessUser, processUser, thisProcess, type UserSystem, writableDirectories } from '../process-user.ts';
import type { CheckInput, CheckResult } from './result.ts';

const name = 'user';

/** What this needs of the system. */
export interface CheckedSystem extends Pick<UserSystem, 'readFile'> {
  /** Undefined if there is nothing. */
  stat(path: string): Pick<Stats, 'uid' | 'gid' | 'mode'> | undefined;
}

/** No result without the setting. The check itself may be run by anybody. */
export function checkUser({ config }: CheckInput, system: CheckedSystem = thisMachine()): readonly CheckResult[] {
  let user: ProcessUser | undefined;
  try {
    // As root, which will start the server.
    user = processUser(config, { ...thisProcess(), readFile: system.readFile, getuid: () => 0 });
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return [{ name, status: 'fail', text: sentence(error.message) }];
  }
  if (user === undefined) return [];
  const { name: who } = user;
  const locked = writableDirectories(config).flatMap(([setting, directory]): CheckResult[] => {
    const there = system.stat(directory);
    if (there !== undefined && mayWrite(user, there)) return [];
    const state = there === undefined ? 'does not exist' : 'is not writable for that user';
    const todo = there === undefined ? `mkdir -p ${directory} && chown ${who}` : `chown -R ${who}`;
    const text = `Root can become ${who}, but ${setting} ${directory} ${state}. Run "${todo} ${directory}".`;
    return [{ name, status: 'fail', text }];
  });
  return locked.length > 0 ? locked : [{ name, status: 'ok', text: `If root starts the server, it becomes ${who}.` }];
}

/** By owner, group and others (path_resolution(7)). Its other groups, and access lists, are not looked at. */
function mayWrite({ uid, gid }: ProcessUser, there: Pick<Stats, 'uid' | 'gid' | 'mode'>): boolean {
  const shift = there.uid === uid ? 6 : there.gid === gid ? 3 : 0;
  return ((there.mode >> shift) & 3) === 3;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function thisMachine(): CheckedSystem {
  const { readFile } = thisProcess();
  return {
    readFile,
    stat: (path) => {
      try {
        return statSync(path);
      } catch {
        return undefined;
      }
    },
  };
}

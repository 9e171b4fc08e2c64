/**
 * Root opens low ports, and nothing else here needs it. With `--user`, the process becomes that user for good once its
 * ports are open, with all its threads: the C library sets the ids of all of them (setuid(2), nptl(7)).
 */
import { accessSync, constants, readFileSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { tlsModeOf } from '../config/tls.ts';
import { settingsError } from '../server/start-error.ts';

export interface ProcessUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** What this needs of the system. */
export interface UserSystem {
  /** Throws if it cannot be read. */
  readFile(path: string): string;
  /** Throws if this process may not write there. */
  checkWritable(path: string): void;
  getuid(): number;
  initgroups(name: string, gid: number): void;
  setgid(gid: number): void;
  setuid(uid: number): void;
}

const PASSWD = '/etc/passwd';
const LOWEST_PORT = '/proc/sys/net/ipv4/ip_unprivileged_port_start';
const USUAL_LOWEST_PORT = 1024;

/** Undefined without the setting. Throws `StartError`. */
export function processUser(config: Config, system: UserSystem = thisProcess()): ProcessUser | undefined {
  if (config.user === '') return undefined;
  const user = find(config.user, system);
  if (user === undefined) throw settingsError(`user ${config.user}: there is no such user in ${PASSWD}.`);
  if (user.uid === 0) throw settingsError(`user ${config.user} is root itself; choose another one.`);
  const own = system.getuid();
  if (own === user.uid) return undefined;
  if (own !== 0)
    throw settingsError(
      `user ${config.user}: only root can become another user. Start the server as root, or without user.`,
    );
  const lowest = lowestPort(system);
  if (config.mediaPort !== 0 && config.mediaPort < lowest)
    throw settingsError(
      `user ${config.user} and media-port ${config.mediaPort} do not fit together: a media worker that is replaced later may not open a port below ${lowest}. Choose a media-port from ${lowest} on.`,
    );
  return user;
}

/** Call it when all ports are open. Throws `StartError` if the user may not write where the server must. */
export function becomeUser(user: ProcessUser, config: Config, system: UserSystem = thisProcess()): void {
  const { name, uid, gid } = user;
  // Groups first: afterwards it would not be allowed.
  system.initgroups(name, gid);
  system.setgid(gid);
  system.setuid(uid);
  if (mayReturn(system)) throw settingsError(`user ${name}: the process could become root again.`);
  for (const [setting, directory] of writableDirectories(config)) {
    try {
      system.checkWritable(directory);
    } catch (error) {
      throw settingsError(
        `${setting} ${directory} is not writable for user ${name} (${codeOf(error)}). Run "chown -R ${name} ${directory}".`,
      );
    }
  }
}

/** The directories into which the server writes, with the names of their settings. */
export function writableDirectories(config: Config): readonly (readonly [setting: string, directory: string])[] {
  const all = [
    ['data-dir', writesData(config) ? config.dataDir : ''],
    ['recording-dir', config.recordingDir],
  ] as const;
  return all.filter(([, directory]) => directory !== '');
}

/** Certificates, and what a restart keeps. */
function writesData(config: Config): boolean {
  const tls = tlsModeOf(config);
  return config.keepState === 'on' || tls === 'acme' || tls === 'self-signed';
}

function mayReturn(system: UserSystem): boolean {
  try {
    system.setuid(0);
    return true;
  } catch {
    return false;
  }
}

/** By name or number (passwd(5)). */
function find(wanted: string, { readFile }: UserSystem): ProcessUser | undefined {
  for (const line of readFile(PASSWD).split('\n')) {
    const [name = '', , uid, gid] = line.split(':');
    if (name !== '' && (name === wanted || uid === wanted) && isNumber(uid) && isNumber(gid))
      return { name, uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

function lowestPort({ readFile }: UserSystem): number {
  try {
    return Number(readFile(LOWEST_PORT).trim()) || USUAL_LOWEST_PORT;
  } catch {
    return USUAL_LOWEST_PORT;
  }
}

function isNumber(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,10}$/.test(text);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

export function thisProcess(): UserSystem {
  // The types do not know it (initgroups(3)).
  const posix = process as NodeJS.Process & { initgroups?(name: string, gid: number): void };
  return {
    readFile: (path) => readFileSync(path, 'utf8'),
    checkWritable: (path) => accessSync(path, constants.W_OK),
    getuid: () => process.getuid?.() ?? -1,
    initgroups: (name, gid) => posix.initgroups?.(name, gid),
    setgid: (gid) => process.setgid?.(gid),
    setuid: (uid) => process.setuid?.(uid),
  };
}

/** Settings that change while the server runs, without interrupting anybody. */
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { flagName, SETTING_KEYS, type SettingKey } from '../config/settings.ts';

/** What follows these settings. */
export interface Follower {
  readonly keys: readonly SettingKey[];
  /** Throws an `Error` with a sentence for the operator. Changes nothing. */
  check?(next: Config): void;
  apply(next: Config): void;
}

/** They only say where the value of another setting is. */
const SOURCES = new Set<string>(SETTING_KEYS.filter((key) => (SETTING_KEYS as string[]).includes(`${key}File`)));

/**
 * Applies what differs between `current` and `next`, or nothing if a check fails. Returns what is in force from now on.
 * The log names the settings, whose values may be secret.
 */
export function reloadSettings(
  current: Config,
  next: Config,
  { followers, log }: { readonly followers: readonly Follower[]; readonly log: Logger },
): Config {
  const changed = SETTING_KEYS.filter((key) => !isSource(key) && !isDeepStrictEqual(current[key], next[key]));
  const concerned = followers.filter(({ keys }) => keys.some((key) => changed.includes(key)));
  const followable = new Set(concerned.flatMap(({ keys }) => keys));
  // What needs a restart stays as it is for all, also where it belongs to something that is followed.
  const after = changedTo(
    next,
    current,
    changed.filter((key) => followable.has(key)),
  );
  const problems = concerned.flatMap((follower) => problemOf(follower, after));
  if (problems.length > 0) {
    log.error({ problems }, 'settings refused: nothing was changed');
    return current;
  }
  const followed = new Set(concerned.filter((follower) => applies(follower, after, log)).flatMap(({ keys }) => keys));
  const applied = changed.filter((key) => followed.has(key));
  const others = changed.filter((key) => !followed.has(key));
  if (applied.length > 0) log.info({ settings: applied.map(flagName) }, 'settings applied');
  if (others.length > 0) log.warn({ settings: others.map(flagName) }, 'settings changed that need a restart');
  return changedTo(next, current, applied);
}

function changedTo(next: Config, current: Config, keys: readonly SettingKey[]): Config {
  return Object.freeze({ ...current, ...Object.fromEntries(keys.map((key) => [key, next[key]])) });
}

function isSource(key: SettingKey): boolean {
  return key.endsWith('File') && SOURCES.has(key.slice(0, -'File'.length));
}

/** What a check could not foresee, for instance while the server closes, ends neither the others nor the server. */
function applies({ keys, apply }: Follower, next: Config, log: Logger): boolean {
  try {
    apply(next);
    return true;
  } catch (error) {
    log.error({ err: error, settings: keys.map(flagName) }, 'settings could not be applied');
    return false;
  }
}

function problemOf(follower: Follower, next: Config): string[] {
  try {
    follower.check?.(next);
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

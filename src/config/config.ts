import { parseEndpoint } from '../lib/net/host-port.ts';
import { helpText } from './help.ts';
import { browserPortProblems, withOnePort } from './one-port.ts';
import { secretFileWarnings, withSecretFiles } from './secret-files.ts';
import { defaultValue, type Machine } from './setting.ts';
import { type Config, flagName, SETTING_KEYS, type SettingKey, settingOf } from './settings.ts';
import { fromFile, fromFlags, fromVariables, type GivenValue, type Source } from './sources.ts';
import { tlsModeOf, tlsProblems } from './tls.ts';
import { unixSocketProblems } from './unix-socket.ts';

export type { Config };

/** The configuration cannot be used; each problem is a sentence for the operator. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

export type Command =
  | {
      readonly kind: 'serve';
      readonly config: Config;
      /** Things that work but should be changed, as sentences for the operator. */
      readonly warnings: readonly string[];
    }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version' };

export interface CommandInput {
  /** The arguments after the program name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly machine: Machine;
}

/**
 * Parses what the operator wants. A flag overrides a variable, a variable the file, and the file the default. Throws
 * `ConfigError`.
 */
export function readCommand({ argv, env, machine }: CommandInput): Command {
  const flags = fromFlags(argv);
  if (flags.help) return { kind: 'help', text: helpText() };
  if (flags.version) return { kind: 'version' };

  const variables = fromVariables(env);
  const path = flags.file ?? variables.file;
  const sources: Source[] = [flags, variables];
  if (path !== undefined) sources.push(fromFile(path));

  const problems = sources.flatMap((source) => source.problems);
  const givens = new Map<SettingKey, unknown>();
  for (const key of SETTING_KEYS) {
    const given = firstGiven(key, sources);
    if (given === undefined) continue;
    const checked = settingOf(key).kind.schema.safeParse(given.value);
    if (!checked.success) problems.push(wrongValue(key, given));
    givens.set(key, checked.data);
  }
  if (problems.length > 0) throw new ConfigError(problems);

  const config = deepFreeze(
    withSecretFiles(withDefaults(Object.fromEntries(givens) as Partial<Config>, machine), problems),
  );
  problems.push(...tlsProblems(config), ...browserPortProblems(config), ...unixSocketProblems(config));
  if (config.proxyProtocol === 'on' && config.trustProxy.length === 0)
    problems.push('proxy-protocol needs trust-proxy: the addresses of the proxies that send its header.');
  if (problems.length > 0) throw new ConfigError(problems);
  const lastMediaPort = config.mediaPort + Math.max(1, config.workers) - 1;
  if (config.mediaPort !== 0 && lastMediaPort > 65535) {
    throw new ConfigError([
      `media-port ${config.mediaPort} and workers ${config.workers} do not fit together: the last worker would use port ${lastMediaPort}, but the highest port is 65535.`,
    ]);
  }
  const announcedTooHigh = config.announce.find(
    (text) => (parseEndpoint(text)?.port ?? 0) + Math.max(1, config.workers) - 1 > 65535,
  );
  if (announcedTooHigh !== undefined) {
    throw new ConfigError([
      `announce ${announcedTooHigh} and workers ${config.workers} do not fit together: the last worker would use a port above 65535.`,
    ]);
  }
  const holdsSecrets = path !== undefined && hasSecret(sources.at(-1)!);
  return { kind: 'serve', config, warnings: secretFileWarnings(config, holdsSecrets ? path : undefined) };
}

function hasSecret({ values }: Source): boolean {
  return [...values].some(([key, { value }]) => settingOf(key).kind.secret && !isEmpty(value));
}

/** The sample file uses these values for settings that are not set. */
function isEmpty(value: unknown): boolean {
  return value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

/** The configuration when nothing is set. */
export function defaultConfig(machine: Machine): Config {
  return deepFreeze(withDefaults({}, machine));
}

function withDefaults(givens: Partial<Config>, machine: Machine): Config {
  // Whether there is a certificate depends only on settings with fixed defaults.
  const tls = tlsModeOf({ domain: [], tls: 'auto', tlsCert: '', tlsKey: '', ...givens });
  const entries = SETTING_KEYS.map((key) => [key, givens[key] ?? defaultValue(settingOf(key), machine, tls)]);
  return withOnePort(Object.fromEntries(entries) as Config, givens, tls);
}

function firstGiven(key: SettingKey, sources: readonly Source[]): GivenValue | undefined {
  for (const source of sources) {
    const given = source.values.get(key);
    if (given !== undefined) return given;
  }
  return undefined;
}

function wrongValue(key: SettingKey, { value, origin }: GivenValue): string {
  const { kind } = settingOf(key);
  const said = kind.secret ? 'the given value' : JSON.stringify(value);
  return `${flagName(key)} cannot be ${said} (from ${origin}); expected ${kind.allowed}.`;
}

function deepFreeze(config: Config): Config {
  for (const value of Object.values(config)) Object.freeze(value);
  return Object.freeze(config);
}

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse, TomlError } from 'smol-toml';
import { suggest } from '../lib/suggest.ts';
import { flagName, SETTING_KEYS, type SettingKey, settingOf, variableName } from './settings.ts';

/** A value given for a setting, not yet validated, and a description of where it came from. */
export interface GivenValue {
  readonly value: unknown;
  readonly origin: string;
}

/** The settings from one source. */
export interface Source {
  readonly values: ReadonlyMap<SettingKey, GivenValue>;
  /** Problems of the source itself, as sentences. */
  readonly problems: readonly string[];
}

export interface CommandLine extends Source {
  readonly help: boolean;
  readonly version: boolean;
  readonly file: string | undefined;
}

const KEY_OF_FLAG = new Map(SETTING_KEYS.map((key) => [flagName(key), key]));
const KEY_OF_VARIABLE = new Map(SETTING_KEYS.map((key) => [variableName(key), key]));
const CONFIG_VARIABLE = variableName('config');

/** `argv` excludes the program. The last occurrence of a repeated flag wins; lists are concatenated. */
export function fromFlags(argv: readonly string[]): CommandLine {
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    tokens: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean' },
      config: { type: 'string' },
      ...Object.fromEntries([...KEY_OF_FLAG.keys()].map((name) => [name, { type: 'string' as const }])),
    },
  });
  const values = new Map<SettingKey, GivenValue>();
  const unknown: string[] = [];
  const unexpected: string[] = [];
  const incomplete: string[] = [];
  let help = false;
  let version = false;
  let file: string | undefined;
  for (const token of tokens) {
    if (token.kind === 'positional')
      unexpected.push(`Unexpected argument "${token.value}"; settings are given as --flag VALUE.`);
    if (token.kind !== 'option') continue;
    const key = KEY_OF_FLAG.get(token.name);
    if (token.name === 'help') help = true;
    else if (token.name === 'version') version = true;
    else if (key === undefined && token.name !== 'config') unknown.push(unknownName('flag', token.rawName, flags()));
    else if (token.value === undefined) incomplete.push(`${token.rawName} requires a value.`);
    else if (key === undefined) file = token.value;
    else
      values.set(key, { value: valueOfFlag(key, token.value, values.get(key)), origin: `the flag ${token.rawName}` });
  }
  // The value of an unknown flag looks like a stray argument, so only the flag is reported.
  const problems = [...unknown, ...(unknown.length === 0 ? unexpected : []), ...incomplete];
  return { values, problems, help, version, file };
}

function valueOfFlag(key: SettingKey, text: string, before: GivenValue | undefined): unknown {
  const value = settingOf(key).kind.fromText(text);
  return Array.isArray(value) && Array.isArray(before?.value) ? [...before.value, ...value] : value;
}

/** Reads the variables that start with `PARTYLINE_`; an empty one counts as unset. */
export function fromVariables(
  env: Readonly<Record<string, string | undefined>>,
): Source & { file: string | undefined } {
  const values = new Map<SettingKey, GivenValue>();
  const problems: string[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('PARTYLINE_') || text === undefined || text === '' || name === CONFIG_VARIABLE) continue;
    const key = KEY_OF_VARIABLE.get(name);
    if (key === undefined) problems.push(unknownName('variable', name, [...KEY_OF_VARIABLE.keys(), CONFIG_VARIABLE]));
    else values.set(key, { value: settingOf(key).kind.fromText(text), origin: `the variable ${name}` });
  }
  return { values, problems, file: env[CONFIG_VARIABLE] || undefined };
}

export function fromFile(path: string): Source {
  const values = new Map<SettingKey, GivenValue>();
  let table: Record<string, unknown>;
  try {
    table = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    return { values, problems: [fileProblem(path, error)] };
  }
  const problems: string[] = [];
  for (const [name, value] of Object.entries(table)) {
    const key = KEY_OF_FLAG.get(name);
    if (key === undefined) problems.push(unknownName('key', name, KEY_OF_FLAG.keys(), ` in ${path}`));
    else values.set(key, { value, origin: path });
  }
  return { values, problems };
}

function fileProblem(path: string, error: unknown): string {
  if (error instanceof TomlError) {
    const [firstLine = ''] = error.message.split('\n');
    return `${path}, line ${error.line}, column ${error.column}: ${firstLine}.`;
  }
  const reason = error instanceof Error ? error.message : String(error);
  return `The configuration file ${path} cannot be read: ${reason}.`;
}

function flags(): string[] {
  return ['config', 'help', 'version', ...KEY_OF_FLAG.keys()].map((name) => `--${name}`);
}

function unknownName(what: string, name: string, known: Iterable<string>, where = ''): string {
  const near = suggest(name, known);
  return `Unknown ${what} ${name}${where}${near === undefined ? '; see --help.' : `; did you mean ${near}?`}`;
}

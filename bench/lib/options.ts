import { parseArgs } from 'node:util';

/** One flag of a benchmark. The help shows `placeholder` for its value. */
interface OptionBase {
  readonly description: string;
}
interface NumberOption extends OptionBase {
  readonly kind: 'number';
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly integer?: boolean;
  readonly placeholder?: string;
}
interface NumberListOption extends OptionBase {
  readonly kind: 'numbers';
  readonly default: readonly number[];
  readonly min: number;
  readonly max: number;
}
interface FileOption extends OptionBase {
  readonly kind: 'file';
}

interface TextOption extends OptionBase {
  readonly kind: 'text';
  readonly placeholder: string;
}
interface ChoiceOption extends OptionBase {
  readonly kind: 'choice';
  readonly choices: readonly string[];
}
interface SwitchOption extends OptionBase {
  readonly kind: 'switch';
}

export type Option = NumberOption | NumberListOption | FileOption | TextOption | ChoiceOption | SwitchOption;
export type Options = Readonly<Record<string, Option>>;

type Value<O extends Option> = O extends NumberOption
  ? number
  : O extends NumberListOption
    ? readonly number[]
    : O extends SwitchOption
      ? boolean
      : O extends ChoiceOption
        ? O['choices'][number] | undefined
        : string | undefined;

export type Values<O extends Options> = { readonly [K in keyof O]: Value<O[K]> };

/** An unknown flag or a value that is not allowed. The message names both, and what is allowed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Another server, measured in turns with our own. */
export const AGAINST = {
  kind: 'choice',
  choices: ['janus'],
  description: 'also measure Janus AudioBridge, in turns',
} as const satisfies ChoiceOption;
export const BESIDE: TextOption = {
  kind: 'text',
  placeholder: 'MAIN_JS',
  description: 'also measure another build of this server, in turns: the path of its dist/main.js',
};
export const REPEATS: NumberOption = {
  kind: 'number',
  default: 1,
  min: 1,
  max: 100,
  description: 'number of runs of each server, in turns',
};
export const SERVER_FLAGS: TextOption = {
  kind: 'text',
  placeholder: 'FLAGS',
  description: 'more flags for the Partyline server: --server-flags="--FLAG VALUE"',
};
/** Every benchmark can write its figures for programs to read. */
export const JSON_FILE: FileOption = { kind: 'file', description: 'write the figures as JSON to this file' };
export const SVG_FILE: FileOption = { kind: 'file', description: 'write the chart as SVG to this file' };

/** Reads the command line. Throws `UsageError`. */
export function parseOptions<O extends Options>(args: readonly string[], options: O): Values<O> {
  const known = Object.fromEntries(
    Object.entries(options).map(([name, { kind }]) => [
      name,
      { type: kind === 'switch' ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  let given: Record<string, string | boolean | undefined>;
  try {
    given = parseArgs({ args: [...args], options: known, allowPositionals: false }).values as typeof given;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\nKnown flags: ${flagNames(options)}, --help.`);
  }
  const values = Object.entries(options).map(([name, option]) => [name, readValue(name, given[name], option)]);
  return Object.fromEntries(values) as Values<O>;
}

/** The text of `--help`. */
export function describeOptions(options: Options): string {
  const rows = Object.entries(options).map(([name, option]) => {
    const standard = 'default' in option ? ` (default ${option.default})` : '';
    return [`  --${name} ${placeholder(option)}`.trimEnd(), `${option.description}${standard}`] as const;
  });
  const width = Math.max(...rows.map(([flag]) => flag.length)) + 2;
  return rows.map(([flag, text]) => flag.padEnd(width) + text).join('\n');
}

function placeholder(option: Option): string {
  switch (option.kind) {
    case 'file':
      return 'FILE';
    case 'numbers':
      return 'N,N,…';
    case 'choice':
      return option.choices.join('|');
    case 'switch':
      return '';
    case 'text':
      return option.placeholder;
    case 'number':
      return option.placeholder ?? 'N';
  }
}

function flagNames(options: Options): string {
  return Object.keys(options)
    .map((name) => `--${name}`)
    .join(', ');
}

function readValue(name: string, given: string | boolean | undefined, option: Option): Value<Option> {
  if (option.kind === 'switch') return given === true;
  const text = given === undefined ? undefined : String(given);
  if (option.kind === 'text') return text;
  if (option.kind === 'file') {
    if (text === '') throw new UsageError(`--${name} requires a file name.`);
    return text;
  }
  if (option.kind === 'choice') {
    if (text === undefined || option.choices.includes(text)) return text;
    throw new UsageError(`--${name}: "${text}" is not one of ${option.choices.join(', ')}.`);
  }
  if (text === undefined) return option.default;
  if (option.kind === 'numbers')
    return text.split(',').map((part) => readNumber(name, part, { ...option, integer: true }));
  return readNumber(name, text, option);
}

function readNumber(name: string, text: string, range: { min: number; max: number; integer?: boolean }): number {
  const value = Number(text.trim() || Number.NaN);
  const whole = range.integer !== false;
  if (Number.isNaN(value) || value < range.min || value > range.max || (whole && !Number.isInteger(value))) {
    const kind = whole ? 'whole number' : 'number';
    throw new UsageError(`--${name}: "${text}" is not a ${kind} from ${range.min} to ${range.max}.`);
  }
  return value;
}

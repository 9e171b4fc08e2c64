import { SETTING_GROUPS } from './setting-groups.ts';
import { flagName, isOfMachine, type SettingKey, settingOf, variableName } from './settings.ts';

const WIDTH = 100;
const INDENT = ' '.repeat(6);

/** The answer to `--help`. */
export function helpText(): string {
  const lines = [
    'Partyline, a voice server that mixes: every participant sends one audio track and plays one.',
    '',
    'Usage: partyline [--flag VALUE]…',
    '       partyline token --room ROOM --identity WHO …, makes a join token (token --help)',
    '       partyline password, makes a hash for room-passwords',
    '       partyline check [--flag VALUE]…, says what is wrong with a set-up (check --help)',
    '       partyline ports [--flag VALUE]…, prints which ports to open and to forward',
    '       partyline capture …, records what a participant says and hears (capture --help)',
    '',
    'Every flag can also be a variable (--max-rooms is PARTYLINE_MAX_ROOMS) or a key of the configuration',
    'file (max-rooms). A flag beats a variable, a variable beats the file, the file beats the default.',
    '',
    'General:',
    ...entry('--config FILE', 'TOML file with settings; config.sample.toml lists them all.'),
    ...entry('--help', 'This text.'),
    ...entry('--version', 'The version of this server.'),
  ];
  for (const { title, keys } of SETTING_GROUPS) {
    lines.push('', `${title}:`);
    for (const key of keys) {
      const { kind, help } = settingOf(key);
      lines.push(...entry(`--${flagName(key)} ${kind.placeholder}`, `${help} Default: ${defaultInWords(key)}.`));
    }
  }
  return `${lines.join('\n')}\n`;
}

/** The text of `config.sample.toml`: every setting with its default, commented out. */
export function sampleToml(): string {
  const lines = [
    '# Partyline: every setting with its default. Remove the "#" before a key to change it.',
    '# A flag beats a variable, a variable beats this file. Start with: --config FILE or PARTYLINE_CONFIG=FILE',
    '# This sample is written from the table of settings by "npm run generate".',
  ];
  for (const { title, keys } of SETTING_GROUPS) {
    lines.push('', '', `## ${title}`);
    for (const key of keys) {
      const { kind, help, default: given } = settingOf(key);
      lines.push('', ...wrap(help, WIDTH - 2).map((line) => `# ${line}`));
      lines.push(...wrap(`Allowed: ${kind.allowed}.`, WIDTH - 2).map((line) => `# ${line}`));
      if (isOfMachine(given)) lines.push(`# Default: ${given.inWords}.`);
      lines.push(`# As a flag: --${flagName(key)}, as a variable: ${variableName(key)}`);
      lines.push(`#${flagName(key)} = ${tomlValue(isOfMachine(given) ? given.example : given)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function defaultInWords(key: SettingKey): string {
  const given = settingOf(key).default;
  if (isOfMachine(given)) return given.inWords;
  if (Array.isArray(given)) return given.length === 0 ? 'empty' : given.join(',');
  if (typeof given === 'object' && given !== null) return 'empty';
  return given === '' ? 'empty' : String(given);
}

/** Strings, whole numbers, arrays of them and the empty table are written alike in TOML and JSON. */
function tomlValue(value: unknown): string {
  return JSON.stringify(value);
}

function entry(head: string, text: string): string[] {
  return [`  ${head}`, ...wrap(text, WIDTH - INDENT.length).map((line) => INDENT + line)];
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return line === '' ? lines : [...lines, line];
}

import { isMachineDefault } from './setting.ts';
import { SETTING_GROUPS } from './setting-groups.ts';
import { flagName, type SettingKey, settingOf, variableName } from './settings.ts';

const WIDTH = 100;
const INDENT = ' '.repeat(6);

/** The output of `--help`. */
export function helpText(): string {
  const lines = [
    'Partyline, a mixing voice server: every participant sends one audio track and plays one.',
    '',
    'Usage: partyline [--flag VALUE]…',
    '       partyline token --room ROOM --identity ID …, creates a join token (token --help)',
    '       partyline control-token --room ROOM …, creates a control token (control-token --help)',
    '       partyline password, hashes a password for room-passwords',
    '       partyline check [--flag VALUE]…, checks a setup and reports problems (check --help)',
    '       partyline ports [--flag VALUE]…, lists the ports to open and to forward',
    '       partyline rooms, people, kick, ban, bans, unban, drain: see and moderate the running server',
    '       partyline install, uninstall: as a service of systemd (install --help)',
    '       partyline healthcheck, asks the running server whether it is healthy',
    '       partyline capture …, records what a participant says and hears (capture --help)',
    '',
    'Every flag can also be set as a variable (--max-rooms is PARTYLINE_MAX_ROOMS) or in the',
    'configuration file (max-rooms). Flags override variables, and variables override the file.',
    '',
    'General:',
    ...entry('--config FILE', 'TOML file with settings; config.sample.toml lists them all.'),
    ...entry('--help', 'Shows this text.'),
    ...entry('--version', 'Shows the version.'),
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
    '# A flag overrides a variable; a variable overrides this file. Use it with --config FILE or PARTYLINE_CONFIG=FILE.',
    '# "npm run generate" writes this sample from the table of settings.',
  ];
  for (const { title, keys } of SETTING_GROUPS) {
    lines.push('', '', `## ${title}`);
    for (const key of keys) {
      const { kind, help, default: given } = settingOf(key);
      lines.push('', ...wrap(help, WIDTH - 2).map((line) => `# ${line}`));
      lines.push(...wrap(`Allowed: ${kind.allowed}.`, WIDTH - 2).map((line) => `# ${line}`));
      if (isMachineDefault(given)) lines.push(`# Default: ${given.inWords}.`);
      lines.push(`# As a flag: --${flagName(key)}, as a variable: ${variableName(key)}`);
      lines.push(`#${flagName(key)} = ${tomlValue(isMachineDefault(given) ? given.example : given)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function defaultInWords(key: SettingKey): string {
  const given = settingOf(key).default;
  if (isMachineDefault(given)) return given.inWords;
  if (Array.isArray(given)) return given.length === 0 ? 'empty' : given.join(',');
  if (typeof given === 'object' && given !== null) return 'empty';
  return given === '' ? 'empty' : String(given);
}

/** Strings, integers, arrays of them and the empty table look the same in TOML and JSON. */
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

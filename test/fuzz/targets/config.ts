import { ConfigError, readCommand } from '../../../src/config/config.ts';
import { flagName, SETTING_KEYS, variableName } from '../../../src/config/settings.ts';
import { type FuzzTarget, hold, joinFrames, splitFrames } from '../target.ts';

const VARIABLES = SETTING_KEYS.map(variableName);

/** Arguments, one per frame. A frame like `NAME=VALUE` is an environment variable. */
export const config: FuzzTarget = {
  name: 'config',
  files: ['src/config/config.ts', 'src/config/sources.ts', 'src/config/kinds.ts', 'src/lib/suggest.ts'],
  framed: true,
  weight: 0.5,
  // The operator's own words: an unknown flag is compared with all known ones.
  maxMs: 50,
  seeds: () => [
    joinFrames(['--port', '8080', '--media-host', '127.0.0.1,::1', '--workers=2'].map((text) => Buffer.from(text))),
    joinFrames(['PARTYLINE_PORT=80', '--log-level', 'debug', '--help'].map((text) => Buffer.from(text))),
  ],
  tokens: [
    '--',
    '=',
    ',',
    '-',
    ...SETTING_KEYS.map(flagName),
    ...VARIABLES,
    '65536',
    '-1',
    '1e9',
    '::',
    '127.0.0.1',
    '*',
  ],
  run: (input) => {
    const words = splitFrames(input).map((frame) => Buffer.from(frame).toString('utf8'));
    const isVariable = (word: string) => /^[A-Z_]+=/.test(word);
    const env = Object.fromEntries(
      words.filter(isVariable).map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
    );
    // A file with a random name would depend on the machine, not on the input.
    const argv = words.filter((word) => !isVariable(word) && !word.startsWith('--config'));
    delete env[variableName('config')];
    try {
      readCommand({ argv, env, machine: { cores: 2 } });
    } catch (error) {
      hold(error instanceof ConfigError, `only a ConfigError is thrown, not ${error}`);
      hold(error.problems.length > 0, 'an error says what is wrong');
    }
  },
};

import { join } from 'node:path';
import { test } from 'tap';
import { type Config, ConfigError, readCommand } from '../../src/config/config.ts';

const URLS = 'turn:turn.example.org:3478?transport=udp,turns:turn.example.org';
const SECRET = 'a secret of both servers';

function configFrom(...argv: string[]): Config {
  const command = readCommand({ argv, env: {}, machine: { cores: 1 } });
  if (command.kind !== 'serve') throw new Error(`a command to serve was expected, not ${command.kind}`);
  return command.config;
}

function problemsFrom(...argv: string[]): readonly string[] {
  try {
    configFrom(...argv);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('a ConfigError was expected');
}

test('TURN is configured by addresses and either a secret or a user, both of which can be in files', (t) => {
  const directory = t.testdir({ secret: `${SECRET}\n`, password: 'pass\n' });
  const shared = configFrom('--turn-urls', URLS, '--turn-secret-file', join(directory, 'secret'));
  t.match(shared, { turnUrls: URLS.split(','), turnSecret: SECRET, turnLifetimeMinutes: 1440 });
  const fixed = ['--turn-urls', URLS, '--turn-username', 'ada', '--turn-password-file', join(directory, 'password')];
  t.match(configFrom(...fixed), { turnUsername: 'ada', turnPassword: 'pass', turnSecret: '' });
  t.strictSame(configFrom().turnUrls, []);
  t.end();
});

test('TURN settings that are incomplete or contradict each other are errors that show no secret', (t) => {
  const urls = ['--turn-urls', URLS];
  const secret = ['--turn-secret', SECRET];
  t.match(problemsFrom(...urls), [/^turn-urls requires turn-secret/]);
  t.match(problemsFrom(...secret), ['TURN credentials are set, but turn-urls is not.']);
  t.match(problemsFrom(...urls, '--turn-username', 'ada'), [/^turn-username requires turn-password/]);
  t.match(problemsFrom(...urls, '--turn-password', 'x'), ['turn-password requires turn-username.']);
  t.match(problemsFrom(...urls, ...secret, '--turn-username', 'ada', '--turn-password', 'x'), [/are alternatives/]);
  t.match(problemsFrom('--turn-urls', 'https://turn.example.org', ...secret), [/^turn-urls cannot be/]);
  t.match(problemsFrom(...urls, ...secret, '--turn-secret-file', '/nowhere'), [/both set/, /cannot be read: ENOENT/]);
  t.match(problemsFrom(...urls, ...secret, '--turn-lifetime-minutes', '1'), [/^turn-lifetime-minutes cannot be/]);
  const short = problemsFrom(...urls, '--turn-secret', 'my-short-one');
  t.match(short, [/at least 16 bytes/]);
  t.notMatch(short.join(), 'my-short-one');
  t.end();
});

import { join } from 'node:path';
import { test } from 'tap';
import { type Config, ConfigError, readCommand } from '../../src/config/config.ts';

const SECRET = 'a secret that is long enough to sign with';
const ISSUER = 'https://id.example.org/realms/voice';
const PAGE = 'https://voice.example.org';

function configFrom(...argv: string[]): Config {
  const command = readCommand({ argv, env: {}, machine: { cores: 1 } });
  if (command.kind !== 'serve') throw new Error(`a command to serve was expected, not ${command.kind}`);
  return command.config;
}

/** None if the settings are valid. */
function problems(...argv: string[]): readonly string[] {
  try {
    configFrom(...argv);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

const flags = ({ issuer = ISSUER, page = PAGE, id = 'voice', secret = SECRET } = {}, ...more: string[]) => [
  ...['--oidc-issuer', issuer, '--oidc-client-id', id, '--oidc-page-url', page, '--token-secret', secret],
  ...more,
];

test('a provider needs an address, a name of this server there, the address of the page, and a secret for tokens', (t) => {
  const file = join(t.testdir({ secret: 'of the client\n' }), 'secret');
  const config = configFrom(...flags({}, '--oidc-client-secret-file', file, '--oidc-rooms', 'Team Room=a=b, *=all'));
  t.match(config, { oidcClientSecret: 'of the client', oidcScopes: 'openid profile', oidcNameClaim: 'name' });
  t.same(config.oidcRooms, ['Team Room=a=b', '*=all']);
  t.equal(configFrom().oidcIssuer, '');
  t.match(problems('--oidc-issuer', ISSUER), [
    'oidc-issuer requires oidc-client-id.',
    /^oidc-issuer requires oidc-page-url/,
    /^oidc-issuer requires token-secret/,
  ]);
  t.match(problems('--oidc-client-id', 'voice'), ['oidc-client-id has no effect without oidc-issuer.']);
  t.match(problems(...flags({}, '--oidc-scopes', 'profile openid2')), ['oidc-scopes must contain openid.']);
  t.match(problems(...flags({}, '--oidc-rooms', 'lobby')), [/oidc-rooms cannot be/]);
  t.end();
});

test('codes and secrets go over TLS, or stay on this machine', (t) => {
  for (const issuer of ['http://127.0.0.1:3000', 'http://localhost', 'http://[::1]:3000'])
    t.same(problems(...flags({ issuer })), [], issuer);
  for (const issuer of ['http://id.example.org', 'id.example.org', 'ftp://127.0.0.1'])
    t.match(problems(...flags({ issuer })), [/^oidc-issuer .* must be an address with https/], issuer);
  t.same(problems(...flags({ page: `${PAGE}/` })), []);
  for (const page of ['http://voice.example.org', `${PAGE}/room`, `${PAGE}?a`, 'voice.example.org'])
    t.match(problems(...flags({ page })), [/^oidc-issuer requires oidc-page-url/], page);
  t.end();
});

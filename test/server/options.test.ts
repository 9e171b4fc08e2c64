import { test } from 'tap';
import { type Config, defaultConfig } from '../../src/config/config.ts';
import * as options from '../../src/server/options.ts';

const SECRET = 'not for everybody';
const SECRETS = {
  adminToken: SECRET,
  tokenSecret: SECRET,
  roomPasswords: { lobby: SECRET },
  webhookSecret: SECRET,
  turnSecret: SECRET,
  turnPassword: SECRET,
} satisfies Partial<Config>;

test('only TURN gets the TURN secret', (t) => {
  const config = { ...defaultConfig({ cores: 2 }), ...SECRETS };
  for (const [name, take] of Object.entries(options)) {
    const isExpected = take === options.turnSettings;
    t.equal(JSON.stringify(take(config, '127.0.0.1')).includes(SECRET), isExpected, name);
  }
  t.end();
});

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { defaultConfig, readCommand } from '../../src/config/config.ts';
import { helpText, sampleToml } from '../../src/config/help.ts';
import { SETTING_GROUPS } from '../../src/config/setting-groups.ts';
import { flagName, SETTING_KEYS } from '../../src/config/settings.ts';

test('every setting is in one group, in the help text and in the sample file', (t) => {
  t.strictSame(SETTING_GROUPS.flatMap(({ keys }) => keys).sort(), [...SETTING_KEYS].sort());
  for (const key of SETTING_KEYS) {
    t.match(helpText(), `  --${flagName(key)} `);
    t.match(sampleToml(), `\n#${flagName(key)} = `);
  }
  t.end();
});

test('the help text lists the commands', (t) => {
  for (const command of ['token', 'password', 'check', 'ports']) t.match(helpText(), `  partyline ${command}`);
  t.end();
});

test('no line of the help text is longer than 100 characters', (t) => {
  t.strictSame(
    helpText()
      .split('\n')
      .filter((line) => line.length > 100),
    [],
  );
  t.end();
});

test('the sample file in the repository is up to date', (t) => {
  const stored = readFileSync(new URL('../../config.sample.toml', import.meta.url), 'utf8');
  t.equal(stored, sampleToml(), 'npm run generate writes it');
  t.end();
});

test('the sample file with every key uncommented gives the defaults', (t) => {
  const file = join(t.testdir(), 'all.toml');
  writeFileSync(file, sampleToml().replace(/^#(?=[a-z-]+ = )/gm, ''));
  const command = readCommand({ argv: ['--config', file], env: {}, machine: { cores: 2 } });
  t.strictSame(command, { kind: 'serve', config: defaultConfig({ cores: 2 }), warnings: [] });
  t.end();
});

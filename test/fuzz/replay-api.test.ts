import { readdirSync } from 'node:fs';
import { test } from 'tap';
import { CRASHES, testTarget } from './replay.ts';
import { api } from './targets/api.ts';
import { targets } from './targets.ts';

testTarget(api);

test('every input that once broke something belongs to a target', (t) => {
  const folders = readdirSync(CRASHES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  t.ok(folders.length > 0);
  for (const { name } of folders)
    t.ok(
      targets.some((target) => target.name === name),
      name,
    );
  t.end();
});

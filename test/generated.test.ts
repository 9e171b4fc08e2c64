import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'tap';

test('the sample configuration and the table of errors in the docs are up to date', async (t) => {
  const script = fileURLToPath(new URL('../scripts/generate.mjs', import.meta.url));
  await t.resolves(promisify(execFile)(process.execPath, [script, '--check']));
});

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'tap';

const CONVERSION = fileURLToPath(new URL('../../src/recording/conversion.ts', import.meta.url));

/** Opens files until there are no descriptors left, and then wants to convert; says what came of it. */
const PROGRAM = `
  import { closeSync, openSync } from 'node:fs';
  import { Converter } from ${JSON.stringify(CONVERSION)};
  const converter = new Converter('true');
  await converter.check();
  const open = [];
  // What has just ended still has some, which come back.
  for (let round = 0; round < 10; round++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    try {
      for (;;) open.push(openSync('/dev/null'));
    } catch (error) {
      if (error.code !== 'EMFILE') throw error;
    }
  }
  for (let n = 0; n < 5; n++) {
    try {
      converter.convert('/nowhere', 'wav');
    } catch (error) {
      console.log(error.code);
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  for (const file of open) closeSync(file);
  const sound = converter.convert('/nowhere', 'wav');
  sound.on('error', () => {}).resume();
  await new Promise((resolve) => sound.once('close', resolve));
  console.log('converted');
`;

test('without file descriptors a conversion is refused, counts as none, and works again later', {
  skip: process.platform !== 'linux' && 'needs ulimit',
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'partyline-conversion-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'main.mts');
  writeFileSync(file, PROGRAM);
  const command = `ulimit -n 100; exec "${process.execPath}" --import tsx "${file}"`;
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const { stdout } = await promisify(execFile)('sh', ['-c', command], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '' },
  });
  t.same(stdout.trim().split('\n'), [...Array.from({ length: 5 }, () => 'server_busy'), 'converted']);
});

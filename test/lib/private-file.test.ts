import { chownSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { readIfThere, writePrivate } from '../../src/lib/private-file.ts';

test('a file that is not there has no text, and one that cannot be read is an error', async (t) => {
  const directory = t.testdir({ 'a.txt': 'text' });
  t.equal(await readIfThere(join(directory, 'a.txt')), 'text');
  t.equal(await readIfThere(join(directory, 'b.txt')), undefined);
  await t.rejects(readIfThere(directory), { code: 'EISDIR' });
});

test('a file is replaced atomically, with tight permissions, or stays as it was and nothing is left over', async (t) => {
  const directory = t.testdir({ 'account.pem': 'before' });
  const file = join(directory, 'account.pem');
  await writePrivate(file, 'after');
  t.equal(readFileSync(file, 'utf8'), 'after');
  t.equal(statSync(file).mode & 0o777, 0o600, 'whatever it was before');
  mkdirSync(join(directory, 'taken'));
  await t.rejects(writePrivate(join(directory, 'taken'), 'text'));
  t.strictSame(readdirSync(directory).sort(), ['account.pem', 'taken']);
});

const ONLY_ROOT = process.getuid?.() === 0 ? false : 'only root can give files away';

test('what root writes belongs to whoever has the directory', { skip: ONLY_ROOT }, async (t) => {
  const directory = t.testdir({});
  chownSync(directory, 65_534, 65_533);
  await writePrivate(join(directory, 'acme', 'authority', 'account.pem'), 'text');
  for (const path of ['acme', 'acme/authority', 'acme/authority/account.pem']) {
    const { uid, gid } = statSync(join(directory, path));
    t.strictSame([uid, gid], [65_534, 65_533], path);
  }
});

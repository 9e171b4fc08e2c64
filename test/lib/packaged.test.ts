import { test } from 'tap';
import { filesIn, loadAddon } from '../../src/lib/packaged.ts';

test('files in a directory and its folders are read under their relative paths', async (t) => {
  const files = await filesIn(t.testdir({ 'index.html': 'page', assets: { 'logo.svg': 'logo' } }));
  t.strictSame([...files.keys()].sort(), ['assets/logo.svg', 'index.html']);
  t.equal(String(files.get('assets/logo.svg')), 'logo');
  await t.rejects(filesIn(`${t.testdir({})}/gone`), { code: 'ENOENT' });
});

test('an npm addon is loaded as npm installed it, and a missing one is an error', async (t) => {
  t.match(loadAddon('@discordjs/opus'), { OpusEncoder: Function });
  t.throws(() => loadAddon('@discordjs/none'), { message: /^Cannot find module.*Run "npm ci"/ });
});

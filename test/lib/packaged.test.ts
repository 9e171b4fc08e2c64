import { test } from 'tap';
import { filesIn, loadAddon } from '../../src/lib/packaged.ts';

test('files of a directory are read under their paths in it, those in folders too', async (t) => {
  const files = await filesIn(t.testdir({ 'index.html': 'page', assets: { 'logo.svg': 'logo' } }));
  t.strictSame([...files.keys()].sort(), ['assets/logo.svg', 'index.html']);
  t.equal(String(files.get('assets/logo.svg')), 'logo');
  await t.rejects(filesIn(`${t.testdir({})}/gone`), { code: 'ENOENT' });
});

test('an addon of npm is loaded as npm has installed it; one that is not there is an error', async (t) => {
  t.match(loadAddon('@discordjs/opus'), { OpusEncoder: Function });
  t.throws(() => loadAddon('@discordjs/none'), { message: /^Cannot find module.*Run "npm ci"/ });
});

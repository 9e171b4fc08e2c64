import { brotliCompressSync } from 'node:zlib';
import { test } from 'tap';
import { filesIn, loadAddon, withUncompressed } from '../../src/lib/packaged.ts';

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

test('what is only there compressed is there uncompressed, too', (t) => {
  const compressed = brotliCompressSync('page');
  const files = withUncompressed(
    new Map([
      ['index.html.br', compressed],
      ['logo.png', Buffer.from('logo')],
      ['both.js', Buffer.from('as it is')],
      ['both.js.br', compressed],
    ]),
  );
  t.same([...files.keys()].sort(), ['both.js', 'both.js.br', 'index.html', 'index.html.br', 'logo.png']);
  t.equal(String(files.get('index.html')), 'page');
  t.equal(String(files.get('both.js')), 'as it is');
  t.end();
});

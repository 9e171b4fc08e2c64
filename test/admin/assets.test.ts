import { pathToFileURL } from 'node:url';
import { test } from 'tap';
import { loadAssets } from '../../src/admin/assets.ts';

test('every file of the page is read, under its path in the address', async (t) => {
  const directory = t.testdir({
    'index.html': '<!doctype html>',
    assets: { 'main-ABCDEF12.js': 'x', 'logo.svg': 'y' },
  });
  const assets = await loadAssets(pathToFileURL(`${directory}/`));
  t.strictSame([...assets.keys()].sort(), ['/assets/logo.svg', '/assets/main-ABCDEF12.js', '/index.html']);
  t.match(assets.get('/assets/main-ABCDEF12.js'), {
    immutable: true,
    contentType: /javascript/,
    etag: /^"[\w-]{22}"$/,
  });
  t.match(assets.get('/assets/logo.svg'), { immutable: false, contentType: /svg/ });
  t.not(assets.get('/index.html')?.etag, assets.get('/assets/logo.svg')?.etag);
});

test('a page that was not built is an error', async (t) => {
  const directory = t.testdir({ 'other.html': '' });
  await t.rejects(loadAssets(pathToFileURL(`${directory}/`)), { message: /there is no index.html/ });
  await t.rejects(loadAssets(pathToFileURL(`${directory}/gone/`)), { code: 'ENOENT' });
});

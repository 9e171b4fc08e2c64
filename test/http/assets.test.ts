import { test } from 'tap';
import { createAssets } from '../../src/http/assets.ts';

test('every file of the page has its path in the address, a type and a tag', async (t) => {
  const assets = createAssets(
    new Map([
      ['index.html', Buffer.from('<!doctype html>')],
      ['assets/main-ABCDEF12.js', Buffer.from('x')],
      ['assets/logo.svg', Buffer.from('y')],
    ]),
  );
  t.strictSame([...assets.keys()], ['/index.html', '/assets/main-ABCDEF12.js', '/assets/logo.svg']);
  t.match(assets.get('/assets/main-ABCDEF12.js'), {
    immutable: true,
    contentType: /javascript/,
    etag: /^"[\w-]{22}"$/,
  });
  t.match(assets.get('/assets/logo.svg'), { immutable: false, contentType: /svg/ });
  t.not(assets.get('/index.html')?.etag, assets.get('/assets/logo.svg')?.etag);
});

test('a page that was not built is an error', async (t) => {
  t.throws(() => createAssets(new Map([['other.html', Buffer.alloc(0)]])), { message: /there is no index.html/ });
});

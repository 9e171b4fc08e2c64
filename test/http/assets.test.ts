import { test } from 'tap';
import { chooseRepresentation, createAssets } from '../../src/http/assets.ts';

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
    representations: [{ etag: /^"[\w-]{22}"$/ }],
  });
  t.match(assets.get('/assets/logo.svg'), { immutable: false, contentType: /svg/ });
  t.not(assets.get('/index.html')?.representations[0]?.etag, assets.get('/assets/logo.svg')?.representations[0]?.etag);
});

test('a page that was not built is an error', async (t) => {
  t.throws(() => createAssets(new Map([['other.html', Buffer.alloc(0)]])), { message: /there is no index.html/ });
});

test('compressed variants are not files of their own, and the client chooses', (t) => {
  const assets = createAssets(
    new Map([
      ['index.html', Buffer.from('a long text')],
      ['index.html.br', Buffer.from('b')],
      ['index.html.gz', Buffer.from('gz')],
      ['other.gz', Buffer.from('not of another file')],
      ['plain.txt', Buffer.from('x')],
    ]),
  );
  t.strictSame([...assets.keys()], ['/index.html', '/other.gz', '/plain.txt']);
  const page = assets.get('/index.html')!;
  const tags = new Set(page.representations.map(({ etag }) => etag));
  t.equal(tags.size, 3, 'each encoding has its own tag');
  const cases: readonly (readonly [acceptEncoding: string | undefined, coding: string | undefined])[] = [
    [undefined, undefined],
    ['', undefined],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip', 'gzip'],
    ['GZIP;q=0.5', 'gzip'],
    ['br;q=0.1, gzip;q=0.9', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
    ['*', 'br'],
    ['*;q=0.5, br;q=0', 'gzip'],
    ['deflate', undefined],
    ['identity, br;q=0.5', undefined],
    ['br;q=0, gzip;q=0', undefined],
    ['br;q=x, gzip;q=-1, ;;,', undefined],
  ];
  for (const [acceptEncoding, coding] of cases)
    t.equal(chooseRepresentation(page, acceptEncoding)?.coding, coding, String(acceptEncoding));
  t.equal(chooseRepresentation(assets.get('/plain.txt')!, 'br')?.coding, undefined);
  t.end();
});

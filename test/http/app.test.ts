import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import pino from 'pino';
import { type Test, test } from 'tap';
import { createHttpApp } from '../../src/http/app.ts';
import { type Assets, createAsset } from '../../src/http/assets.ts';
import type { Health } from '../../src/http/health.ts';
import { securityHeaders } from '../../src/http/security-headers.ts';
import type { RoomPreview } from '../../src/protocol/rooms.ts';

const LARGE = Buffer.from('a { color: red }\n'.repeat(100));
const FILES = [
  '/index.html',
  '/admin.html',
  '/listen.html',
  '/assets/main-K2QXVTEJ.js',
  '/assets/main-K2QXVTEJ.js.map',
  '/icon.svg',
];
const ASSETS: Assets = new Map([
  ...FILES.map((path) => [path, createAsset(path, Buffer.from(`content of ${path}`))] as const),
  ...['/sdk.js', '/sdk.d.ts', '/embed.js'].map((path) => [path, createAsset(path, Buffer.from('export {};'))] as const),
  [
    '/large.css',
    createAsset(
      '/large.css',
      LARGE,
      new Map([
        ['br', brotliCompressSync(LARGE)],
        ['gzip', gzipSync(LARGE)],
      ]),
    ),
  ],
]);
const HEALTHY: Health = { status: 'ok', version: '1.2.3', problems: [], rooms: 1, participants: 2, workers: [] };

async function setUp(
  t: Test,
  {
    health = () => HEALTHY,
    scrape = async () => 'partyline_rooms 1\n',
    scrapeAll = undefined as (() => Promise<string>) | undefined,
    frameAncestors = [] as string[],
    preview = (_room: string): RoomPreview | null => null,
    roomList = (): string => 'null',
    peer = undefined as ((request: IncomingMessage) => Promise<string | undefined>) | undefined,
    allowHosts = [] as string[],
  } = {},
) {
  const logged: string[] = [];
  const log = pino({ level: 'error' }, { write: (line) => logged.push(line) });
  const metrics = { contentType: 'text/plain; version=0.0.4; charset=utf-8', scrape, ...(scrapeAll && { scrapeAll }) };
  const server = createServer(
    createHttpApp({
      assets: ASSETS,
      health,
      metrics,
      log,
      frameAncestors,
      preview,
      roomList,
      peer,
      allowHosts,
    }).callback(),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const get = (path: string, options: RequestInit = {}) => fetch(`http://127.0.0.1:${port}${path}`, options);
  return { get, logged, port };
}

test('another server of the cluster is answered, by whatever address it asks; a stranger sees an address like any other', async (t) => {
  const peer = async ({ headers }: IncomingMessage) => (headers.authorization === 'right' ? 'sealed' : undefined);
  const { get } = await setUp(t, { peer, allowHosts: ['voice.example.org'] });
  const post = (authorization: string, path = '/cluster/peer') =>
    get(path, { method: 'POST', headers: { authorization } });
  t.equal(await (await post('right')).text(), 'sealed');
  const [stranger, elsewhere] = [await post('wrong'), await post('right', '/cluster/peers')];
  t.equal(stranger.status, elsewhere.status);
  t.equal(await stranger.text(), await elsewhere.text());
  const alone = await setUp(t);
  t.equal((await alone.get('/cluster/peer', { method: 'POST' })).status, 405);
});

/** A link that somebody has typed, or cut off, leads to the page, too. */
const OTHER_SPELLINGS = [
  '/room/lobby/',
  '/Room/Lobby',
  '/room',
  '/room/',
  '/room//',
  '/room/a%2Fb',
  '/room/a/b',
  '/room/%zz',
];

test('the page is served at / and at every room', async (t) => {
  const { get } = await setUp(t);
  for (const path of ['/', '/room/lobby', '/room/%E9%83%A8%E5%B1%8B', '/room/lobby?x=1', ...OTHER_SPELLINGS]) {
    const response = await get(path);
    t.equal(response.status, 200, path);
    t.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
    t.equal(response.headers.get('cache-control'), 'no-cache');
    t.equal(await response.text(), 'content of /index.html');
  }
});

test('who is in a room is told if the room is for everyone', async (t) => {
  const asked: string[] = [];
  const { get } = await setUp(t, {
    preview: (room) => {
      asked.push(room);
      return room === 'vault' ? null : { names: ['Ada'], participants: 1 };
    },
  });
  const response = await get('/people?room=My%20Room');
  t.equal(response.headers.get('cache-control'), 'no-store');
  t.match(response.headers.get('content-type'), /^application\/json/);
  t.same(await response.json(), { names: ['Ada'], participants: 1 });
  t.same(asked, ['My Room']);
  for (const query of ['?room=vault', '', '?other=1']) {
    const closed = await get(`/people${query}`);
    t.equal(closed.status, 200, 'browsers report other answers to the console');
    t.equal(await closed.json(), null);
  }
});

test('the list of rooms is one answer, never kept', async (t) => {
  const { get } = await setUp(t, { roomList: () => '[{"name":"lobby"}]' });
  const response = await get('/room-list');
  t.equal(response.headers.get('cache-control'), 'no-store');
  t.match(response.headers.get('content-type'), /^application\/json/);
  t.same(await response.json(), [{ name: 'lobby' }]);
});

test('without accounts elsewhere nothing is offered, and nothing leads there', async (t) => {
  const { get } = await setUp(t);
  const offer = await get('/sign-in/offer');
  t.equal(offer.status, 200, 'browsers report other answers to the console');
  t.equal(await offer.json(), null);
  t.equal((await get('/sign-in?room=lobby')).status, 404);
});

test('the admin page is at /admin, and cannot be framed', async (t) => {
  const { get } = await setUp(t, { frameAncestors: ['https://game.example'] });
  const response = await get('/admin');
  t.equal(await response.text(), 'content of /admin.html');
  t.match(response.headers.get('content-security-policy'), "frame-ancestors 'none'");
  t.match((await get('/')).headers.get('content-security-policy'), 'frame-ancestors https://game.example');
  t.equal((await get('/administrator')).status, 404);
});

test('the page that only listens may do nothing else, and be framed', async (t) => {
  const { get } = await setUp(t, { frameAncestors: ['https://radio.example'] });
  for (const path of ['/listen/Lobby', '/listen/Games/Chess', '/listen']) {
    const response = await get(path);
    const { headers } = response;
    const policy = headers.get('content-security-policy') ?? '';
    t.match(policy, "default-src 'none'");
    t.match(policy, 'media-src blob:');
    t.match(policy, 'frame-ancestors https://radio.example');
    t.notMatch(policy, 'unsafe');
    t.notMatch(policy, 'ws:');
    t.match(headers.get('permissions-policy'), 'microphone=()');
    t.equal(await response.text(), 'content of /listen.html');
  }
  t.equal((await get('/listener')).status, 404);
});

test('other sites may load the client library, and nothing else', async (t) => {
  const { get } = await setUp(t);
  for (const path of ['/sdk.js', '/sdk.d.ts', '/embed.js']) {
    const { headers } = await get(path);
    t.equal(headers.get('access-control-allow-origin'), '*', path);
    t.equal(headers.get('cross-origin-resource-policy'), 'cross-origin', path);
    t.match(headers.get('content-security-policy'), "script-src 'self'", path);
  }
  for (const path of ['/', '/admin', '/icon.svg', '/assets/main-K2QXVTEJ.js', '/healthz', '/metrics', '/nothing']) {
    const { headers } = await get(path);
    t.equal(headers.get('access-control-allow-origin'), null, path);
    t.equal(headers.get('cross-origin-resource-policy'), 'same-origin', path);
  }
});

test('files with a hash in the name are cached forever, others are revalidated', async (t) => {
  const { get } = await setUp(t);
  const hashed = await get('/assets/main-K2QXVTEJ.js');
  t.equal(hashed.headers.get('content-type'), 'text/javascript; charset=utf-8');
  t.match(hashed.headers.get('cache-control'), /immutable/);
  t.match((await get('/assets/main-K2QXVTEJ.js.map')).headers.get('cache-control'), /immutable/);
  const icon = await get('/icon.svg');
  t.equal(icon.headers.get('cache-control'), 'no-cache');
  const again = await get('/icon.svg', {
    headers: { 'if-none-match': icon.headers.get('etag')!, 'cache-control': 'max-age=0' },
  });
  t.equal(again.status, 304);
  t.equal(await again.text(), '');
});

test('files are compressed for clients that accept it, with a tag for each encoding', async (t) => {
  const { get } = await setUp(t);
  const tags = new Set<string | null>();
  for (const [accepted, coding] of [
    ['br, gzip', 'br'],
    ['gzip', 'gzip'],
    ['identity', null],
  ] as const) {
    const answer = await get('/large.css', { headers: { 'accept-encoding': accepted } });
    t.equal(answer.headers.get('content-encoding'), coding);
    t.match(answer.headers.get('vary'), /\bAccept-Encoding\b/);
    t.equal(await answer.text(), LARGE.toString(), 'the content is the same');
    if (coding !== null) t.ok(Number(answer.headers.get('content-length')) < LARGE.length / 2);
    const etag = answer.headers.get('etag')!;
    tags.add(etag);
    const headers = { 'accept-encoding': accepted, 'if-none-match': etag, 'cache-control': 'max-age=0' };
    const again = await get('/large.css', { headers });
    t.equal(again.status, 304);
    t.match([again.headers.get('etag'), again.headers.get('vary')], [etag, /\bAccept-Encoding\b/]);
    const other = await get('/large.css', {
      headers: { ...headers, 'accept-encoding': accepted === 'gzip' ? 'br' : 'gzip' },
    });
    t.equal(other.status, 200, 'a cached copy in another encoding does not count');
  }
  t.equal(tags.size, 3);
  t.equal((await get('/icon.svg', { headers: { 'accept-encoding': 'br' } })).headers.get('content-encoding'), null);
});

test('HEAD answers like GET, without the body', async (t) => {
  const { get } = await setUp(t);
  const response = await get('/', { method: 'HEAD' });
  t.equal(response.status, 200);
  t.equal(response.headers.get('content-length'), String('content of /index.html'.length));
  t.equal(await response.text(), '');
});

test('unknown paths are not found, and other methods are not allowed', async (t) => {
  const { get } = await setUp(t);
  for (const path of ['/x', '/rooms', '/%2e%2e/package.json', '/constructor']) {
    t.equal((await get(path)).status, 404, path);
  }
  const response = await get('/', { method: 'POST', body: 'x' });
  t.equal(response.status, 405);
  t.equal(response.headers.get('allow'), 'GET, HEAD');
});

test('every answer says what the page may do', async (t) => {
  const { get, port } = await setUp(t);
  for (const path of ['/', '/x', '/healthz', '/metrics']) {
    const { headers } = await get(path);
    const policy = headers.get('content-security-policy');
    t.match(policy, /default-src 'none'/);
    t.match(policy, `connect-src 'self' ws://127.0.0.1:${port} wss://127.0.0.1:${port};`);
    t.match(policy, "media-src 'self' blob: mediastream:");
    t.notMatch(policy, /'unsafe-/);
    t.match(headers.get('permissions-policy'), 'microphone=(self)');
    t.equal(headers.get('x-content-type-options'), 'nosniff');
  }
});

test('health is 200 while the server is healthy, and 503 otherwise', async (t) => {
  let status: Health['status'] = 'ok';
  const { get } = await setUp(t, { health: () => ({ ...HEALTHY, status }) });
  const response = await get('/healthz');
  t.equal(response.status, 200);
  t.match(response.headers.get('content-type'), 'application/json');
  t.strictSame(await response.json(), HEALTHY);
  for (status of ['unhealthy', 'closing'] as const) t.equal((await get('/healthz')).status, 503, status);
});

test('metrics are served in the text format of Prometheus', async (t) => {
  const { get } = await setUp(t);
  const response = await get('/metrics');
  t.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  t.equal(await response.text(), 'partyline_rooms 1\n');
  t.equal(await (await get('/metrics?cluster=1')).text(), 'partyline_rooms 1\n', 'of a server by itself');
});

test('metrics are those of the whole cluster if that is asked for', async (t) => {
  const { get } = await setUp(t, { scrapeAll: async () => 'partyline_rooms{node="n1"} 1\n' });
  t.equal(await (await get('/metrics?cluster=1')).text(), 'partyline_rooms{node="n1"} 1\n');
  for (const path of ['/metrics', '/metrics?cluster=0', '/metrics?cluster=1&cluster=1'])
    t.equal(await (await get(path)).text(), 'partyline_rooms 1\n', path);
});

test('failures are logged and answered without details', async (t) => {
  const { get, logged } = await setUp(t, {
    scrape: async () => {
      throw new Error('secret detail');
    },
  });
  const response = await get('/metrics');
  t.equal(response.status, 500);
  t.notMatch(await response.text(), 'secret');
  t.match(logged.join(''), 'secret detail');
});

test("no answer reveals the server's software, and the page cannot be framed unless that is allowed", async (t) => {
  const { get } = await setUp(t);
  for (const path of ['/', '/x', '/metrics']) {
    const { headers } = await get(path);
    for (const name of ['server', 'x-powered-by']) t.equal(headers.get(name), null);
    t.match(headers.get('content-security-policy'), "frame-ancestors 'none'");
  }
  const { 'Content-Security-Policy': policy } = securityHeaders('x', ['https://game.example']);
  t.match(policy, 'frame-ancestors https://game.example');
});

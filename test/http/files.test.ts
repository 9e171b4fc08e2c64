import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import { type Test, test } from 'tap';
import { createHttpApp } from '../../src/http/app.ts';
import { createAsset } from '../../src/http/assets.ts';
import { LimitCounts } from '../../src/lib/rates/limit-counts.ts';
import { FileStore, MAX_PIECE_BYTES } from '../../src/rooms/chat/file-store.ts';
import { eventually } from '../helpers/eventually.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const KEY = 'the key of a reader';
const SENDER = { id: 'ada', address: '192.0.2.1' };
const PNG = Buffer.from('\x89PNG\r\n\x1a\n and pixels', 'latin1');

async function setUp(t: Test) {
  const limits = { maxBytes: 8 * 1024 * 1024, maxTotalBytes: 32 * 1024 * 1024, keptMinutes: 60 };
  const store = new FileStore({ limits, clock: new FakeClock(), limitCounts: new LimitCounts() });
  const server = createServer(
    createHttpApp({
      assets: new Map([['/index.html', createAsset('/index.html', Buffer.from('page'))]]),
      health: () => ({ status: 'ok', version: '1', problems: [], rooms: 0, participants: 0, workers: [] }),
      metrics: { contentType: 'text/plain', scrape: async () => '' },
      log: pino({ level: 'silent' }),
      files: {
        maxPieceBytes: MAX_PIECE_BYTES,
        missing: (grant) => store.missing(grant),
        append: (grant, at, piece) => store.append(grant, at, piece),
        abandon: (grant) => store.abandon(grant),
        read: (id, key) => store.read(id, () => key === KEY),
      },
    }).callback(),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const call = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}${path}`, init);
  const post = (grant: string, at: number, body: Uint8Array) =>
    call(`/files/new/${grant}?at=${at}`, { method: 'POST', body: new Uint8Array(body) });
  /** Uploads and sends it, and returns the answer to whoever reads it. */
  const share = async (name: string, content: Buffer) => {
    const response = await post(store.offer(SENDER, { name, bytes: content.length }), 0, content);
    const { file } = (await response.json()) as { file: { id: string } };
    store.send(SENDER.id, file.id, 'lobby', null);
    return call(`/files/${file.id}?key=${encodeURIComponent(KEY)}`);
  };
  return { server, store, call, post, share, port };
}

test('an image is shown as what it is, and runs and loads nothing', async (t) => {
  const { share } = await setUp(t);
  const response = await share('cat "1".png', PNG);
  t.equal(response.status, 200);
  t.ok(Buffer.from(await response.arrayBuffer()).equals(PNG));
  const { headers } = response;
  t.equal(headers.get('content-type'), 'image/png');
  t.equal(headers.get('content-disposition'), "inline; filename*=UTF-8''cat%20_1_.png");
  t.equal(headers.get('x-content-type-options'), 'nosniff');
  t.match(headers.get('content-security-policy'), "default-src 'none'");
  t.match(headers.get('content-security-policy'), 'sandbox');
  t.match(headers.get('cache-control'), /^private/);
});

test('a picture with a script, and a page that calls itself a picture, are only saved', async (t) => {
  const { share } = await setUp(t);
  for (const [name, text] of [
    ['picture.svg', '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'],
    ['page.png', '<!doctype html><script>alert(1)</script>'],
  ] as const) {
    const { headers } = await share(name, Buffer.from(text));
    t.equal(headers.get('content-type'), 'application/octet-stream', name);
    t.match(headers.get('content-disposition'), /^attachment; /, name);
    t.equal(headers.get('x-content-type-options'), 'nosniff');
  }
});

test('a file that is too large is refused, whatever its length says', async (t) => {
  const { store, post, port } = await setUp(t);
  t.throws(() => store.offer(SENDER, { name: 'x', bytes: 9 * 1024 * 1024 }), { code: 'file_too_large' });
  const grant = store.offer(SENDER, { name: 'x', bytes: 1000 });
  t.equal((await post(grant, 0, Buffer.alloc(1001))).status, 413);
  const large = store.offer(SENDER, { name: 'x', bytes: 4 * MAX_PIECE_BYTES });
  t.equal((await post(large, 0, Buffer.alloc(MAX_PIECE_BYTES + 1))).status, 413);
  const chunked = request({ port, host: '127.0.0.1', method: 'POST', path: `/files/new/${grant}?at=0` });
  chunked.on('error', () => {});
  const answered = once(chunked, 'response');
  for (let i = 0; i < 10; i++) chunked.write(Buffer.alloc(200));
  const [response] = (await answered) as [{ statusCode: number }];
  t.equal(response.statusCode, 413, 'without a length it is counted as it comes');
  chunked.destroy();
  t.equal(store.missing(grant), 1000, 'nothing of it is kept');
});

test('whoever guesses an id, a key or a grant gets nothing', async (t) => {
  const { store, call, post } = await setUp(t);
  const file = store.append(store.offer(SENDER, { name: 'x', bytes: PNG.length }), 0, PNG)!;
  t.equal((await call(`/files/${file.id}?key=${encodeURIComponent(KEY)}`)).status, 404, 'not sent yet');
  store.send(SENDER.id, file.id, 'lobby', null);
  for (const path of [
    `/files/${file.id}`,
    `/files/${file.id}?key=x`,
    '/files/x',
    `/files/AAAAAAAAAAAAAAAAAAAAAA?key=${KEY}`,
  ])
    t.equal((await call(path)).status, 404, path);
  t.equal((await post('AAAAAAAAAAAAAAAAAAAAAA', 0, PNG)).status, 404);
  for (const [path, method] of [
    ['/files/', 'GET'],
    ['/files/a/b', 'GET'],
    [`/files/${file.id}`, 'DELETE'],
    ['/files/new/x', 'PUT'],
  ] as const)
    t.equal((await call(path, { method })).status, 404, `${method} ${path}`);
});

test('a file comes in pieces over one connection, in order', async (t) => {
  const { store, call, post } = await setUp(t);
  const content = Buffer.alloc(MAX_PIECE_BYTES + 10, 'x');
  const grant = store.offer(SENDER, { name: 'x', bytes: content.length });
  const first = await post(grant, 0, content.subarray(0, MAX_PIECE_BYTES));
  t.same(await first.json(), { file: null });
  t.not(first.headers.get('connection'), 'close');
  t.equal((await post(grant, 5, content.subarray(0, 5))).status, 400, 'out of order');
  t.match(await (await post(grant, MAX_PIECE_BYTES, content.subarray(MAX_PIECE_BYTES))).json(), {
    file: { bytes: content.length, type: 'application/octet-stream' },
  });
  for (const query of ['', '?at=', '?at=-1', '?at=x', '?at=1e3', '?at=0&at=1'])
    t.equal((await call(`/files/new/${grant}${query}`, { method: 'POST', body: 'x' })).status, 400, query);
});

test('an upload that is broken off or given up frees its place', async (t) => {
  const { server, store, call, port } = await setUp(t);
  const grant = store.offer(SENDER, { name: 'x', bytes: 100_000 });
  const upload = request({ port, host: '127.0.0.1', method: 'POST', path: `/files/new/${grant}?at=0` });
  upload.on('error', () => {});
  const arrived = once(server, 'request');
  upload.write(Buffer.alloc(1000));
  await arrived;
  upload.destroy();
  await eventually(() => store.figures.bytes === 0 || `${store.figures.bytes} bytes are promised`);
  const other = store.offer(SENDER, { name: 'x', bytes: 100_000 });
  t.equal((await call(`/files/new/${other}`, { method: 'DELETE' })).status, 204);
  t.equal(store.figures.bytes, 0);
});

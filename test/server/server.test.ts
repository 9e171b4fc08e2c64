import pino from 'pino';
import { type Test, test } from 'tap';
import { type Config, defaultConfig } from '../../src/config/config.ts';
import { createAsset } from '../../src/http/assets.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { MediaPlaneOptions } from '../../src/media/plane.ts';
import { createServer } from '../../src/server/server.ts';
import { Stopwatch } from '../helpers/cpu-time.ts';
import { FakeMediaPlane, mediaStats } from '../helpers/fake-media-plane.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';

async function setUp(t: Test, given: Partial<Config> = {}) {
  const plane = new FakeMediaPlane();
  let planeOptions: MediaPlaneOptions | undefined;
  const config = { ...defaultConfig({ cores: 2 }), port: 0, shutdownGraceMs: 400, ...given };
  const server = await createServer(config, {
    clock: systemClock,
    log: pino({ level: 'silent' }),
    version: '1.2.3',
    assets: new Map([['/index.html', createAsset('/index.html', Buffer.from('<!doctype html>'))]]),
    createMediaPlane: async (options) => {
      planeOptions = options;
      return plane;
    },
    workerEntry: new URL('file:///worker.js'),
  });
  t.teardown(() => server.close());
  const listening = await server.listen();
  const clients: SignalingClient[] = [];
  const open = async () => {
    const client = await SignalingClient.open(`${listening.url.replace('http', 'ws')}ws`);
    clients.push(client);
    return client;
  };
  t.teardown(() => {
    for (const { socket } of clients) socket.terminate();
  });
  return { server, plane, planeOptions: planeOptions!, ...listening, open };
}

test('page, WebSocket, health and metrics are served on one port, and see the same rooms', async (t) => {
  const { url, port, open } = await setUp(t);
  t.equal(url, `http://127.0.0.1:${port}/`);
  t.equal(await (await fetch(url)).text(), '<!doctype html>');
  const client = await open();
  await client.join('lobby', 'Ada');
  t.match(await (await fetch(`${url}healthz`)).json(), { status: 'ok', version: '1.2.3', rooms: 1, participants: 1 });
  const metrics = await (await fetch(`${url}metrics`)).text();
  t.match(metrics, '\npartyline_participants 1\n');
  t.match(metrics, '\npartyline_websocket_connections 1\n');
  t.match(metrics, '\npartyline_ticks_total{worker="0"} 0\n');
});

test('a worker that does not tick shows in the health check', async (t) => {
  const { url, plane } = await setUp(t);
  plane.workers = [mediaStats({ tickAgeMs: 5000 })];
  t.equal((await fetch(`${url}healthz`)).status, 503);
});

test('the media plane is started with the settings, and hides loopback from remote clients', async (t) => {
  const media = { workers: 2, mediaPort: 5000, mediaHost: ['127.0.0.1'], announce: ['192.0.2.7'] };
  const { planeOptions } = await setUp(t, media);
  t.match(planeOptions, { workers: 2, port: 5000, hosts: ['127.0.0.1'], announce: ['192.0.2.7'], hideLoopback: false });
  t.equal((await setUp(t, { host: '0.0.0.0' })).planeOptions.hideLoopback, true);
});

test('closing tells the participants, closes what is open, refuses newcomers, and can be called twice', async (t) => {
  const { url, server, plane, open } = await setUp(t);
  const ada = await open();
  await ada.join('lobby', 'Ada');
  ada.send({ type: 'offer', sdp: 'x' });
  await ada.next('answer');
  const idle = await open();
  const closed = server.close();
  t.equal(server.close(), closed);
  await ada.next('server_closing');
  await idle.next('server_closing');
  t.match(await ada.closed, { code: 1012 });
  await closed;
  t.strictSame(plane.openSeats, []);
  t.equal(plane.closed, true);
  await t.rejects(fetch(url));
});

test('a client that does not answer does not delay closing', async (t) => {
  const { server, open } = await setUp(t);
  (await open()).socket.pause();
  const watch = new Stopwatch();
  await server.close();
  const { ms, ownMs } = watch;
  t.ok(ms >= 190 && ownMs < 2000, `${Math.round(ms)} ms; the client never answers`);
});

test('a port in use and an address of another machine cause clear messages, and leave nothing running', async (t) => {
  const { port } = await setUp(t);
  await t.rejects(setUp(t, { port }), { name: 'StartError', message: `Port ${port} on 127.0.0.1 is in use` });
  await t.rejects(setUp(t, { host: '192.0.2.1' }), {
    name: 'StartError',
    message: 'does not have the address 192.0.2.1',
  });
});

test('if media cannot start, the message says so', async (t) => {
  const creating = createServer(defaultConfig({ cores: 2 }), {
    clock: systemClock,
    log: pino({ level: 'silent' }),
    version: '1.2.3',
    assets: new Map(),
    createMediaPlane: async () => {
      throw new Error('UDP port 40000 is in use');
    },
    workerEntry: new URL('file:///worker.js'),
  });
  await t.rejects(creating, { name: 'StartError', message: /UDP port 40000 is in use.*--media-port/ });
});

import { connect, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { test } from 'tap';
import { freePort } from '../../bench/lib/free-port.ts';
import { Conversation } from '../helpers/conversation.ts';
import { Stopwatch } from '../helpers/cpu-time.ts';
import { eventually } from '../helpers/eventually.ts';
import { startServer } from '../helpers/running-server.ts';
import { startSecureServer, trusting } from '../helpers/secure-server.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';

const HELD = 200;
const H2C = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n';
const WEB_SOCKET =
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nConnection: Upgrade\r\nUpgrade: ';

/** Collects what the server answers until it has ended the connection or has sent `answers` heads. */
function said(socket: Socket, request: string, answers = 1): Promise<{ heads: string[]; ended: boolean }> {
  return new Promise((resolve) => {
    let text = '';
    const heads = () => text.match(/HTTP\/1\.1 \d{3} /g) ?? [];
    const finish = (ended: boolean) => resolve({ heads: heads(), ended });
    socket.on('error', () => {});
    socket.on('data', (data) => {
      text += data.toString('latin1');
      if (heads().length >= answers) finish(false);
    });
    socket.on('close', () => finish(true));
    socket.write(request);
  });
}

const statuses = (heads: readonly string[]) => heads.map((head) => Number(head.split(' ')[1]));

test('no upgrade protocol other than WebSocket is spoken, and the request is answered as if it had not asked for one', async (t) => {
  const onePort = String(await freePort());
  const plain = await startServer(['--admin-token', 'an-admin-token-of-32-characters.']);
  t.teardown(() => plain.close());
  const shared = await startServer(['--port', onePort, '--media-port', onePort]);
  t.teardown(() => shared.close());
  const tlsFlags = ['--tls', 'self-signed', '--data-dir', t.testdir()];
  const secure = await startSecureServer([...tlsFlags, '--port', String(await freePort())]);
  t.teardown(() => secure.close());
  const both = await freePort();
  const sharedSecure = await startSecureServer([...tlsFlags, '--port', String(both), '--media-port', String(both)]);
  t.teardown(() => sharedSecure.close());

  const ways = {
    plain: () => connect(Number(new URL(plain.url).port), '127.0.0.1'),
    'plain, with media': () => connect(Number(onePort), '127.0.0.1'),
    TLS: () => connectSecurely({ host: '127.0.0.1', port: secure.port, ...trusting(undefined, 'localhost') }),
    'TLS, with media': () => connectSecurely({ host: '127.0.0.1', port: both, ...trusting(undefined, 'localhost') }),
  };
  for (const [way, open] of Object.entries(ways)) {
    const ask = async (request: string, answers = 1) => {
      const socket = open();
      t.teardown(() => socket.destroy());
      return statuses((await said(socket, request, answers)).heads);
    };
    const bare = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
    for (const path of ['/healthz', '/ws', '/nowhere']) {
      const without = await ask(bare(path));
      for (const upgrade of [
        H2C,
        'Connection: upgrade\r\nUpgrade: TLS/1.0, IRC/6.9\r\n',
        'Connection: upgrade\r\nUPGRADE: h2c\r\nUpgrade: x\r\n',
      ])
        t.strictSame(await ask(`GET ${path} HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`), without, `${way}: ${path}`);
    }
    const before10 = `GET /healthz HTTP/1.0\r\n${WEB_SOCKET}websocket\r\n\r\n`;
    t.strictSame(await ask(before10), [200], `${way}: HTTP/1.0 has no upgrades`);
    const body = `POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n${H2C}\r\nhello`;
    t.strictSame(await ask(body), [405], `${way}: with a body`);
    const thenMore = `GET /healthz HTTP/1.1\r\nHost: x\r\n${H2C}\r\n`;
    t.strictSame(
      await ask(`${thenMore}${thenMore}${bare('/healthz')}`, 3),
      [200, 200, 200],
      `${way}: the connection stays open`,
    );
    const list = `GET /ws HTTP/1.1\r\nHost: x\r\n${WEB_SOCKET}h2c, WebSocket\r\n\r\n`;
    t.strictSame(await ask(list), [101], `${way}: WebSocket may be one of several protocols`);
    for (const upgrade of ['', `${WEB_SOCKET}websocket\r\n`, H2C]) {
      const two = `GET /ws HTTP/1.1\r\nHost: x\r\nhost: y\r\n${upgrade}\r\n`;
      t.strictSame(await ask(two), [400], `${way}: two hosts`);
    }
  }
});

test('behind a proxy, nobody can choose their own address by sending many headers', async (t) => {
  const server = await startServer(['--max-requests-per-minute', '2', '--trust-proxy', '127.0.0.1']);
  t.teardown(() => server.close());
  const port = Number(new URL(server.url).port);
  const ask = async (count: number, chosen: string) => {
    const many = Array.from({ length: count }, (_, index) => `X-${index}: 1\r\n`).join('');
    const head = `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${chosen}\r\n${many}X-Forwarded-For: 192.0.2.1\r\n\r\n`;
    const socket = connect(port, '127.0.0.1');
    t.teardown(() => socket.destroy());
    return statuses((await said(socket, head)).heads)[0];
  };
  t.equal(await ask(150, '198.51.100.1'), 200);
  t.equal(await ask(1300, '198.51.100.2'), 200);
  t.equal(await ask(400, '198.51.100.3'), 429);
  t.equal(await ask(3000, '198.51.100.4'), 431, 'a request that is too large is refused, not cut off');
});

test('while two people talk, refused sockets that stay connected are not kept', async (t) => {
  const conversation = await Conversation.start(t, (flags) =>
    startServer([...flags, '--max-connections', '20', '--shutdown-grace-ms', '20000']),
  );
  const port = Number(new URL(conversation.server.url).port);
  const sockets: Socket[] = [];
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  const request = (origin: string, path: string) =>
    `GET ${path} HTTP/1.1\r\nHost: x\r\nOrigin: ${origin}\r\n${WEB_SOCKET}websocket\r\n\r\n`;
  await conversation.unharmed(t, async () => {
    let answered = 0;
    for (let index = 0; index < HELD; index++) {
      // Keeps its own side open, so that only the server can end the connection.
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      sockets.push(socket);
      socket.on('error', () => {});
      socket.once('end', () => answered++);
      socket.resume();
      socket.write(index % 2 === 0 ? request('https://evil.example', '/ws') : request('http://x', '/elsewhere'));
      // As many as may be open at the same time.
      if (index % 20 === 19) await eventually(() => answered === index + 1);
    }
    const client = await SignalingClient.open(conversation.server.webSocketUrl);
    await client.join('lobby', 'Cy');
    client.socket.terminate();
  });
  const watch = new Stopwatch();
  await conversation.server.close();
  t.ok(watch.ownMs < 10_000, 'nor do they delay the shutdown');
});

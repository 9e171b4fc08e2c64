import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { type Test, test } from 'tap';
import { WebSocket } from 'ws';
import { freePort } from '../../bench/lib/free-port.ts';
import { TrustedProxies } from '../../src/lib/net/client-address.ts';
import { createCertificate } from '../../src/rtc/dtls/certificate.ts';
import { readProxyHeaders } from '../../src/server/proxy-headers.ts';
import { SharedPort } from '../../src/server/shared-port.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { proxyHeader } from '../helpers/proxy-header.ts';
import { startServer } from '../helpers/running-server.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';

const LIMIT_MS = 5000;
const CLIENT = proxyHeader({ client: [192, 0, 2, 7] });
const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const LAST_GET = GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
const ADMIN_TOKEN = 'an-admin-token-for-tests';

/** Answers each request with the address of its client. */
async function setUp(t: Test, { trusts = ['127.0.0.1'], tls = false } = {}) {
  const proxies = new TrustedProxies(trusts);
  const clock = new FakeClock();
  const answer: Parameters<typeof createServer>[1] = (request, response) =>
    response.end(`[${proxies.clientOfRequest(request)} ${proxies.isRemote(request) ? 'elsewhere' : 'here'}]`);
  let server: Server = createServer(answer);
  if (tls) {
    const { certificatePem: cert, privateKeyPem: key } = await createCertificate();
    server = createHttpsServer({ cert, key }, answer);
    new SharedPort({ server, acceptMedia: () => false, proxies, clock });
  }
  readProxyHeaders(server, { proxies, clock, limitMs: LIMIT_MS });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const open = (): Socket => {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    t.teardown(() => socket.destroy());
    return socket;
  };
  return { clock, open, port };
}

/** All that comes until the connection is closed. */
async function everythingOf(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  await once(socket, 'close');
  return text;
}

function answersIn(text: string): string[] {
  return [...text.matchAll(/\[(.*?)\]/g)].map(([, answer]) => answer!);
}

test('a proxy names the client for all requests of a connection, however the bytes come', async (t) => {
  const { open } = await setUp(t);
  const whole = open();
  whole.write(Buffer.concat([CLIENT, Buffer.from(GET + LAST_GET)]));
  t.same(answersIn(await everythingOf(whole)), ['192.0.2.7 elsewhere', '192.0.2.7 elsewhere']);

  const slow = open();
  slow.setNoDelay(true);
  const read = everythingOf(slow);
  for (const byte of Buffer.concat([CLIENT, Buffer.from(LAST_GET)])) {
    slow.write(Buffer.of(byte));
    await new Promise(setImmediate);
  }
  t.same(answersIn(await read), ['192.0.2.7 elsewhere']);

  const own = open();
  own.write(Buffer.concat([proxyHeader({ client: [192, 0, 2, 7], command: 0 }), Buffer.from(LAST_GET)]));
  t.same(answersIn(await everythingOf(own)), ['127.0.0.1 here'], 'a health check of the proxy');
});

test('what the client itself claims does not count', async (t) => {
  const { open } = await setUp(t);
  const socket = open();
  const forged = LAST_GET.replace('Host', 'X-Forwarded-For: 198.51.100.1\r\nHost');
  socket.write(Buffer.concat([CLIENT, CLIENT, Buffer.from(forged)]));
  t.match(await everythingOf(socket), /^HTTP\/1\.1 400/, 'a second header is no request');
  const other = open();
  other.write(Buffer.concat([CLIENT, Buffer.from(forged)]));
  t.same(answersIn(await everythingOf(other)), ['192.0.2.7 elsewhere']);
});

test('without its header, a connection of a proxy is closed; those of others need none', async (t) => {
  const { open, clock } = await setUp(t);
  for (const text of [LAST_GET, 'PROXY TCP4 192.0.2.7\r\n']) {
    const socket = open();
    socket.write(text);
    t.equal(await everythingOf(socket), '', text);
  }
  const unfinished = open();
  unfinished.end(CLIENT.subarray(0, 20));
  t.equal(await everythingOf(unfinished), '');

  const silent = open();
  const closed = everythingOf(silent);
  silent.write(CLIENT.subarray(0, 20));
  await eventually(() => clock.pendingTimers > 0 || 'the server has not seen it');
  clock.advance(LIMIT_MS);
  t.equal(await closed, '');

  const { open: openAsStranger } = await setUp(t, { trusts: ['192.0.2.1'] });
  const stranger = openAsStranger();
  stranger.write(LAST_GET);
  t.same(answersIn(await everythingOf(stranger)), ['127.0.0.1 here']);
});

test('the client of TLS is the one named before it', async (t) => {
  const { open } = await setUp(t, { tls: true });
  const raw = open();
  raw.write(CLIENT);
  const socket = connectTls({ socket: raw, rejectUnauthorized: false });
  socket.write(LAST_GET);
  t.same(answersIn(await everythingOf(socket)), ['192.0.2.7 elsewhere']);
});

const missing = missingPackages(['haproxy']);

test('HAProxy names its clients in both versions', { skip: skipIfMissing(missing) }, async (t) => {
  for (const version of ['send-proxy', 'send-proxy-v2']) {
    const { port } = await setUp(t);
    const front = await freePort();
    const config = `
defaults
  mode tcp
  timeout connect 5s
  timeout client 30s
  timeout server 30s
listen voice
  bind 127.0.0.1:${front}
  server partyline 127.0.0.1:${port} ${version}
`;
    const directory = t.testdir({ 'haproxy.cfg': config });
    const haproxy = spawn('haproxy', ['-db', '-f', join(directory, 'haproxy.cfg')], { stdio: 'ignore' });
    t.teardown(() => haproxy.kill('SIGKILL'));
    // The client is another loopback address than that of the proxy.
    await eventually(async () => {
      const socket = connect({ port: front, host: '127.0.0.1', localAddress: '127.0.0.9' }).on('error', () => {});
      socket.end(LAST_GET);
      const [answer] = answersIn(await everythingOf(socket).catch(() => ''));
      return answer === '127.0.0.9 here' || `${version}: ${answer ?? 'HAProxy does not answer'}`;
    });
    t.pass(version);
  }
});

test('the operator sees the address that the proxy has named', async (t) => {
  const server = await startServer([
    ...['--trust-proxy', '127.0.0.1', '--proxy-protocol', 'on'],
    ...['--admin-token', ADMIN_TOKEN, '--show-addresses', 'on'],
  ]);
  t.teardown(() => server.close());
  const port = Number(new URL(server.url).port);
  const throughProxy = () => {
    const socket = connect(port, '127.0.0.1');
    socket.write(proxyHeader({ client: [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9] }));
    return socket;
  };
  const ada = await SignalingClient.open(server.webSocketUrl, {}, { createConnection: throughProxy } as object);
  t.teardown(() => ada.socket.terminate());
  await ada.join('lobby', 'Ada');
  t.equal(ada.socket.readyState, WebSocket.OPEN);
  const answer = await new Promise<string>((resolve) => {
    const socket = throughProxy();
    socket.end(
      `GET /api/v1/rooms/lobby/participants HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\nConnection: close\r\n\r\n`,
    );
    void everythingOf(socket).then(resolve);
  });
  t.match(answer, '"address":"2001:db8::9"');
});

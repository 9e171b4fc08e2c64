import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer, type Server as HttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { type Test, test } from 'tap';
import { TrustedProxies } from '../../src/lib/net/client-address.ts';
import { createCertificate } from '../../src/rtc/dtls/certificate.ts';
import { writeBindingRequest } from '../../src/rtc/ice/stun-writer.ts';
import { frame } from '../../src/rtc/net/stream-framing.ts';
import { SHARED_PORT_LIMITS, SharedPort, type SharedPortLimits } from '../../src/server/shared-port.ts';
import { eventually } from '../helpers/eventually.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const GET = 'GET /page HTTP/1.1\r\nHost: x\r\n\r\n';
const LAST_GET = 'GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

interface Options {
  readonly tls?: boolean;
  readonly limits?: Partial<SharedPortLimits>;
  readonly plainHttp?: HttpServer;
  readonly proxies?: readonly string[];
}

const certificate = createCertificate();
/** RFC 8737. */
const ACME_PROTOCOL = 'acme-tls/1';
const chooseProtocol = ({ protocols }: { protocols: readonly string[] }) =>
  protocols.includes(ACME_PROTOCOL) ? ACME_PROTOCOL : 'http/1.1';

/** A connection from outside, and what came back on it. */
class Client {
  readonly socket: Socket;
  text = '';
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (piece: Buffer) => {
      this.text += piece.toString('latin1');
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      this.closed = true;
    });
  }

  async ended(): Promise<string> {
    await eventually(() => this.closed || `got ${JSON.stringify(this.text)}`);
    return this.text;
  }
}

async function setUp(t: Test, { tls = false, limits = {}, plainHttp, proxies = [] }: Options = {}) {
  const clock = new FakeClock();
  const answer: RequestListener = (request, response) => response.end(`you asked for ${request.url}`);
  const { certificatePem: cert, privateKeyPem: key } = await certificate;
  const server = tls
    ? createHttpsServer({ cert, key, ALPNCallback: chooseProtocol }, answer)
    : createHttpServer(answer);
  const media: { readonly socket: Socket; readonly localUfrag: string; bytes: Buffer }[] = [];
  const port = new SharedPort({
    server,
    plainHttp,
    acceptMedia: (socket, localUfrag) => {
      if (localUfrag !== 'known') return false;
      const taken = { socket, localUfrag, bytes: Buffer.alloc(0) };
      socket.on('data', (piece: Buffer) => {
        taken.bytes = Buffer.concat([taken.bytes, piece]);
      });
      media.push(taken);
      return true;
    },
    proxies: new TrustedProxies(proxies),
    clock,
    limits: { ...SHARED_PORT_LIMITS, ...limits },
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: number } = server.address() as AddressInfo;
  const clients: Client[] = [];
  t.teardown(async () => {
    port.close();
    for (const { socket } of [...clients, ...media]) socket.destroy();
    server.close();
    server.closeAllConnections();
    assert.equal(port.figures.undecided, 0, 'nobody is left');
    assert.equal(clock.pendingTimers, 0, 'no timer is left');
  });
  const open = async (localAddress = '127.0.0.1') => {
    const client = new Client(connect({ port: number, host: '127.0.0.1', localAddress, noDelay: true }));
    clients.push(client);
    await once(client.socket, 'connect');
    return client;
  };
  const openTls = async () => {
    const socket = connectTls({ port: number, host: '127.0.0.1', rejectUnauthorized: false });
    clients.push(new Client(socket));
    await once(socket, 'secureConnect');
    return clients.at(-1)!;
  };
  return { clock, port, number, media, open, openTls };
}

function check(localUfrag: string): Buffer {
  const username = `${localUfrag}:peer`;
  return frame(
    writeBindingRequest({
      transactionId: randomBytes(12),
      username,
      key: 'password',
      priority: 1,
      tieBreaker: 1n,
      useCandidate: true,
    }),
  );
}

async function drip(socket: Socket, bytes: Uint8Array): Promise<void> {
  for (const byte of bytes) {
    socket.write(Buffer.from([byte]));
    await sleep(1);
  }
}

for (const tls of [false, true]) {
  test(`with ${tls ? 'HTTPS' : 'HTTP'}, each connection gets what is meant for it, nothing missing and nothing twice`, async (t) => {
    const { port, media, open, openTls } = await setUp(t, { tls });
    const page = tls ? await openTls() : await open();
    page.socket.write(`${GET}${LAST_GET}`);
    const text = await page.ended();
    t.match(text, /you asked for \/page[\s\S]*you asked for \/last$/, 'requests that came in one piece');

    const peer = await open();
    const more = frame(Buffer.from('more'));
    peer.socket.write(Buffer.concat([check('known'), more]));
    await eventually(() => media.length === 1 && media[0]!.bytes.length === check('known').length + more.length);
    t.same(media[0]!.bytes.subarray(-more.length), more);
    media[0]!.socket.write('answer');
    await eventually(() => peer.text === 'answer');
    t.equal(port.figures.undecided, 0);
    t.equal(port.figures.refused, 0);
  });
}

test('the same happens byte by byte', async (t) => {
  const { media, open } = await setUp(t);
  const page = await open();
  await drip(page.socket, Buffer.from(LAST_GET));
  t.match(await page.ended(), /you asked for \/last$/);
  const peer = await open();
  const bytes = check('known');
  await drip(peer.socket, bytes);
  await eventually(() => media[0]?.bytes.length === bytes.length);
  t.same(media[0]!.bytes, bytes);
});

test('a ClientHello in pieces leads to TLS', async (t) => {
  const { number } = await setUp(t, { tls: true });
  // Sits between the client's TLS and the server, and splits everything into pieces.
  const relay = createHttpServer();
  relay.removeAllListeners('connection');
  relay.on('connection', (near: Socket) => {
    const far = connect({ port: number, host: '127.0.0.1', noDelay: true });
    let writing = Promise.resolve();
    near.on('data', (piece: Buffer) => {
      writing = writing.then(() => drip(far, piece.subarray(0, 20))).then(() => void far.write(piece.subarray(20)));
    });
    far.pipe(near);
    for (const socket of [near, far]) socket.on('error', () => {});
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  t.teardown(() => relay.close());
  const { port } = relay.address() as AddressInfo;
  const client = new Client(connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }));
  client.socket.write(LAST_GET);
  t.match(await client.ended(), /you asked for \/last$/);
});

test('a certificate authority that looks for a proof over TLS reaches the HTTPS server', async (t) => {
  const { number, port } = await setUp(t, { tls: true });
  const options = { port: number, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: [ACME_PROTOCOL] };
  const socket = connectTls({ ...options, servername: 'voice.example.org' });
  await once(socket, 'secureConnect');
  t.equal(socket.alpnProtocol, ACME_PROTOCOL);
  t.match(socket.getPeerCertificate().raw, Buffer);
  socket.destroy();
  t.same(port.figures, { undecided: 0, refused: 0 });
});

test('garbage, and a check for nobody, end at once without an answer', async (t) => {
  const { port, open } = await setUp(t);
  const hello = Buffer.from([0x16, 3, 1, 0, 5]);
  const junk = [Buffer.from([0xff]), Buffer.from([0x80, 111]), Buffer.from('get /'), hello, check('unknown')];
  for (const bytes of junk) {
    const client = await open();
    client.socket.write(bytes);
    t.equal(await client.ended(), '');
  }
  t.equal(port.figures.refused, junk.length);
});

test('silence ends after five seconds, and so does half a check', async (t) => {
  const { clock, port, open } = await setUp(t);
  const silent = await open();
  const slow = await open();
  const page = await open();
  const bytes = check('known');
  slow.socket.write(bytes.subarray(0, 9));
  page.socket.write('G');
  await eventually(() => port.figures.undecided === 2);
  clock.advance(3000);
  slow.socket.write(bytes.subarray(9, 10));
  await sleep(20);
  clock.advance(1999);
  t.same([silent.closed, slow.closed], [false, false]);
  clock.advance(1);
  await silent.ended();
  await slow.ended();
  t.equal(page.closed, false, 'HTTP has its own limits');
  t.equal(port.figures.refused, 2);
  const gone = await open();
  await eventually(() => port.figures.undecided === 1);
  gone.socket.end();
  await gone.ended();
  t.equal(port.figures.undecided, 0, 'connections that have closed are forgotten');
});

test('slow connections are limited in number, at the expense of their own address first', async (t) => {
  const { port, open } = await setUp(t, { limits: { max: 10, maxPerOrigin: 4 } });
  const good = await open('127.0.0.9');
  const flood: Client[] = [];
  for (let i = 0; i < 12; i++) flood.push(await open('127.0.0.2'));
  await eventually(() => flood.filter(({ closed }) => closed).length === 8);
  t.same(
    flood.map(({ closed }) => closed),
    Array.from({ length: 12 }, (_, i) => i < 8),
    'the newest stay',
  );
  t.equal(port.figures.undecided, 5);
  good.socket.write(LAST_GET);
  t.match(await good.ended(), /you asked for/);
  for (let i = 0; i < 20; i++) flood.push(await open(`127.0.1.${i}`));
  await eventually(() => port.figures.undecided === 10 && flood.filter(({ closed }) => closed).length === 22);
  t.pass('and by the limit for all');
});

test('connections of a trusted proxy do not count as those of one address', async (t) => {
  const { port, open } = await setUp(t, { limits: { maxPerOrigin: 2 }, proxies: ['127.0.0.0/8'] });
  for (let i = 0; i < 10; i++) await open();
  await eventually(() => port.figures.undecided === 10);
  t.equal(port.figures.refused, 0);
});

test('plain HTTP on an HTTPS port gets an answer that says so, or one from the server for it, within the deadline', async (t) => {
  const alone = await setUp(t, { tls: true });
  const lost = await alone.open();
  lost.socket.write(GET);
  t.match(await lost.ended(), /^HTTP\/1\.1 400 [\s\S]*https:\/\//);
  await eventually(() => alone.port.figures.undecided === 0);

  const plainHttp = createHttpServer((_, response) => response.writeHead(308, { location: 'https://x/' }).end());
  const redirecting = await setUp(t, { tls: true, plainHttp });
  const client = await redirecting.open();
  client.socket.write(GET);
  await eventually(() => client.text.includes('308'));
  const dripping = await redirecting.open();
  dripping.socket.write('GET / HTTP/1.1\r\n');
  await eventually(() => redirecting.port.figures.undecided === 2);
  redirecting.clock.advance(SHARED_PORT_LIMITS.decisionMs);
  await client.ended();
  await dripping.ended();
});

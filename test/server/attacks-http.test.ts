import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Test, test } from 'tap';
import { Conversation } from '../helpers/conversation.ts';
import { Stopwatch } from '../helpers/cpu-time.ts';
import { startServer } from '../helpers/running-server.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';

const ATTACKERS = 40;
/** Each of them sends up to fifty thousand frames a second. */
const LOUD_ATTACKERS = 15;
const REQUEST_TIMEOUT_MS = 500;
/** Includes the time that a WebSocket has for its closing handshake. */
const MAX_MS = 9000;
/** Only a limit for what does not happen at all. */
const PATIENCE_MS = 60_000;
/** Attacks that take much computing begin one after the other, and then wait for their ends together. */
const APART_MS = 400;
const UPGRADE =
  'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';
/** RFC 6455 section 5.2, with a mask of zeros. */
const frame = (firstByte: number, length = 0) =>
  Buffer.concat([Buffer.from([firstByte, 0x80 | length, 0, 0, 0, 0]), Buffer.alloc(length, 0x20)]);
const TEXT_BEGINS = frame(0x01, 1);
const TEXT_GOES_ON = frame(0x00, 1);
const EMPTY = frame(0x00);
const PING = frame(0x89);
const PONG = frame(0x8a);

type Attack = readonly [what: string, first: string | Buffer, more: string | Buffer];

test('while two people talk', async (t) => {
  const limits = ['--request-timeout-ms', String(REQUEST_TIMEOUT_MS), '--join-timeout-ms', '1000'];
  const conversation = await Conversation.start(t, (flags) => startServer([...flags, ...limits]));
  const port = Number(new URL(conversation.server.url).port);

  /** Opens connections that send `first`, then `more` every 100 ms. Resolves when the server has ended all of them. */
  const cutOff = async (t: Test, [title, first, more]: Attack, attackers = ATTACKERS): Promise<void> => {
    const watch = new Stopwatch();
    const ended = Array.from({ length: attackers }, async () => {
      const socket: Socket = connect({ port, host: '127.0.0.1' });
      t.teardown(() => socket.destroy());
      // A reset is an end as well.
      socket.on('error', () => {});
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.resume();
      const timer = setInterval(() => socket.writable && more.length > 0 && socket.write(more), 100);
      socket.write(first);
      await Promise.race([closed, sleep(PATIENCE_MS, undefined, { ref: false })]);
      clearInterval(timer);
      return socket.destroyed;
    });
    const all = await Promise.all(ended);
    const { ms, ownMs } = watch;
    t.equal(all.filter(Boolean).length, attackers, `the server ended each of the ${title}`);
    t.ok(ownMs < MAX_MS, `after ${Math.round(ms)} ms, ${Math.round(ownMs)} of them its own`);
  };

  // A timeout ends these, so they can all wait at the same time.
  const slow: Attack[] = [
    ['connections that say nothing', '', ''],
    ['requests whose head trickles in', 'GET / HTTP/1.1\r\nHost: x\r\n', 'X-A: 1\r\n'],
    ['requests whose body trickles in', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n', 'x'],
    ['page requests whose body trickles in', 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n', 'x'],
    ['idle keep-alive connections', 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n', ''],
    ['unfinished WebSocket handshakes', UPGRADE.slice(0, -2), 'X-A: 1\r\n'],
    ['WebSockets that join no room', UPGRADE, ''],
    [
      'frames that trickle in',
      Buffer.concat([Buffer.from(UPGRADE), Buffer.from([0x81, 0xfe, 0x40, 0, 0, 0, 0, 0])]),
      ' ',
    ],
  ];
  await t.test('connections that are too slow are ended and do not harm them', (t) =>
    conversation.unharmed(t, () => Promise.all(slow.map((attack) => cutOff(t, attack)))),
  );

  const loud: Attack[] = [
    ['heads that are too large', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}`, ''],
    [
      'messages in thousands of fragments',
      Buffer.from(UPGRADE),
      Buffer.concat([TEXT_BEGINS, ...Array<Buffer>(500).fill(TEXT_GOES_ON)]),
    ],
    [
      'fragments without content',
      Buffer.concat([Buffer.from(UPGRADE), TEXT_BEGINS]),
      Buffer.concat(Array<Buffer>(5000).fill(EMPTY)),
    ],
    ['floods of pings', UPGRADE, Buffer.concat(Array<Buffer>(100).fill(PING))],
    ['floods of pongs', UPGRADE, Buffer.concat(Array<Buffer>(100).fill(PONG))],
  ];
  await t.test('connections that send too much are ended and do not harm them', (t) =>
    conversation.unharmed(t, () =>
      Promise.all(loud.map((attack, index) => sleep(index * APART_MS).then(() => cutOff(t, attack, LOUD_ATTACKERS)))),
    ),
  );

  await t.test('messages designed to break a parser do not harm them', async (t) => {
    const texts = [
      '['.repeat(60_000),
      `{"a":`.repeat(10_000),
      `{"type":"join","room":"x","name":${JSON.stringify('x'.repeat(50_000))}}`,
      `{"type":"ping","x":[${'1,'.repeat(30_000)}1]}`,
      `{${Array.from({ length: 4000 }, (_, index) => `"k${index}":${index}`).join(',')},"type":"ping"}`,
      '{"__proto__":{"type":"join"},"constructor":{"prototype":{"muted":true}},"type":"ping"}',
      '{"type":"join","room":"lobby","name":"\\ud800"}',
      '{"type":"join","room":"lobby","name":"a\\u0000\\u001b[2Jb"}',
      '{"type":"join","room":"lobby","name":"\\u202eadA"}',
      '{"type":"join","room":"lobby\\n","name":"Eve\\nlevel=fatal"}',
    ];
    await conversation.unharmed(t, async () => {
      const client = await SignalingClient.open(conversation.server.webSocketUrl);
      t.teardown(() => client.socket.terminate());
      const answers: string[] = [];
      for (const text of texts) {
        client.socket.send(text);
        answers.push(...(await client.settled()).map((message) => ('code' in message ? message.code : message.type)));
      }
      t.notOk(answers.includes('joined'));
      t.equal(answers.filter((answer) => answer === 'invalid_name').length, 5);
      const invalid = await SignalingClient.open(conversation.server.webSocketUrl);
      invalid.socket.send(Buffer.from([0x22, 0xff, 0xfe, 0x22]), { binary: false });
      t.equal((await invalid.closed).code, 1007, 'text that is not UTF-8');
    });
    t.equal(Reflect.get({}, 'muted'), undefined);
  });
});

test('one address gets no more connections, joins and guesses than allowed, whatever address it claims to be', async (t) => {
  const flags = [
    '--max-connections-per-address',
    '3',
    '--max-joins-per-minute',
    '6',
    '--max-failed-joins-per-minute',
    '2',
  ];
  const server = await startServer([...flags, '--room-passwords', 'vault=open sesame']);
  t.teardown(() => server.close());
  const open = async (forwardedFor = '192.0.2.1') => {
    const client = await SignalingClient.open(server.webSocketUrl, { 'x-forwarded-for': forwardedFor });
    t.teardown(() => client.socket.terminate());
    return client;
  };
  const [first] = [await open('192.0.2.1'), await open('192.0.2.2'), await open('192.0.2.3')];
  await t.rejects(open('192.0.2.4'), { message: /503/ });
  for (let i = 0; i < 2; i++) {
    first.send({ type: 'join', room: 'vault', name: 'Eve', password: `guess ${i}` });
    t.match(await first.next('error'), { code: 'wrong_password' });
  }
  first.send({ type: 'join', room: 'vault', name: 'Eve', password: 'open sesame' });
  t.match(await first.next('error'), { code: 'rate_limited', retryAfterMs: Number });
  await first.join('lobby', 'Eve');
  const metrics = await server.metrics();
  const joins = ['ok', 'wrong_password', 'rate_limited'].map((result) =>
    metrics.sum('partyline_joins_total', { result }),
  );
  t.strictSame(joins, [1, 2, 1]);
  t.equal(metrics.sum('partyline_joins_total'), 4);
  const hits = (limit: string) => metrics.sum('partyline_limits_hit_total', { limit });
  t.equal(hits('connections_per_address'), 1);
  t.equal(hits('failed_joins_per_minute'), 1);
  t.equal(metrics.sum('partyline_limits_hit_total'), 2);
});

test('one address gets no more requests than allowed, except with the admin token', async (t) => {
  const token = 'an-admin-token-of-32-characters.';
  const limits = ['--max-requests-per-minute', '4', '--max-failed-joins-per-minute', '2', '--trust-proxy', '127.0.0.1'];
  const server = await startServer(['--admin-token', token, ...limits]);
  t.teardown(() => server.close());
  const ask = (path: string, from: string, authorization = '') =>
    fetch(server.url + path, { headers: { 'x-forwarded-for': from, ...(authorization !== '' && { authorization }) } });

  for (const path of ['/healthz', '/metrics', '/api/v1/openapi.json', '/nowhere'])
    t.not((await ask(path, '192.0.2.1')).status, 429, path);
  for (const path of ['/healthz', '/metrics', '/', '/nowhere']) {
    const refused = await ask(path, '192.0.2.1');
    t.equal(refused.status, 429, path);
    t.ok(Number(refused.headers.get('retry-after')) > 0);
  }
  for (const path of ['/api/v1/openapi.json', '/api/v1/server']) {
    const refused = await ask(path, '192.0.2.1');
    t.equal(refused.headers.get('content-type'), 'application/problem+json; charset=utf-8');
    t.ok(Number(refused.headers.get('retry-after')) > 0);
    t.match(await refused.json(), { status: 429, code: 'rate_limited' });
  }
  for (let i = 0; i < 5; i++) t.equal((await ask('/api/v1/server', '192.0.2.1', `Bearer ${token}`)).status, 200);
  t.equal((await ask('/healthz', '192.0.2.2')).status, 200, 'others are not affected');
  await SignalingClient.open(server.webSocketUrl, { 'x-forwarded-for': '192.0.2.1' }).then(({ socket }) =>
    socket.terminate(),
  );

  for (let i = 0; i < 5; i++) await ask('/api/v1/server', '192.0.2.3', 'Bearer wrong');
  const wrong = await ask('/api/v1/server', '192.0.2.3', 'Bearer wrong');
  t.equal(wrong.status, 429);
  t.ok(Number(wrong.headers.get('retry-after')) > 0);
  const right = await ask('/api/v1/server', '192.0.2.3', `Bearer ${token}`);
  t.equal(right.status, 200, 'guesses from the same address, perhaps behind a proxy, lock nobody out');
});

test('behind a trusted proxy, each client has its own limits', async (t) => {
  const server = await startServer(['--max-connections-per-address', '1', '--trust-proxy', '127.0.0.0/8']);
  t.teardown(() => server.close());
  for (const address of ['192.0.2.1', '192.0.2.2']) {
    const client = await SignalingClient.open(server.webSocketUrl, { 'x-forwarded-for': address });
    t.teardown(() => client.socket.terminate());
    const again = SignalingClient.open(server.webSocketUrl, { 'x-forwarded-for': `198.51.100.1, ${address}` });
    await t.rejects(again, { message: /503/ });
  }
});

test('a server with a name answers to no other name, and admits only pages of its own origin', async (t) => {
  const server = await startServer(['--allow-hosts', 'voice.example', '--max-joins-per-minute', '7']);
  t.teardown(() => server.close());
  const open = async (headers: Record<string, string>) => {
    const client = await SignalingClient.open(server.webSocketUrl, headers);
    client.socket.terminate();
  };
  const host = 'voice.example';
  await open({});
  await open({ host, origin: 'https://voice.example' });
  await t.rejects(open({ host: 'evil.example', origin: 'http://evil.example' }), { message: /421/ }, 'DNS rebinding');
  for (const origin of [
    ...['null', 'https://voice.example:444', 'https://voice.example.evil.example', 'x', 'file://'],
    ...['capacitor://voice.example', 'https://voice.example/', 'https://evil@voice.example'],
  ])
    await t.rejects(open({ host, origin }), { message: /403/ }, origin);
});

test('apps with their own scheme and all names below a domain are admitted if they are allowed', async (t) => {
  const allowed = ['capacitor://localhost', 'https://*.game.example', 'null'];
  const server = await startServer(['--allow-origins', allowed.join(',')]);
  t.teardown(() => server.close());
  for (const origin of ['capacitor://localhost', 'https://eu.game.example', 'null']) {
    const client = await SignalingClient.open(server.webSocketUrl, { origin });
    client.socket.terminate();
  }
  for (const origin of [
    'ionic://localhost',
    'https://game.example',
    'http://eu.game.example',
    'https://evilgame.example',
  ])
    await t.rejects(SignalingClient.open(server.webSocketUrl, { origin }), { message: /403/ }, origin);
});

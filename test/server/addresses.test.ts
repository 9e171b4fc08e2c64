import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { test } from 'tap';
import { createLogger } from '../../src/lib/log.ts';
import { ApiClient } from '../helpers/api-client.ts';
import { eventually } from '../helpers/eventually.ts';
import { ownProblems } from '../helpers/own-problems.ts';
import { startServer } from '../helpers/running-server.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';

const TOKEN = 'an-admin-token-for-tests';
const FILTER = new URL('../../deploy/fail2ban/partyline.conf', import.meta.url);
const FLAGS = [
  '--join-timeout-ms',
  '120000',
  '--admin-token',
  TOKEN,
  '--room-passwords',
  'vault=sesame',
  '--trust-proxy',
  '127.0.0.1',
];
const ADDRESSES = ['203.0.113.9', '2001:db8:1:2::9'];

async function setUp(flags: readonly string[] = []) {
  const lines: string[] = [];
  const log = createLogger({ level: 'info', format: 'json', out: { write: (line) => lines.push(line.trimEnd()) } });
  const server = await startServer([...FLAGS, ...flags], { log });
  const open = (address: string) => SignalingClient.open(server.webSocketUrl, { 'X-Forwarded-For': address });
  return { lines, server, open, api: new ApiClient(server.url, TOKEN) };
}

/** The regular expression of the fail2ban filter, in JavaScript syntax. */
function failRegex(): RegExp {
  const [, pattern = ''] = /^failregex = (.*)$/m.exec(readFileSync(FILTER, 'utf8')) ?? [];
  return new RegExp(pattern.replace('<HOST>', '(?<host>[\\d.]+|[\\da-fA-F:]+)'));
}

test('the operator sees the addresses of participants, and nobody else does', async (t) => {
  const { server, open, lines, api } = await setUp();
  t.teardown(() => server.close());
  const told: string[] = [];
  for (const [index, address] of ADDRESSES.entries()) {
    const client = await open(address);
    t.teardown(() => client.socket.terminate());
    client.socket.on('message', (data) => told.push(String(data)));
    await client.join('lobby', `Ada ${index}`);
  }
  const { body } = await api.get('/rooms/lobby/participants');
  t.match(body, { participants: ADDRESSES.map((address, index) => ({ name: `Ada ${index}`, address })) }, 'in the API');
  const joins = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'participant joined');
  t.match(
    joins,
    ADDRESSES.map((address) => ({ address })),
    'in the log',
  );
  await eventually(() => told.some((text) => text.includes('participant_joined')));
  for (const address of ADDRESSES) t.notMatch(told.join('\n'), address, 'not on the WebSocket');
});

test('fail2ban finds clients that guess passwords and tokens, and nobody can get another address banned', async (t) => {
  const { server, open, lines } = await setUp();
  t.teardown(() => server.close());
  const pattern = failRegex();
  const found = () => lines.flatMap((line) => pattern.exec(line)?.groups?.['host'] ?? []);
  const [guesser = '', other = ''] = ADDRESSES;
  const client = await open(guesser);
  t.teardown(() => client.socket.terminate());
  const attempts: readonly (readonly [join: object, code: string])[] = [
    [{ password: 'wrong' }, 'wrong_password'],
    [{ token: 'wrong' }, 'token_invalid'],
  ];
  for (const [proof, code] of attempts) {
    client.send({ type: 'join', room: 'vault', name: 'Mallory', ...proof } as never);
    t.match(await client.next('error'), { code });
  }
  t.strictSame(found(), [guesser, guesser]);
  const api = new ApiClient(server.url, 'a-wrong-admin-token');
  await api.get('/server', { headers: { 'X-Forwarded-For': other } });
  t.strictSame(found(), [guesser, guesser, other], 'a whole IPv6 address');

  const forged = `x","address":"198.51.100.1","room":"x","msg":"join refused"}`;
  const line = `{"level":"warn","time":"2026-01-01T00:00:00.000Z","address":"198.51.100.1","msg":"join refused"}`;
  for (const name of [forged, line, `\n${line}`]) {
    client.send({ type: 'join', room: 'vault', name, password: 'wrong' } as never);
    client.send({ type: 'join', room: name, name: 'Mallory', token: name } as never);
  }
  client.send({ type: 'leave' } as never);
  client.send({ type: 'join', room: 'lobby', name: 'Mallory' });
  await client.skipTo('joined');
  t.notOk(found().includes('198.51.100.1'));
});

test('with show-addresses off, no address is in the log or in the API', async (t) => {
  const { server, open, lines, api } = await setUp(['--show-addresses', 'off']);
  t.teardown(() => server.close());
  const client = await open(ADDRESSES[0]!);
  t.teardown(() => client.socket.terminate());
  client.send({ type: 'join', room: 'vault', name: 'Ada', password: 'wrong' });
  await client.next('error');
  await client.join('lobby', 'Ada');
  await new ApiClient(server.url, 'a-wrong-admin-token').get('/server');
  await api.post('/rooms', { name: 'stage' });
  t.match(await api.get('/rooms/lobby/participants'), { body: { participants: [{ name: 'Ada', address: null }] } });
  t.match(lines.join('\n'), /join refused/);
  t.notMatch(lines.join('\n'), ADDRESSES[0]!);
  t.notMatch(lines.join('\n'), /"address":"/);
});

/** Requests a page as a reverse proxy might; `fetch` sets Host by itself. */
function ask(url: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.on('error', reject).end();
  });
}

test('a proxy that changes Host or is not trusted is reported in the log, but not repeatedly', async (t) => {
  const lines: { level: string; msg: string; [field: string]: unknown }[] = [];
  const out = { write: (line: string) => lines.push(JSON.parse(line)) };
  const log = createLogger({ level: 'info', format: 'json', out });
  const server = await startServer(['--allow-hosts', 'voice.example.org'], { log });
  t.teardown(() => server.close());
  const warnings = (pattern: RegExp) => lines.filter(({ level, msg }) => level === 'warn' && pattern.test(msg));
  const origin = 'https://voice.example.org';

  for (let i = 0; i < 3; i++)
    await t.rejects(SignalingClient.open(server.webSocketUrl, { Origin: origin, Host: '127.0.0.1:8080' }), {
      message: /403/,
    });
  t.match(warnings(/another origin/), [
    { origin, host: '127.0.0.1:8080', expected: ['https://127.0.0.1:8080', 'http://127.0.0.1:8080'] },
  ]);
  t.equal(warnings(/another origin/).length, 1);
  t.match(
    warnings(/another origin/)[0]?.msg,
    /let the reverse proxy pass the Host .* or add the origin to allow-origins/,
  );

  for (let i = 0; i < 3; i++) t.equal(await ask(server.url, { Host: 'other.example.org' }), 421);
  await t.rejects(SignalingClient.open(server.webSocketUrl, { Host: 'other.example.org' }), { message: /421/ });
  t.match(warnings(/allow-hosts/), [{ host: 'other.example.org', expected: ['voice.example.org'] }]);
  t.equal(warnings(/allow-hosts/).length, 1);

  const health = async () =>
    (await (await fetch(`${server.url}/healthz`)).json()) as { status: string; problems: { code: string }[] };
  t.strictSame(ownProblems((await health()).problems), []);
  for (const name of ['X-Forwarded-For', 'Forwarded', 'X-Real-IP']) await ask(server.url, { [name]: '203.0.113.9' });
  t.match(warnings(/trust-proxy/), [{ proxy: '127.0.0.1' }]);
  t.equal(warnings(/trust-proxy/).length, 1);
  const { status, problems } = await health();
  t.equal(status, 'ok');
  t.match(ownProblems(problems), [{ code: 'proxy_not_trusted', message: /--trust-proxy/ }]);

  for (let i = 0; i < 50; i++) await ask(server.url, { Host: `junk${i}.example.org` });
  t.ok(warnings(/./).length <= 6, 'nobody can fill the log with it');
});

test('a trusted proxy causes no warning', async (t) => {
  const lines: { level: string }[] = [];
  const log = createLogger({ level: 'warn', format: 'json', out: { write: (line) => lines.push(JSON.parse(line)) } });
  const server = await startServer(['--trust-proxy', '127.0.0.1'], { log });
  t.teardown(() => server.close());
  await ask(server.url, { 'X-Forwarded-For': '203.0.113.9' });
  t.strictSame(lines, []);
});

import { readFileSync } from 'node:fs';
import { type Test, test } from 'tap';
import { ConfigError } from '../../src/config/config.ts';
import { ADMIN_COMMANDS, adminCommand } from '../../src/main/admin-commands.ts';
import { healthcheckCommand } from '../../src/main/healthcheck.ts';
import { tokenCommand } from '../../src/main/token.ts';
import { ApiClient } from '../helpers/api-client.ts';
import { startServer } from '../helpers/running-server.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';

const TOKEN = 'an-admin-token-of-32-characters.';
const SECRET = 'a secret that is long enough to sign with';
const machine = { cores: 1, ipv6: false, dataDir: '' };

async function setUp(t: Test, flags: readonly string[] = []) {
  const all = ['--admin-token', TOKEN, '--token-secret', SECRET, ...flags];
  const server = await startServer(all, { logLevel: 'fatal' });
  let isOpen = true;
  const close = async () => {
    if (isOpen) await server.close();
    isOpen = false;
  };
  t.teardown(close);
  const run = (name: string, ...argv: string[]) =>
    adminCommand(name, { argv: [...argv, '--url', server.url, '--admin-token', TOKEN], env: {}, machine });
  const api = new ApiClient(server.url, TOKEN);
  const join = async (room: string, name: string, identity?: string) => {
    const client = await SignalingClient.open(server.webSocketUrl);
    t.teardown(() => client.socket.terminate());
    const token = identity && (await api.post('/tokens', { room, identity })).body.token;
    client.send({ type: 'join', room, name, ...(token && { token }) });
    return client;
  };
  return { server, close, run, api, join };
}

async function problemsOf(running: Promise<unknown>): Promise<readonly string[]> {
  try {
    return [`done: ${JSON.stringify(await running)}`];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

test('rooms and people are listed, whatever they are called', async (t) => {
  const { run, api, join } = await setUp(t);
  t.equal((await run('rooms')).text, 'ROOM  PEOPLE  TALKING  LISTENERS\n');
  await api.post('/rooms', { name: 'Lobby', locked: false, password: 'x' });
  await api.post('/rooms', { name: 'Den', locked: true });
  await (await join('lobby', 'Ada\u001b', 'user-7')).next('error');
  await (await join('lobby', 'Ada', 'user-7')).next('joined');
  await (await join('open', 'Ben')).next('joined');
  t.strictSame(await run('rooms'), {
    text: [
      'ROOM   PEOPLE  TALKING  LISTENERS\n',
      'Lobby  1       0        0          permanent password\n',
      'Den    0       0        0          permanent locked\n',
      'open   1       0        0\n',
    ].join(''),
    exitCode: 0,
  });
  const { text } = await run('people');
  t.match(text, /^ROOM +NAME +IDENTITY +ADDRESS +ID\nLobby +Ada +user-7 +127\.0\.0\.1 +[\w-]+\nopen +Ben +127/);
  t.notMatch((await run('people', '--room', 'open')).text, 'Ada');
  t.strictSame(await run('people', '--room', 'nowhere'), {
    text: 'partyline: Room not found.\n',
    exitCode: 1,
  });
});

test('people are removed and banned, also those who are not there, and bans are listed and lifted', async (t) => {
  const { run, join } = await setUp(t);
  const ada = await join('lobby', 'Ada', 'user-7');
  await ada.next('joined');
  t.match(await run('kick', '--room', 'lobby', '--participant', 'nobody'), {
    text: /nobody in this room/,
    exitCode: 1,
  });
  t.match(await run('kick', '--room', 'lobby', '--participant', 'user-7'), { text: 'Ada was removed.\n', exitCode: 0 });
  t.match(await ada.closed, { code: 4003 });
  await (await join('lobby', 'Ada', 'user-7')).next('joined');
  t.match(await run('kick', '--room', 'lobby', '--participant', 'Ada', '--for', '1h'), { text: /removed and banned/ });
  t.match(await (await join('lobby', 'Ada', 'user-7')).next('error'), { code: 'kicked' });
  await (await join('lobby', 'Ben')).next('joined');
  const guest = await run('kick', '--room', 'lobby', '--participant', 'Ben', '--for', '1h');
  t.equal(guest.text, 'Ben was removed. They have no identity that could be banned.\n');

  t.match(await run('ban', '--identity', 'user-8', '--room', 'Den', '--for', '7d', '--reason', 'shouts'), {
    text: /^user-8 is banned from den until 20.* \(ban [\w-]+\); removed: 0\n$/,
  });
  t.match(await run('ban', '--address', '192.0.2.9/24'), { text: /^192\.0\.2\.0\/24 is banned without an end/ });
  t.match(await run('ban', '--address', '10.0.0.0/7'), { text: /too large/, exitCode: 1 });
  await (await join('lobby', 'Cy')).next('joined');
  t.match(await run('ban', '--room', 'lobby', '--participant', 'Cy', '--for', '30m'), {
    text: /^127\.0\.0\.1 is banned until .*; removed: 1\n$/,
  });
  const { text } = await run('bans');
  const lines = text.trim().split('\n').slice(1);
  t.match(lines, [
    /^\S+ +user-7 +lobby +20\S+ +\(operator\) +Ada$/,
    /^\S+ +user-8 +den +20\S+ +\(operator\) +shouts$/,
    /^\S+ +192\.0\.2\.0\/24 +\(all\) +\(no end\) +\(operator\)$/,
    /^\S+ +127\.0\.0\.1 +\(all\) +20\S+ +\(operator\) +Cy$/,
  ]);
  const [id = ''] = lines[3]?.split(' ') ?? [];
  t.match(await run('unban', '--ban', id), { text: 'The ban is lifted.\n', exitCode: 0 });
  t.match(await run('unban', '--ban', id), { text: /not banned/, exitCode: 1 });
  await (await join('lobby', 'Cy')).next('joined');
});

test('a server is drained and takes people again, and healthcheck tells', async (t) => {
  const { run, api, server, close, join } = await setUp(t);
  await (await join('lobby', 'Ada')).next('joined');
  const check = (...argv: string[]) => healthcheckCommand({ argv: [...argv, '--url', server.url], env: {}, machine });
  const ready = async () => {
    const response = await fetch(`${server.url}/readyz`);
    return [response.status, await response.json()];
  };
  t.strictSame(await check('--ready'), { text: 'ok\n', exitCode: 0 });
  t.strictSame(await ready(), [200, { ready: true, status: 'ok' }]);
  t.match(await run('drain', '--deadline', '1h'), { text: /^Nobody new is admitted\..* at 20\S+ at the latest\.\n$/ });
  t.match((await api.get('/server')).body, { draining: { deadline: /^20/ } });
  t.strictSame(await check(), { text: 'ok\n', exitCode: 0 });
  t.match(await check('--ready'), { text: /HTTP status 503/, exitCode: 1 });
  t.strictSame(await ready(), [503, { ready: false, status: 'draining' }]);
  t.match(await run('drain', '--cancel'), { text: 'New people are admitted again.\n' });
  t.match(await run('drain'), { text: 'Nobody new is admitted. The server ends when everyone has left.\n' });
  await run('drain', '--cancel');
  await close();
  t.match(await check(), { text: /cannot be reached/, exitCode: 1 });
  t.match(await run('rooms'), { text: /cannot be reached/, exitCode: 1 });
});

test('what is wrong with a command is told before anything is asked', async (t) => {
  const { run, server } = await setUp(t);
  const table: readonly (readonly [string, string[], RegExp])[] = [
    ['kick', ['--room', 'lobby'], /kick requires --participant/],
    ['kick', ['--participant', 'Ada'], /kick requires --room/],
    ['kick', ['--room', 'a', '--participant', 'b', '--for', 'ever'], /--for cannot be "ever"/],
    ['ban', [], /ban requires one of/],
    ['ban', ['--identity', 'a', '--address', '192.0.2.7'], /ban requires one of/],
    ['ban', ['--participant', 'a'], /ban requires --room/],
    ['unban', [], /unban requires --ban/],
    ['drain', ['--deadline', '5'], /--deadline cannot be "5"/],
    ['rooms', ['--max-room', '5'], /did you mean --max-rooms/],
  ];
  for (const [name, argv, says] of table) t.match(await problemsOf(run(name, ...argv)), [says], `${name} ${argv}`);
  const bare = (...argv: string[]) => problemsOf(adminCommand('rooms', { argv, env: {}, machine }));
  t.match(await bare('--url', server.url), [/rooms requires --admin-token-file/]);
  t.match(await bare('--url', 'nonsense', '--admin-token', TOKEN), [/--url must be a URL/]);
  for (const name of ADMIN_COMMANDS) {
    const { text, exitCode } = await adminCommand(name, { argv: ['--help'], env: {}, machine });
    t.ok(text.includes(`Usage: partyline ${name}`), name);
    for (const line of text.split('\n')) t.ok(line.length <= 100, line);
    t.equal(exitCode, 0);
  }
  const wrong = await adminCommand('rooms', {
    argv: ['--url', server.url, '--admin-token', `${TOKEN}x`],
    env: {},
    machine,
  });
  t.match(wrong, { text: /admin token is wrong/, exitCode: 1 });
});

test('a token can be printed as a link', async (t) => {
  const link = (...argv: string[]) =>
    tokenCommand(
      { argv: ['--room', 'Den of Ada', '--identity', 'u', '--token-secret', SECRET, ...argv], env: {}, machine },
      0,
    );
  const [, token] = /#token=(.*)\n$/.exec(await link('--link')) ?? [];
  t.equal(await link('--link'), `http://127.0.0.1:8080/room/den-of-ada#token=${token}\n`);
  t.equal(
    await link('--link', '--url', 'https://voice.example.org/'),
    `https://voice.example.org/room/den-of-ada#token=${token}\n`,
  );
  t.equal(await link(), `${token}\n`);
  t.match(await problemsOf(link('--link', '--url', 'voice.example.org')), [/--url must be a URL/]);
});

test('the help of the executable and the documents name every command', (t) => {
  const help = readFileSync('src/config/help.ts', 'utf8');
  const documents = readFileSync('docs/operations.md', 'utf8');
  for (const name of [...ADMIN_COMMANDS, 'healthcheck']) {
    t.match(help, new RegExp(`\\b${name}\\b`));
    t.match(documents, new RegExp(`partyline ${name}\\b`));
  }
  t.end();
});

test('whoever takes the id of somebody else as a name does not protect them', async (t) => {
  const { run, join, api } = await setUp(t);
  const first = await join('lobby', 'Mallory');
  const { participantId: id } = await first.next('joined');
  await (await join('lobby', id)).next('joined');
  t.match(await run('kick', '--room', 'lobby', '--participant', id), { text: 'Mallory was removed.\n', exitCode: 0 });
  const left = (await api.get('/rooms/lobby/participants')).body.participants;
  t.match(left, [{ name: id }]);
  t.equal(left.length, 1);
});

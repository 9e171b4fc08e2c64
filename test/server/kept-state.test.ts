import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { ApiClient } from '../helpers/api-client.ts';
import { startServer } from '../helpers/running-server.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';

const TOKEN = 'an-admin-token-of-32-characters.';
const SECRET = 'a secret that is long enough to sign with';

function starter(t: Test, flags: readonly string[] = []) {
  const dataDir = t.testdir();
  const file = join(dataDir, 'state.json');
  const all = ['--admin-token', TOKEN, '--token-secret', SECRET, '--data-dir', dataDir, '--keep-state', 'on', ...flags];
  const start = async (more: readonly string[] = []) => {
    const server = await startServer([...all, ...more], { logLevel: 'fatal' });
    const api = new ApiClient(server.url, TOKEN);
    const join = async (room: string, name: string, credentials: object = {}) => {
      const client = await SignalingClient.open(server.webSocketUrl);
      t.teardown(() => client.socket.terminate());
      client.send({ type: 'join', room, name, ...credentials });
      return client;
    };
    const tokenFor = async (room: string, identity: string, more: object = {}): Promise<string> =>
      (await api.post('/tokens', { room, identity, ...more })).body.token;
    return { server, api, join, tokenFor };
  };
  return { start, file, flags: all };
}

test('rooms, their settings and what moderators have decided there are back after a restart', async (t) => {
  const { start, file } = starter(t);
  const first = await start();
  const settings = { maxTalkers: 3, teams: ['red', 'blue'], links: ['Den'], description: 'Welcome' };
  await first.api.post('/rooms', { name: 'Lobby', locked: true, ...settings });
  await first.api.post('/rooms', { name: 'Den', password: 'open sesame' });
  await first.api.post('/rooms', { name: 'Gone' });
  await first.api.patch('/rooms/den', { maxParticipants: 7 });
  await first.api.delete('/rooms/gone');
  const mod = await first.join('den', 'Mod', { token: await first.tokenFor('den', 'mod', { mayModerate: true }) });
  await mod.next('joined');
  const ada = await first.join('den', 'Ada', { token: await first.tokenFor('den', 'ada') });
  const { participantId } = await ada.next('joined');
  mod.send({ type: 'mute_participant', participantId, muted: true });
  mod.send({ type: 'mute_chat', participantId, muted: true });
  mod.send({ type: 'slow_mode', seconds: 30 });
  await mod.settled();
  await first.join('guests', 'Ben').then((ben) => ben.next('joined'));
  await first.server.close();
  t.notMatch(readFileSync(file, 'utf8'), /sesame/, 'no password is kept in plain text');

  const second = await start();
  t.teardown(() => second.server.close());
  const { rooms } = (await second.api.get('/rooms')).body;
  t.match(rooms, [
    { name: 'Lobby', permanent: true, locked: true, hasPassword: false, ...settings, links: ['den'] },
    { name: 'Den', permanent: true, locked: false, hasPassword: true, maxParticipants: 7, slowModeSeconds: 30 },
  ]);
  t.equal(rooms.length, 2);
  t.match(await (await second.join('den', 'Ben', { password: 'wrong' })).next('error'), { code: 'wrong_password' });
  await (await second.join('den', 'Ben', { password: 'open sesame' })).next('joined');
  const back = await second.join('den', 'Ada', { token: await second.tokenFor('den', 'ada') });
  t.match(await back.next('joined'), { participants: [{ name: 'Ben' }, { name: 'Ada', mutedByModerator: true }] });
  t.match((await second.api.get('/rooms/den/participants?identity=ada')).body, { participants: [{ mayChat: false }] });
});

test('bans hold after a restart, by identity, address and network', async (t) => {
  const { start } = starter(t, ['--trust-proxy', '127.0.0.1']);
  const first = await start();
  await first.api.post('/bans', { room: 'Lobby', identity: 'ada', reason: 'shouted', seconds: 3600 });
  await first.api.post('/bans', { identity: 'eve' });
  const { id } = (await first.api.post('/bans', { address: '127.0.0.0/8', name: 'somebody' })).body;
  t.match(await (await first.join('lobby', 'Ben')).next('error'), { code: 'kicked' });
  await first.server.close();
  const second = await start();
  t.teardown(() => second.server.close());
  t.match((await second.api.get('/bans')).body, {
    total: 3,
    bans: [
      { room: 'lobby', identity: 'ada', address: null, reason: 'shouted', by: null },
      { room: null, identity: 'eve', until: null },
      { id, room: null, identity: null, address: '127.0.0.0/8', name: 'somebody', until: null },
    ],
  });
  const refused = await (await second.join('lobby', 'Ben')).next('error');
  t.equal(refused.code, 'kicked');
  t.equal(refused.retryAfterMs, undefined);
  await second.api.delete(`/bans/${id}`);
  await (await second.join('lobby', 'Ben')).next('joined');
  for (const [room, identity, out] of [
    ['lobby', 'ada', true],
    ['den', 'ada', false],
    ['den', 'eve', true],
    ['den', 'zoe', false],
  ] as const) {
    const client = await second.join(room, 'Name', { token: await second.tokenFor(room, identity) });
    const { type } = await client.next(out ? 'error' : 'joined');
    t.ok(type, `${identity} in ${room}`);
  }
});

test('rooms of the settings keep what was changed, and do not become others', async (t) => {
  const { start } = starter(t);
  const flags = ['--kept-rooms', 'Lobby=Everyone,Den'];
  const first = await start(flags);
  await first.api.patch('/rooms/lobby', { locked: true, description: 'changed' });
  await first.api.patch('/rooms/den', { description: 'changed', maxTalkers: 2 });
  await first.server.close();
  const second = await start(flags);
  t.match((await second.api.get('/rooms')).body.rooms, [
    { name: 'Lobby', locked: true, description: 'Everyone', order: 0 },
    { name: 'Den', locked: false, description: 'changed', order: 1, maxTalkers: 2 },
  ]);
  await second.server.close();
  await t.rejects(start([...flags, '--max-rooms', '1']), { message: /max-rooms/ });
});

test('a kept room that cannot be opened, and a damaged file, keep the server from starting', async (t) => {
  const { start, file } = starter(t);
  const first = await start();
  await first.api.post('/rooms', { name: 'Lobby', password: 'sesame' });
  await first.api.post('/rooms', { name: 'Den' });
  await first.server.close();
  const good = readFileSync(file, 'utf8');
  const table: readonly [string, RegExp][] = [
    [good.replace('"name": "Lobby"', '"name": "Den"'), /"Den".* it is not the name of this room/],
    [good.replace('scrypt:15', 'scrypt:99'), /"Lobby".* its password is damaged/],
    [good.replace('"settings": {', '"settings": {"links": ["a!b"]'), /cannot be opened: .*links/],
    [good.slice(0, 100), /state\.json.* it is not JSON/],
  ];
  for (const [text, message] of table) {
    writeFileSync(file, text);
    await t.rejects(start(), { message, isSettingsError: true });
  }
  writeFileSync(file, good);
  await t.rejects(start(['--max-rooms', '1']), { message: /max-rooms is 1, but there are 2 rooms/ });
});

test('what the API has confirmed survives the death of the process', async (t) => {
  const { flags } = starter(t);
  for (const round of [1, 2, 3]) {
    const server = await startServerProcess(BUILT_SERVER, flags);
    const api = new ApiClient(server.url.replace(/\/$/, ''), TOKEN);
    t.equal((await api.get('/bans')).body.total, round - 1);
    t.equal((await api.post('/bans', { identity: `user-${round}` })).status, 201);
    await server.kill();
  }
});

test('nothing is kept unless that is asked for, and what cannot be written is reported', async (t) => {
  const { start, file } = starter(t);
  const off = await start(['--keep-state', 'off']);
  await off.api.post('/rooms', { name: 'Lobby' });
  await off.server.close();
  t.throws(() => readFileSync(file), { code: 'ENOENT' });
  const on = await start();
  t.teardown(() => on.server.close());
  await on.api.post('/rooms', { name: 'Lobby' });
  writeFileSync(file, '{}');
  t.equal((await on.api.post('/rooms', { name: 'Den' })).status, 201);
  t.match((await on.api.get('/server')).body, { status: 'ok', problems: [{ code: 'state_not_saved' }] });
});

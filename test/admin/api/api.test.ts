import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { type Test, test } from 'tap';
import { OPERATION_LIST, type OperationId } from '../../../src/protocol/api/operations.ts';
import { ApiClient } from '../../helpers/api-client.ts';
import { eventually } from '../../helpers/eventually.ts';
import { createPrng } from '../../helpers/prng.ts';
import { startServer } from '../../helpers/running-server.ts';
import { SignalingClient } from '../../helpers/signaling-client.ts';
import { oggOf, tonePackets } from '../../helpers/sound-file.ts';
import { sdpOffer } from '../../rtc/sdp/offers.ts';

const TOKEN = 'an-admin-token-of-32-characters.';
const SECRET = 'a secret that is long enough to sign with';

async function setUp(t: Test, flags: readonly string[] = [], options = {}) {
  const server = await startServer(['--admin-token', TOKEN, ...flags], { logLevel: 'error', ...options });
  t.teardown(() => server.close());
  const join = async (room: string, name: string, more: { token?: string; password?: string; data?: boolean } = {}) => {
    const client = await SignalingClient.open(server.webSocketUrl);
    t.teardown(() => client.socket.terminate());
    client.send({ type: 'join', room, name, ...more });
    return client;
  };
  return { server, api: new ApiClient(server.url, TOKEN), join };
}

test('every operation in the document', async (t) => {
  const sounds = t.testdir();
  await writeFile(`${sounds}/gong.opus`, oggOf(tonePackets(700, 500)));
  const { server, api, join } = await setUp(t, ['--token-secret', SECRET, '--whep', 'on', '--player-dir', sounds]);

  t.equal((await api.get('/server')).body.status, 'ok');
  t.match((await api.get('/rooms')).body, { rooms: [], total: 0 });

  await t.test('opens a room with settings that stays open while it is empty', async (t) => {
    const made = await api.post('/rooms', { name: 'raid', maxParticipants: 2, maxTalkers: 3, levelling: false });
    t.match(made.body, {
      name: 'raid',
      permanent: true,
      locked: false,
      hasPassword: false,
      maxParticipants: 2,
      maxTalkers: 3,
      levelling: false,
      participants: 0,
    });
    t.match(await api.post('/rooms', { name: 'raid' }), { status: 409, body: { code: 'room_exists' } });
    t.match(await api.post('/rooms', { name: 'a!b' }), { status: 400, body: { code: 'invalid_room' } });
    await api.post('/rooms', { name: 'Games/Chess' });
    t.match((await api.get('/rooms/games%2Fchess')).body, { name: 'Games/Chess' }, 'a slash is written as %2F');
    t.equal((await api.delete('/rooms/Games%2FChess')).status, 204);
    const ada = await join('raid', 'Ada');
    await ada.next('joined');
    t.match((await api.get('/rooms/raid')).body, { participants: 1 });
    ada.send({ type: 'leave' });
    await ada.settled();
    t.match((await api.get('/rooms/raid')).body, { participants: 0, permanent: true });
  });

  await t.test('changes the settings of an open room', async (t) => {
    t.match((await api.patch('/rooms/raid', { locked: true, maxParticipants: 1, password: 'sesame' })).body, {
      locked: true,
      maxParticipants: 1,
      hasPassword: true,
      maxTalkers: 3,
    });
    t.match(await (await join('raid', 'Ada')).next('error'), { code: 'password_required' });
    t.match(await (await join('raid', 'Ada', { password: 'sesame' })).next('error'), { code: 'room_locked' });
    t.match((await api.patch('/rooms/raid', { locked: false, password: null })).body, { hasPassword: false });
    await (await join('raid', 'Ada')).next('joined');
    t.match((await api.get('/rooms/raid')).body, { description: '', order: 0, listed: true });
    const listed = { description: 'Be quick', order: 3, listed: false };
    t.match((await api.patch('/rooms/raid', listed)).body, listed);
    const long = { description: 'x'.repeat(201) };
    t.match(await api.patch('/rooms/raid', long), { status: 400, body: { code: 'invalid_request' } });
    t.match(await (await join('raid', 'Ben')).next('error'), { code: 'room_full' });
    t.match(await api.patch('/rooms/raid', { password: 'scrypt:1:2:3:x:y' }), { body: { code: 'invalid_request' } });
    t.match(await api.patch('/rooms/nowhere', {}), { status: 404, body: { code: 'unknown_room' } });
  });

  await t.test('plays a sound to a room until it is stopped', async (t) => {
    await api.post('/rooms', { name: 'hall' });
    t.match((await api.get('/sounds')).body, { sounds: ['gong.opus'], total: 1 });
    const started = await api.post('/rooms/hall/players', { file: 'gong.opus', duckDb: 6 });
    t.match(started, { status: 201, body: { file: 'gong.opus', room: 'hall', loop: false, gainDb: 0, duckDb: 6 } });
    t.match((await api.get('/rooms/hall/players')).body, { players: [{ id: started.body.id }], total: 1 });
    const path = `/rooms/hall/players/${started.body.id}`;
    t.equal((await api.delete(path)).status, 204);
    t.match(await api.delete(path), { status: 404, body: { code: 'unknown_player' } });
    t.match(await api.post('/rooms/hall/players', { file: '../gong.opus' }), { body: { code: 'unknown_sound' } });
    t.match(await api.post('/rooms/hall/players', { file: 'gong.opus', gainDb: 21 }), { status: 400 });
    t.equal((await api.delete('/rooms/hall')).status, 204);
  });

  await t.test('closes a room, and tells the people in it', async (t) => {
    const ada = await join('tower', 'Ada');
    await ada.next('joined');
    t.equal((await api.delete('/rooms/tower')).status, 204);
    t.match(await ada.next('error'), { code: 'room_closed' });
    t.match(await ada.closed, { code: 4004 });
    t.equal((await api.get('/rooms/tower')).status, 404);
    t.equal((await api.delete('/rooms/raid')).status, 204, 'one that would have stayed');
    t.equal((await api.get('/rooms')).body.total, 0);
  });

  await t.test('makes control tokens, which admit nobody', async (t) => {
    const { body } = await api.post('/control-tokens', { room: 'lobby', expiresInSeconds: 60 });
    t.same(JSON.parse(Buffer.from(body.token.split('.')[1], 'base64url').toString()).voice, {
      room: 'lobby',
      roomControl: true,
    });
    t.match(await api.post('/control-tokens', { room: 'no room!' }), { status: 400, body: { code: 'invalid_room' } });
  });

  await t.test('makes join tokens that open the room', async (t) => {
    const made = await api.post('/tokens', { room: 'lobby', identity: 'u1', name: 'Ada', mayModerate: true });
    t.ok(Date.parse(made.body.expiresAt) > Date.now() + 3_500_000);
    t.equal(made.body.path, `/room/lobby#token=${made.body.token}`);
    const ada = await join('lobby', 'x', { token: made.body.token });
    t.match(await ada.next('joined'), { participants: [{ identity: 'u1', name: 'Ada', mayModerate: true }] });
    t.match((await api.get('/rooms/lobby/participants?identity=u1')).body, { total: 1 });
    t.match((await api.get('/rooms/lobby/participants?identity=u2')).body, { total: 0, participants: [] });
  });

  await t.test('mutes, unmutes and removes', async (t) => {
    const { body } = await api.post('/tokens', { room: 'lobby', identity: 'u2' });
    const ben = await join('lobby', 'Ben', { token: body.token });
    const { participantId } = await ben.next('joined');
    const path = `/rooms/lobby/participants/${participantId}`;
    t.match((await api.get(path)).body, { id: participantId, room: 'lobby', identity: 'u2', muted: false });
    t.match((await api.post(`${path}/mute`)).body, { muted: true, mutedByModerator: true });
    ben.send({ type: 'mute', muted: false });
    t.match(await ben.skipTo('error'), { code: 'not_allowed' });
    t.match((await api.post(`${path}/unmute`)).body, { muted: true, mutedByModerator: false });
    t.same((await api.post(`${path}/kick`, { banSeconds: 60 })).body, { banned: true });
    t.match(await ben.closed, { code: 4003 });
    t.match(await (await join('lobby', 'Ben', { token: body.token })).next('error'), { code: 'kicked' });
    t.match(await api.post(`${path}/kick`), { status: 404, body: { code: 'unknown_participant' } });
    const { bans, total } = (await api.get('/rooms/lobby/bans')).body;
    t.match(bans, [{ identity: 'u2', name: 'Ben', by: null }]);
    t.equal(total, 1);
    t.equal(Date.parse(bans[0].until) - Date.parse(bans[0].since), 60_000);
    t.same((await api.get('/rooms/annex/bans')).body, { bans: [], total: 0 }, 'also for a room that is not open');
    t.match(await api.get('/rooms/a!b/bans'), { status: 400, body: { code: 'invalid_room' } });
    t.equal((await api.request('DELETE', '/rooms/lobby/bans/u2')).status, 204);
    t.match(await api.request('DELETE', '/rooms/lobby/bans/u2'), { status: 404, body: { code: 'unknown_ban' } });
    const back = await join('lobby', 'Ben', { token: body.token });
    const { participantId: again } = await back.next('joined');
    await api.post(`/rooms/lobby/participants/${again}/kick`);
    const guest = await join('lobby', 'Guest');
    const id = (await guest.next('joined')).participantId;
    t.same((await api.post(`/rooms/lobby/participants/${id}/kick`, { banSeconds: 60 })).body, { banned: false });
  });

  await t.test('bans people who are here or elsewhere, and lifts any ban', async (t) => {
    const token = async (identity: string): Promise<string> =>
      (await api.post('/tokens', { room: 'lobby', identity })).body.token;
    const ben = await join('lobby', 'Ben', { token: await token('u9') });
    await ben.next('joined');
    const made = await api.post('/bans', { identity: 'u9', room: 'Lobby', name: 'Ben', reason: 'shouted' });
    t.match(made.body, { room: 'lobby', identity: 'u9', name: 'Ben', reason: 'shouted', until: null, removed: 1 });
    t.match(await ben.closed, { code: 4003 });
    t.match(await (await join('lobby', 'Ben', { token: await token('u9') })).next('error'), { code: 'kicked' });
    t.match((await api.get('/rooms/lobby/bans')).body, { bans: [{ id: made.body.id, identity: 'u9' }], total: 1 });

    const cy = await join('raid', 'Cy');
    await cy.next('joined');
    const range = await api.post('/bans', { address: '127.0.0.1/8', seconds: 60 });
    t.match(range.body, { address: '127.0.0.0/8', room: null });
    t.ok(range.body.removed >= 1, 'everybody in this test');
    t.equal(Date.parse(range.body.until) - Date.parse(range.body.since), 60_000);
    t.match(await cy.closed, { code: 4003 });
    t.match((await api.get('/bans?limit=1&offset=1')).body, { bans: [{ id: range.body.id }], total: 2 });
    for (const { id } of [made.body, range.body]) t.equal((await api.delete(`/bans/${id}`)).status, 204);
    t.match(await api.delete(`/bans/${range.body.id}`), { status: 404, body: { code: 'unknown_ban' } });
    for (const wrong of [{}, { identity: 'a', address: '192.0.2.7' }, { address: '10.0.0.0/7' }, { identity: '' }])
      t.match(await api.post('/bans', wrong), { status: 400, body: { code: 'invalid_request' } });
    t.match(await api.post('/bans', { identity: 'a', room: 'a!b' }), { status: 400, body: { code: 'invalid_room' } });
    t.same((await api.get('/bans')).body, { bans: [], total: 0 });
    await (await join('lobby', 'Ada')).next('joined');
  });

  await t.test('creates channels, replaces and deletes them', async (t) => {
    await api.post('/rooms', { name: 'raid' });
    const path = '/rooms/raid/channels';
    const people = Array.from({ length: 1001 }, (_, i) => `p${i}`);
    t.match((await api.post(path, { name: 'red', speak: ['u1'], hear: ['u1', 'u2'] })).body, { open: false });
    const plain = { gain: 1, effect: null, strength: 1, pan: 0, duckDb: 0 };
    const red = { name: 'red', open: true, speak: [], hear: [], strengths: {} };
    t.same((await api.post(path, { name: 'red', open: true })).body, { ...red, ...plain });
    const radio = { gain: 0.8, effect: 'radio', strength: 0.5, strengths: { u1: 0.25 }, pan: -1, duckDb: 6 };
    t.same((await api.post(path, { ...red, ...radio })).body, { ...red, ...radio });
    t.match(await api.post(path, { ...red, gain: 3 }), {
      status: 400,
      body: { code: 'invalid_request', detail: /gain/ },
    });
    t.match(await api.post(path, { ...red, strengths: { u1: 2 } }), { status: 400, body: { detail: /strengths\.u1/ } });
    const strengths = Object.fromEntries(people.map((person) => [person, 0.5]));
    t.match(await api.post(path, { ...red, strengths }), { status: 400, body: { detail: /at most 1000/ } });
    t.match(await api.post(path, { ...red, effect: 'echo' }), { status: 400, body: { detail: /effect/ } });
    t.match((await api.get(path)).body, { channels: [{ name: 'red' }], total: 1 });
    t.match(await api.post(path, { name: 'a b' }), { status: 400, body: { code: 'invalid_channel' } });
    t.match(await api.post(path, { name: 'x'.repeat(10_000) }), { status: 400, body: { code: 'invalid_request' } });
    t.match(await api.post(path, { name: 'red', hear: people }), { status: 400, body: { code: 'invalid_request' } });
    t.match(await api.post('/rooms/nowhere/channels', { name: 'red' }), { body: { code: 'unknown_room' } });
    t.equal((await api.get(`${path}/red`)).body.open, true, 'nothing has changed');
    t.equal((await api.request('DELETE', `${path}/red`)).status, 204);
    t.match(await api.get(`${path}/red`), { status: 404, body: { code: 'unknown_channel' } });
    await api.delete('/rooms/raid');
  });

  await t.test('takes the places of players', async (t) => {
    await api.post('/rooms', { name: 'world' });
    const path = '/rooms/world/space';
    t.match(await api.post(path, { positions: [['ada', 1, 2, 3]] }), { status: 409, body: { code: 'no_space' } });
    const positions = Array.from({ length: 1000 }, (_, i) => [`player-${i}`, i, 0, -i, 90, 0, 1]);
    t.equal((await api.post(path, { rules: { axes: 'unity' }, players: { ada: {} }, positions })).status, 204);
    const wrong = await api.post(path, {
      positions: [
        ['ada', 1, 2, 3],
        ['ada', 1, 2],
      ],
    });
    t.match(wrong, { status: 400, body: { code: 'invalid_request', detail: /"positions\.1/ } });
    t.match(await api.post('/rooms/nowhere/space', {}), { status: 404, body: { code: 'unknown_room' } });
    await api.delete('/rooms/world');
  });

  await t.test(
    'moves a participant to another room, where they remain known even after their connection broke',
    async (t) => {
      const cy = await join('lobby', 'Cy');
      const { participantId, resumeToken } = await cy.next('joined');
      const dee = await join('annex', 'Dee');
      await dee.next('joined');
      const moved = await api.post(`/rooms/lobby/participants/${participantId}/move`, { room: 'annex' });
      t.match(moved.body, { id: participantId, room: 'annex', name: 'Cy' });
      t.match(await cy.skipTo('moved'), {
        room: 'annex',
        locked: false,
        participants: [{ name: 'Dee' }, { name: 'Cy' }],
      });
      t.match(await dee.next('participant_joined'), { participant: { id: participantId } });
      t.equal((await api.get(`/rooms/lobby/participants/${participantId}`)).status, 404);
      cy.socket.terminate();
      const again = await SignalingClient.open(server.webSocketUrl);
      t.teardown(() => again.socket.terminate());
      t.match(await again.join('lobby', 'Cy', resumeToken), { participantId, room: 'annex' });
      again.send({ type: 'leave' });
      await again.settled();
      t.match(await again.join('lobby', 'Cy', resumeToken), { room: 'lobby' }, 'but not after they have left');
      t.match(await api.post(`/rooms/annex/participants/${participantId}/move`, { room: 'lobby' }), {
        body: { code: 'unknown_participant' },
      });
    },
  );

  await t.test('lists in pages', async (t) => {
    for (const name of ['p1', 'p2', 'p3']) await api.post('/rooms', { name });
    const { total } = (await api.get('/rooms')).body;
    const page = (await api.get(`/rooms?offset=${total - 2}&limit=1`)).body;
    t.match(page, { total, rooms: [{ name: 'p2' }] });
    t.equal(page.rooms.length, 1);
    for (const query of ['limit=0', 'limit=x', 'offset=-1', 'page=2'])
      t.match(await api.get(`/rooms?${query}`), { body: { code: 'invalid_request' } }, query);
  });

  await t.test('sends data to programs, and says how many received it', async (t) => {
    const gus = await join('lobby', 'Gus', { data: true });
    await gus.next('joined');
    const sent = await api.post('/rooms/lobby/data', { topic: 'score', payload: { red: 3 } });
    t.match(sent, { status: 200, body: { receivers: 1 } });
    t.match(await gus.skipTo('data'), { from: null, topic: 'score', payload: { red: 3 } });
    t.match(await api.post('/rooms/lobby/data', { topic: 'x' }), { status: 400, body: { code: 'malformed_message' } });
    const large = { topic: 'x', payload: 'x'.repeat(5000) };
    t.match(await api.post('/rooms/lobby/data', large), { status: 413, body: { code: 'data_too_large' } });
    gus.send({ type: 'leave' });
    await gus.settled();
  });

  await t.test('lists those who only listen, and ends their connections', async (t) => {
    await api.post('/rooms', { name: 'radio' });
    const session = await fetch(`${server.url}/whep/radio`, {
      method: 'POST',
      headers: { 'content-type': 'application/sdp' },
      body: sdpOffer([{ direction: 'recvonly' }]),
    });
    t.equal(session.status, 201);
    const { listeners, total } = (await api.get('/rooms/radio/listeners')).body;
    t.equal(total, 1);
    t.match(listeners, [{ connected: false, address: '127.0.0.1', network: { outgoing: null } }]);
    const path = `/rooms/radio/listeners/${listeners[0].id}`;
    t.equal((await api.delete(path)).status, 204);
    t.match(await api.delete(path), { status: 404, body: { code: 'unknown_listener' } });
    t.match((await api.get('/rooms/radio/listeners')).body, { listeners: [], total: 0 });
    t.equal((await fetch(new URL(session.headers.get('location') ?? '', server.url))).status, 404);
    await api.delete('/rooms/radio');
  });

  await t.test('a server by itself has no cluster', async (t) => {
    t.same((await api.get('/cluster')).body, { engineReached: false, nodes: [] }, 'it is alone');
    t.equal((await api.post('/cluster/nodes/n1/drain', {})).status, 404);
    t.equal((await api.delete('/cluster/nodes/n1/drain')).status, 404);
  });

  await t.test('announces the shutdown, and takes that back', async (t) => {
    const eve = await join('lobby', 'Eve');
    const { resumeToken } = await eve.next('joined');
    t.match((await api.post('/server/drain', { deadlineSeconds: 600 })).body, { deadline: /Z$/ });
    t.match(await eve.skipTo('server_draining'), { draining: true, endsInMs: Number });
    t.match((await api.get('/server')).body, { status: 'draining', draining: { deadline: /Z$/ } });
    t.equal((await fetch(`${server.url}/healthz`)).status, 200, 'existing sessions are served as before');
    t.match(await (await join('lobby', 'Fay')).next('error'), { code: 'server_draining' });
    t.match(await (await join('elsewhere', 'Fay')).next('error'), { code: 'server_draining' });
    eve.socket.terminate();
    const again = await SignalingClient.open(server.webSocketUrl);
    t.teardown(() => again.socket.terminate());
    await again.join('lobby', 'Eve', resumeToken);
    t.match(await again.next('server_draining'), { draining: true });
    t.equal((await api.delete('/server/drain')).status, 204);
    t.match(await again.next('server_draining'), { draining: false, endsInMs: null });
    await (await join('lobby', 'Fay')).next('joined');
  });

  t.match((await api.get('/audit?limit=1')).body, {
    entries: [{ by: 'admin', operation: 'undrainServer', result: 'done' }],
  });

  const haveTheirOwnTests = new Set(['recordings', 'forwards']);
  // test/server/cluster.test.ts drains another server.
  const needOthers = new Set<OperationId>(['drainNode', 'undrainNode']);
  const described = OPERATION_LIST.filter(
    ([id, { file, tag }]) => file === undefined && !haveTheirOwnTests.has(tag) && !needOthers.has(id),
  ).map(([id]) => id);
  t.strictSame([...api.succeeded].sort(), described.sort(), 'each has answered as described');
});

test('a draining server ends when the last participant has left, or at its deadline', async (t) => {
  for (const deadline of [false, true]) {
    let drained = 0;
    const { api, join } = await setUp(t, [], { onDrained: () => drained++ });
    const ada = await join('lobby', 'Ada');
    await ada.next('joined');
    await api.post('/server/drain', deadline ? { deadlineSeconds: 0 } : {});
    if (!deadline) {
      await new Promise((resolve) => setTimeout(resolve, 700));
      t.equal(drained, 0, 'somebody is there');
      ada.send({ type: 'leave' });
    }
    await eventually(() => drained === 1);
  }
});

test('the API accepts only the admin token', async (t) => {
  const { server, api } = await setUp(t, ['--max-failed-joins-per-minute', '3']);
  const missing = await api.get('/server', { token: '' });
  t.match(missing, { status: 401, body: { code: 'admin_token_required' } });
  t.match(missing.headers.get('www-authenticate'), /^Bearer/);
  t.equal(missing.headers.get('cache-control'), 'no-store');
  t.match(await api.get('/server', { token: '', headers: { authorization: `Basic ${btoa(`x:${TOKEN}`)}` } }), {
    body: { code: 'admin_token_required' },
  });
  t.match(await api.get('/nowhere', { token: '' }), { status: 401 }, 'nor does it reveal what exists');
  t.equal((await fetch(`${server.url}/api/v1/openapi.json`)).status, 200, 'except the document, which is no secret');
  for (const wrong of [`${TOKEN}x`, TOKEN.slice(1), 'x'])
    t.match(await api.get('/server', { token: wrong }), { status: 401, body: { code: 'admin_token_wrong' } });
  const limited = await api.get('/server', { token: 'x' });
  t.match(limited, { status: 429, body: { code: 'rate_limited' } });
  t.equal((await api.get('/server')).status, 200, 'others at this address cannot lock the operator out');
  t.equal((await api.get('/server', { token: 'x' })).status, 429, 'which changes nothing for those who guess');
  t.ok(Number(limited.headers.get('retry-after')) > 0);
  const metrics = await server.metrics();
  t.equal(metrics.sum('partyline_api_errors_total', { code: 'admin_token_wrong' }), 3);
  t.equal(metrics.sum('partyline_limits_hit_total', { limit: 'failed_api_requests_per_minute' }), 2);
});

test('without a token the API is off', async (t) => {
  const server = await startServer();
  t.teardown(() => server.close());
  for (const token of ['', TOKEN]) {
    const api = new ApiClient(server.url, token);
    t.match(await api.get('/server'), { status: 404, body: { code: 'api_off' } });
    t.match(await api.get('/openapi.json'), { status: 404, body: { code: 'api_off' } });
  }
});

test('malformed requests', async (t) => {
  const { server, api } = await setUp(t);
  const cases: [string, Awaited<ReturnType<typeof api.get>>, number, string][] = [
    ['an unknown field', await api.post('/rooms', { name: 'x', colour: 'red' }), 400, 'invalid_request'],
    ['a field of another type', await api.post('/rooms', { name: 'x', maxTalkers: '3' }), 400, 'invalid_request'],
    ['no body where one is needed', await api.post('/rooms'), 400, 'invalid_request'],
    ['broken JSON', await api.post('/rooms', undefined, { text: '{"name":' }), 400, 'invalid_request'],
    ['JSON that is no object', await api.post('/rooms', undefined, { text: '[1]' }), 400, 'invalid_request'],
    ['a large body', await api.post('/rooms', { name: 'x'.repeat(20_000) }), 413, 'request_too_large'],
    [
      'a form',
      await api.post('/rooms', undefined, {
        text: 'name=x',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
      415,
      'unsupported_media_type',
    ],
    ['an unknown address', await api.get('/nowhere'), 404, 'not_found'],
    ['a slash too many', await api.get('/rooms/'), 404, 'not_found'],
    ['tokens without a secret', await api.post('/tokens', { room: 'x', identity: 'y' }), 409, 'tokens_off'],
  ];
  for (const [title, { status, body }, expected, code] of cases)
    t.match({ status, code: body.code }, { status: expected, code }, title);
  const password = await api.post('/rooms', { name: 'x', password: ['the-password'] });
  t.notMatch(JSON.stringify(password.body), /the-password/, 'errors do not repeat the input');
  for (const [, { path }] of OPERATION_LIST) {
    const { status, headers, body } = await api.request('PUT', path.replaceAll(/[{}]/g, ''));
    t.match({ status, code: body.code }, { status: 405, code: 'method_not_allowed' }, `PUT ${path}`);
    t.match(headers.get('allow'), /GET|POST|DELETE/);
  }
  t.match(await api.get('/rooms/%ff'), { status: 404 }, 'a path that is not valid text names no room');
  t.match((await api.get('/rooms/..%2f..%2fserver')).body, { code: 'unknown_room' });

  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  t.teardown(() => socket.destroy());
  socket.write(`POST /api/v1/rooms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n`);
  const [answer] = await once(socket, 'data');
  t.match(String(answer), /^HTTP\/1.1 401/, 'without the token, a body that never ends is not waited for');
  t.match(String(answer), /connection: close/i);
});

test('whatever the request, nothing fails inside', async (t) => {
  const seed = Number(process.env['SEED'] ?? 60_617);
  t.comment(`SEED=${seed}`);
  const prng = createPrng(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(prng() * from.length)]!;
  const { server, api, join } = await setUp(t, ['--token-secret', SECRET]);
  const ada = await join('lobby', 'Ada');
  const { participantId } = await ada.next('joined');
  const values = [
    null,
    true,
    0,
    -1,
    1e300,
    '',
    'lobby',
    'ü',
    '..',
    '\u0000',
    'x'.repeat(300),
    [],
    {},
    ['lobby'],
    participantId,
  ];
  const names = [
    'name',
    'room',
    'locked',
    'password',
    'maxTalkers',
    'identity',
    'banSeconds',
    '__proto__',
    'constructor',
  ];
  const segments = [
    'rooms',
    'lobby',
    'participants',
    participantId,
    'mute',
    'move',
    'kick',
    'tokens',
    'server',
    '%00',
    '%ff',
    '..%2f',
    '',
  ];
  const queries = ['', '?limit=1', '?offset=1e9', '?limit=', '?identity=%ff', '?limit=1&limit=2', '?__proto__=1'];
  const statuses = new Set<number>();
  for (let n = 0; n < 400; n++) {
    const [, operation] = pick(OPERATION_LIST);
    const segment = () => encodeURI(pick(segments)).replaceAll('%25', '%');
    const known = operation.path.replace(/\{\w+\}/g, () => (prng() < 0.6 ? 'lobby' : segment()));
    const path = (prng() < 0.8 ? known : `${known}/${segment()}`) + pick(queries);
    const method =
      prng() < 0.8 ? operation.method.toUpperCase() : pick(['GET', 'POST', 'PATCH', 'DELETE', 'PUT', 'OPTIONS']);
    const body = Object.fromEntries(Array.from({ length: Math.floor(prng() * 4) }, () => [pick(names), pick(values)]));
    const { status } =
      method === 'GET'
        ? await api.request(method, path)
        : await api.request(method, path, undefined, { text: prng() < 0.1 ? '{"room":' : JSON.stringify(body) });
    statuses.add(status);
    t.ok(status < 500, `${method} ${path} ${JSON.stringify(body)}`);
  }
  for (const status of [200, 204, 400, 404, 405]) t.ok(statuses.has(status), `${status} was among the answers`);
  t.notMatch(await (await fetch(`${server.url}/metrics`)).text(), 'code="internal"');
});

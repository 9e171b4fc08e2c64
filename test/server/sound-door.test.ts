import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { GUEST } from '../../src/rooms/admission.ts';
import type { PlayerInfo } from '../../src/rooms/players.ts';
import { soundDoor } from '../../src/server/sound-door.ts';
import { ApiClient } from '../helpers/api-client.ts';
import { openRegistry } from '../helpers/open-registry.ts';
import { RecordingListener } from '../helpers/recording-listener.ts';
import { startServer } from '../helpers/running-server.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';
import { oggOf, tonePackets } from '../helpers/sound-file.ts';

const TOKEN = 'an-admin-token-of-32-characters.';
const SECRET = 'a secret that is long enough to sign with';

async function setUp(t: Test) {
  const directory = t.testdir();
  await writeFile(join(directory, 'gong.opus'), oggOf(tonePackets(700, 500)));
  await symlink('/etc/passwd', join(directory, 'secret.opus'));
  const server = await startServer(['--admin-token', TOKEN, '--token-secret', SECRET, '--player-dir', directory], {
    logLevel: 'error',
  });
  t.teardown(() => server.close());
  const api = new ApiClient(server.url, TOKEN);
  const join_ = async (identity: string, rights: object) => {
    const { token } = (await api.post('/tokens', { room: 'lobby', identity, name: identity, ...rights })).body;
    const client = await SignalingClient.open(server.webSocketUrl);
    t.teardown(() => client.socket.terminate());
    client.send({ type: 'join', room: 'lobby', name: identity, token });
    return { client, joined: await client.next('joined') };
  };
  const ask = async (method: string, key: string, body?: string, room = 'lobby') => {
    const query = new URLSearchParams({ room, key });
    const response = await fetch(`${server.url}/sounds?${query}`, { method, ...(body !== undefined && { body }) });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  };
  const players = async () => (await api.get('/rooms/lobby/players')).body.players as { file: string }[];
  return { server, api, enter: join_, ask, players };
}

test('who has the right plays sounds to their room, and ends them', async (t) => {
  const { enter, ask, players } = await setUp(t);
  const { joined } = await enter('dj', { mayPlaySounds: true });
  const key = joined.soundKey!;
  t.same(await ask('GET', key), { status: 200, body: { sounds: ['gong.opus'] } });
  t.equal((await ask('POST', key, '{"file":"gong.opus"}')).status, 204);
  t.match(await players(), [{ file: 'gong.opus' }]);
  t.equal((await ask('DELETE', key)).status, 204);
  t.same(await players(), []);
});

test('nobody else does', async (t) => {
  const { server, api, enter, ask, players } = await setUp(t);
  const { joined: listener } = await enter('listener', {});
  t.equal(listener.soundKey, undefined);
  const { joined, client } = await enter('dj', { mayPlaySounds: true });
  const key = joined.soundKey!;
  for (const method of ['GET', 'POST', 'DELETE']) {
    const body = method === 'POST' ? '{"file":"gong.opus"}' : undefined;
    t.match(await ask(method, 'guessed', body), { body: { code: 'unknown_participant' } });
    t.match(await ask(method, key, body, 'nowhere'), { body: { code: 'unknown_room' } });
  }
  for (const [body, code] of [
    ['{"file":"secret.opus"}', 'unknown_sound'],
    ['{"file":"../gong.opus"}', 'unknown_sound'],
    ['{"file":7}', 'invalid_request'],
    ['null', 'invalid_request'],
    ['{', 'invalid_request'],
    [`{"file":"${'x'.repeat(2000)}"}`, 'request_too_large'],
  ] as const)
    t.match(await ask('POST', key, body), { body: { code } }, code);
  t.equal((await ask('PATCH', key)).status, 405);
  t.match(await (await fetch(`${server.url}/sounds?room=lobby`)).json(), { code: 'invalid_request' });
  // The right is for the room of the token.
  await api.post('/rooms', { name: 'other' });
  await api.post(`/rooms/lobby/participants/${joined.participantId}/move`, { room: 'other' });
  t.equal((await client.skipTo('moved')).soundKey, undefined);
  t.match(await ask('POST', key, '{"file":"gong.opus"}', 'other'), { status: 403, body: { code: 'not_allowed' } });
  t.match(await ask('POST', key, '{"file":"gong.opus"}'), { body: { code: 'unknown_participant' } });
  t.same(await players(), []);
});

test('whom a moderator has muted plays nothing', async (t) => {
  const { api, enter, ask, players } = await setUp(t);
  const { joined } = await enter('dj', { mayPlaySounds: true });
  const key = joined.soundKey!;
  const play = async () => (await ask('POST', key, '{"file":"gong.opus"}')).body?.code;
  const person = `/rooms/lobby/participants/${joined.participantId}`;
  await api.post(`${person}/mute`);
  t.equal(await play(), 'not_allowed');
  t.same(await players(), []);
  await api.post(`${person}/unmute`);
  t.equal(await play(), undefined);
});

test('nobody plays without end', async (t) => {
  const { registry, clock } = openRegistry();
  let started = 0;
  const players = {
    files: async () => [],
    start: async () => {
      started++;
      return {} as PlayerInfo;
    },
  };
  const door = soundDoor(registry, players, clock);
  const join_ = (identity: string) =>
    registry.join({
      room: 'lobby',
      name: identity,
      listener: new RecordingListener(),
      admission: { ...GUEST, identity, mayPlaySounds: true },
      state: { muted: true, deafened: false },
    }).participant.fileKey.text;
  const [dj, other] = [join_('dj'), join_('other')];
  for (let n = 0; n < 10; n++) await door.play('lobby', dj, 'gong.opus');
  await t.rejects(door.play('lobby', dj, 'gong.opus'), { code: 'rate_limited', retryAfterMs: 500 });
  t.equal(started, 10);
  t.doesNotThrow(() => door.stop('lobby', dj), 'ending them is always possible');
  await t.resolves(door.play('lobby', other, 'gong.opus'), 'each has a rate of their own');
  clock.advance(500);
  await t.resolves(door.play('lobby', dj, 'gong.opus'));
});

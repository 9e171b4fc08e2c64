import { once } from 'node:events';
import { test } from 'tap';
import { WebSocket } from 'ws';
import type { ControlAnswer } from '../../../src/protocol/control.ts';
import { ApiClient } from '../../helpers/api-client.ts';
import { startServer } from '../../helpers/running-server.ts';

const ADMIN = 'the-admin-token-of-this-test';
const FLAGS = ['--admin-token', ADMIN, '--token-secret', 'a-secret-that-is-long-enough-for-hs256'];

/** The status that refused the connection, or the first message. */
async function connect(url: string, path: string, token?: string) {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const socket = new WebSocket(`${url.replace('http:', 'ws:')}/api/v1${path}`, { headers });
  const refused = new Promise<number>((resolve, reject) => {
    socket.on('unexpected-response', (_, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    socket.on('error', reject);
  });
  const heard = once(socket, 'message').then(([data]) => JSON.parse(String(data)) as ControlAnswer);
  heard.catch(() => {});
  return { socket, first: await Promise.race([refused, heard]) };
}

test('only the admin token and the control token of the room open a control connection', async (t) => {
  const server = await startServer(FLAGS, { logLevel: 'error' });
  t.teardown(() => server.close());
  const api = new ApiClient(server.url, ADMIN);
  await api.post('/rooms', { name: 'world' });
  await api.post('/rooms', { name: 'other world'.replace(' ', '-') });
  const tokenOf = async (room: string) => (await api.post('/control-tokens', { room })).body.token as string;
  const [token, other] = [await tokenOf('world'), await tokenOf('other-world')];
  const { body } = await api.post('/tokens', { room: 'world', identity: 'ada', mayModerate: true });
  for (const [path, given, expected] of [
    ['/rooms/world/control', ADMIN, { type: 'ready', room: 'world', players: [] }],
    ['/rooms/world/control', token, { type: 'ready', room: 'world', players: [] }],
    ['/rooms/%77orld/control', token, { type: 'ready', room: 'world', players: [] }],
    ['/rooms/world/control', undefined, 401],
    ['/rooms/world/control', 'wrong', 401],
    ['/rooms/world/control', other, 401],
    ['/rooms/world/control', `${token}x`, 401],
    ['/rooms/world/control', body.token as string, 401],
    ['/rooms/nowhere/control', ADMIN, 404],
    ['/rooms/nowhere/control', token, 401],
    ['/rooms/%ff/control', ADMIN, 404],
    ['/rooms/world/controls', ADMIN, 404],
  ] as const) {
    const { socket, first } = await connect(server.url, path, given);
    t.same(first, expected, `${path} with ${given}`);
    socket.terminate();
  }
});

test('a control token opens the space and the channels of its room over HTTP as well, and nothing else', async (t) => {
  const server = await startServer(FLAGS, { logLevel: 'error' });
  t.teardown(() => server.close());
  const api = new ApiClient(server.url, ADMIN);
  await api.post('/rooms', { name: 'world' });
  await api.post('/rooms', { name: 'other' });
  const { token } = (await api.post('/control-tokens', { room: 'world' })).body;
  const game = new ApiClient(server.url, token);
  t.equal((await game.post('/rooms/world/space', { rules: {}, positions: [['ada', 1, 2, 3]] })).status, 204);
  t.equal((await game.post('/rooms/world/channels', { name: 'red', hear: ['ada'] })).status, 200);
  t.equal((await game.get('/rooms/world/channels')).body.total, 1);
  t.equal((await game.delete('/rooms/world/channels/red')).status, 204);
  for (const path of ['/rooms/other/space', '/rooms/other/channels', '/tokens', '/control-tokens', '/rooms'])
    t.equal((await game.post(path, { room: 'world' })).status, 401, path);
  for (const path of ['/rooms/world', '/rooms/world/space']) t.equal((await game.delete(path)).status, 401, path);
  t.equal((await game.get('/rooms/world/participants')).status, 401);
});

test('a control connection ends when the game server is killed, when its room closes, and when the server closes', async (t) => {
  const server = await startServer(FLAGS, { logLevel: 'error' });
  t.teardown(() => server.close());
  const api = new ApiClient(server.url, ADMIN);
  await api.post('/rooms', { name: 'world' });
  const { socket } = await connect(server.url, '/rooms/world/control', ADMIN);
  socket.terminate();
  const again = await connect(server.url, '/rooms/world/control', ADMIN);
  t.match(again.first, { type: 'ready' });
  const closed = once(again.socket, 'close');
  await api.delete('/rooms/world');
  t.equal((await closed)[0], 4004);
  await api.post('/rooms', { name: 'world' });
  const last = await connect(server.url, '/rooms/world/control', ADMIN);
  const lastClosed = once(last.socket, 'close');
  await server.close();
  t.equal((await lastClosed)[0], 1012);
});

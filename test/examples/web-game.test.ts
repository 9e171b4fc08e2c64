import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type Test, test } from 'tap';
import { WebSocket, WebSocketServer } from 'ws';
import { Game } from '../../examples/web-game/game.ts';
import { type GameMessage, MAX_MESSAGE_BYTES } from '../../examples/web-game/messages.ts';
import { ApiClient } from '../helpers/api-client.ts';
import { eventually } from '../helpers/eventually.ts';
import { startServer } from '../helpers/running-server.ts';

const ADMIN = 'the-admin-token-of-this-test';
const FLAGS = ['--admin-token', ADMIN, '--token-secret', 'a-secret-that-is-long-enough-for-hs256'];

async function startGame(t: Test) {
  const server = await startServer(FLAGS, { logLevel: 'error' });
  const game = new Game({ voiceServer: server.url, adminToken: ADMIN });
  await game.open();
  const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1', maxPayload: MAX_MESSAGE_BYTES });
  sockets.on('connection', (socket) => game.connect(socket));
  await once(sockets, 'listening');
  t.teardown(() => {
    game.close();
    sockets.close();
  });
  const { port } = sockets.address() as AddressInfo;
  const visit = async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    t.teardown(() => socket.terminate());
    const heard: GameMessage[] = [];
    socket.on('message', (data) => heard.push(JSON.parse(String(data))));
    await once(socket, 'open');
    return { socket, heard };
  };
  /** Resolves when the game has admitted them, with their id. */
  const enter = async (name: string) => {
    const page = await visit();
    page.socket.send(JSON.stringify({ type: 'enter', name }));
    let id = '';
    await eventually(() => {
      for (const message of page.heard) if (message.type === 'entered') id = message.id;
      return id !== '';
    });
    return { ...page, id };
  };
  return { server, visit, enter };
}

async function radioOf(api: ApiClient): Promise<readonly string[]> {
  const answer = await api.get('/rooms/web-game/channels/radio');
  return answer.status === 200 ? answer.body.speak : [];
}

test('after a restart the voice server receives everything again, and players who leave are forgotten', async (t) => {
  const { server, enter } = await startGame(t);
  const ada = await enter('Ada');
  const ben = await enter('Ben');
  await eventually(async () => (await radioOf(new ApiClient(server.url, ADMIN))).length === 2);
  await server.close();
  const port = new URL(server.url).port;
  const again = await startServer([...FLAGS, '--port', port], { logLevel: 'error' });
  t.teardown(() => again.close());
  const api = new ApiClient(again.url, ADMIN);
  await eventually(async () => (await radioOf(api)).length === 2);
  t.same(new Set(await radioOf(api)), new Set([ada.id, ben.id]));
  const { status } = await api.post('/rooms/web-game/space', { pairs: [[ada.id, ben.id, 0]] });
  t.equal(status, 204, 'the room has a space');
  ben.socket.close();
  await eventually(async () => (await radioOf(api)).length === 1);
  t.same(await radioOf(api), [ada.id]);
});

test('a page that sends too much, too often, or something else is disconnected', async (t) => {
  const { server, visit, enter } = await startGame(t);
  t.teardown(() => server.close());
  const step = JSON.stringify({ type: 'walk', x: 1, z: 0 });
  const floods: readonly (readonly [title: string, texts: readonly string[], code: number])[] = [
    ['too long', [' '.repeat(MAX_MESSAGE_BYTES + 1)], 1009],
    ['no JSON', ['walk'], 1008],
    ['too fast', ['{"type": "walk", "x": 9, "z": 0}'], 1008],
    ['a place of its own', ['{"type": "walk", "x": 1, "z": 0, "at": 5}'], 1008],
    ['a name of spaces', ['{"type": "enter", "name": "  "}'], 1008],
    ['too often', Array.from({ length: 1000 }, () => step), 1008],
  ];
  for (const [title, texts, expected] of floods) {
    const { socket } = await visit();
    const closed = once(socket, 'close');
    for (const text of texts) socket.send(text);
    t.equal((await closed)[0], expected, title);
  }
  const ada = await enter('Ada');
  ada.socket.send(step);
  const startX = 27;
  await eventually(() =>
    ada.heard.some((message) => message.type === 'players' && (message.players[0]?.x ?? 0) > startX),
  );
});

import { test } from 'tap';
import { WebSocket } from 'ws';
import { ApiClient } from '../helpers/api-client.ts';
import { eventually } from '../helpers/eventually.ts';
import { LightTalker } from '../helpers/light-talker.ts';
import { positionFrame } from '../helpers/position-frame.ts';
import { startServer } from '../helpers/running-server.ts';

const ADMIN = 'the-admin-token-of-this-test';
const HZ = 500;

async function hearsNothing(listener: LightTalker): Promise<void> {
  await eventually(async () => {
    const levelDbfs = await listener.hearDbfs(HZ);
    return levelDbfs < -55 || `${levelDbfs.toFixed(1)} dBFS`;
  });
}

test('positions over the control connection are heard, and when the game server is killed, the room does what its rules say', async (t) => {
  const server = await startServer(['--admin-token', ADMIN, '--levelling', 'off']);
  t.teardown(() => server.close());
  await new ApiClient(server.url, ADMIN).post('/rooms', { name: 'world' });
  const game = new WebSocket(`${server.url.replace('http:', 'ws:')}/api/v1/rooms/world/control`, {
    headers: { authorization: `Bearer ${ADMIN}` },
  });
  const players: string[] = [];
  const speaking: string[] = [];
  game.on('message', (data) => {
    const message = JSON.parse(String(data)) as { type: string; player?: string; began?: string[]; message?: string };
    if (message.type === 'joined') players.push(message.player!);
    if (message.type === 'speaking') speaking.push(...message.began!);
    if (message.type === 'error') t.fail(message.message!);
  });
  await new Promise((resolve) => game.once('open', resolve));
  game.send(JSON.stringify({ type: 'subscribe', players: true, speaking: true }));
  const join = (name: string, frequencyHz: number) =>
    LightTalker.join({ url: server.webSocketUrl, room: 'world', name, frequencyHz });
  const talker = await join('talker', HZ);
  t.teardown(() => talker.close());
  const listener = await join('listener', 900);
  t.teardown(() => listener.close());
  await t.resolves(listener.hears(HZ));
  game.send(JSON.stringify({ type: 'space', rules: { whenGone: 'mute' } }));
  game.send(JSON.stringify({ type: 'numbers', numbers: Object.fromEntries(players.map((player, n) => [player, n])) }));
  const place = (x: number) =>
    game.send(
      positionFrame([
        { number: 0, at: [x, 0, 0] },
        { number: 1, at: [0, 0, 0] },
      ]),
    );
  place(100);
  await t.resolves(hearsNothing(listener), 'too far away');
  place(1);
  await t.resolves(listener.hears(HZ));
  t.same(new Set(speaking), new Set(players));
  game.terminate();
  await t.resolves(hearsNothing(listener), 'nobody is heard without the game server');
});

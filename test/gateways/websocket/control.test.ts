import { once } from 'node:events';
import { test } from 'tap';
import { WebSocket } from 'ws';
import { BotConnection, type BotSocketClass } from '../../../web/sdk/bot/index.ts';
import { ApiClient } from '../../helpers/api-client.ts';
import { eventually } from '../../helpers/eventually.ts';
import { createFrameDecoder, createFrameEncoder, FRAME_SAMPLES } from '../../helpers/opus.ts';
import { startServer } from '../../helpers/running-server.ts';
import { concatInt16, sharedTone, toneLevelDbfs } from '../../helpers/signal.ts';
import { WebSocketPerson } from '../../helpers/web-socket-person.ts';

const ADMIN = 'an-admin-token-of-32-characters.';
const FLAGS = [
  '--admin-token',
  ADMIN,
  '--token-secret',
  'a secret that is long enough to sign with',
  '--levelling',
  'off',
];

test('people with plain WebSockets and a bot hear each other and never themselves, and a moderator can mute them', async (t) => {
  const server = await startServer([...FLAGS, '--max-bots', '2'], { logLevel: 'error' });
  t.teardown(() => server.close());
  const api = new ApiClient(server.url, ADMIN);
  const url = server.webSocketUrl.replace(/ws$/, '');
  const tokenOf = async (identity: string) =>
    (await api.post('/tokens', { room: 'lobby', identity, name: identity })).body.token as string;
  const join = async (name: string, frequencyHz: number) => {
    const person = await WebSocketPerson.join(url, 'lobby', await tokenOf(name));
    t.teardown(() => person.close());
    person.say(frequencyHz);
    return person;
  };
  const ada = await join('Ada', 430);
  const ben = await join('Ben', 710);
  const bot = await BotConnection.connect({
    server: server.url,
    room: 'lobby',
    token: ADMIN,
    name: 'Echo',
    receive: 'mix',
    send: 'opus',
    format: 'opus',
    WebSocket: WebSocket as unknown as BotSocketClass,
  });
  t.teardown(() => bot.close());
  const heardByBot: Int16Array[] = [];
  const decode = createFrameDecoder();
  bot.on('frame', ({ packet }) => heardByBot.push(decode(packet!).slice()));
  const encode = createFrameEncoder();
  const second = sharedTone({ frequencyHz: 1190, samples: 50 * FRAME_SAMPLES, amplitude: 0.2 });
  const frames = Array.from({ length: 300 }, (_, n) =>
    Uint8Array.from(encode(second.subarray((n % 50) * FRAME_SAMPLES, ((n % 50) + 1) * FRAME_SAMPLES))),
  );
  void bot.play(frames);
  const told = () =>
    JSON.stringify({
      ada: [430, 710, 1190].map((hz) => ada.hears(hz)),
      ben: [430, 710, 1190].map((hz) => ben.hears(hz)),
    });
  const all = JSON.stringify({ ada: [false, true, true], ben: [true, false, true] });
  await eventually(() => told() === all || told());
  const botHears = (frequencyHz: number) => toneLevelDbfs(concatInt16(heardByBot.slice(-20)), frequencyHz) > -40;
  await eventually(() => (botHears(430) && botHears(710)) || 'the bot does not hear both');
  t.equal(botHears(1190), false);

  const listed = (await api.get('/rooms/lobby/participants')).body.participants as { name: string; via: string }[];
  t.same(Object.fromEntries(listed.map(({ name, via }) => [name, via])), {
    Ada: 'websocket',
    Ben: 'websocket',
    Echo: 'bot',
  });
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  t.match(metrics, '\npartyline_websocket_media_participants 2\n');
  t.match(metrics, /\npartyline_websocket_media_frames_received_total [1-9]/);
  t.ok(ada.acknowledged > 0);
  t.ok(ada.sequences.every((sequence, n) => sequence === n + 1));

  await api.post(`/rooms/lobby/participants/${ada.id}/mute`);
  await eventually(() => !ben.hears(430) || 'Ada is still heard');

  await api.post(`/rooms/lobby/participants/${ben.id}/kick`);
  await once(ben.media, 'close');
  await eventually(async () => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return text.includes('\npartyline_websocket_media_participants 1\n') || 'Ben is still counted';
  });
  const closed = once(ada.media, 'close');
  await server.close();
  t.equal((await closed)[0], 1012);
});

test('where it is off, or too many are there, nobody is let in', async (t) => {
  const off = await startServer(['--web-socket-media', 'off'], { logLevel: 'error' });
  t.teardown(() => off.close());
  t.equal(await statusOf(off.webSocketUrl), 404);
  const small = await startServer(['--max-connections', '1'], { logLevel: 'error' });
  t.teardown(() => small.close());
  const first = new WebSocket(small.webSocketUrl.replace(/ws$/, 'media'));
  t.teardown(() => first.terminate());
  await once(first, 'open');
  t.equal(await statusOf(small.webSocketUrl), 503);
  const single = await startServer(['--max-connections-per-address', '1'], { logLevel: 'error' });
  t.teardown(() => single.close());
  const other = new WebSocket(single.webSocketUrl);
  t.teardown(() => other.terminate());
  await once(other, 'open');
  t.equal(await statusOf(single.webSocketUrl), 503);
});

function statusOf(webSocketUrl: string): Promise<number> {
  const socket = new WebSocket(webSocketUrl.replace(/ws$/, 'media'));
  return new Promise((resolve, reject) => {
    socket.on('unexpected-response', (_, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    socket.on('open', () => resolve(101));
    socket.on('error', reject);
  });
}

import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { type Test, test } from 'tap';
import { GUEST } from '../../../src/rooms/admission.ts';
import { type BroadcastServer, startBroadcast } from '../../helpers/broadcast-server.ts';
import { eventually } from '../../helpers/eventually.ts';
import { readOgg } from '../../helpers/ogg.ts';
import { RecordingListener } from '../../helpers/recording-listener.ts';

function joinPerson({ registry }: BroadcastServer) {
  const listener = new RecordingListener();
  const { participant } = registry.join({
    room: 'lobby',
    name: 'Ada',
    admission: GUEST,
    listener,
    state: { muted: false, deafened: false },
  });
  return { listener, participant };
}

/** An answer that does not end, and what has come of it. */
async function listen(t: Test, { url }: BroadcastServer, path: string) {
  const request = get(`${url}${path}`);
  request.on('error', () => {});
  t.teardown(() => request.destroy());
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => {});
  const ended = new Promise((resolve) => response.once('close', resolve));
  return { request, response, bytes: () => Buffer.concat(chunks), ended };
}

async function codeOf(response: Promise<Response>): Promise<string> {
  return `${(await response).status} ${((await (await response).json()) as { code: string }).code}`;
}

test('a player gets a stream that is not stored, and the room is told that somebody listens', async (t) => {
  const server = await startBroadcast(t);
  const { listener, participant } = joinPerson(server);
  const player = await listen(t, server, '/live/lobby.opus');
  t.match(player.response.headers, {
    'content-type': 'audio/ogg; codecs=opus',
    'cache-control': 'no-store',
    connection: 'close',
  });
  t.equal(player.response.headers['content-length'], undefined);
  t.same(listener.take('listeners'), [{ type: 'listeners', listeners: 1 }]);
  t.equal(server.live.figures.listeners, 1);
  server.clock.advance(2000);
  await eventually(() => readOgg(player.bytes()).packets.length === 80 || `${player.bytes().length} bytes`);
  const webm = await listen(t, server, '/live/Lobby.webm');
  t.equal(webm.response.headers['content-type'], 'audio/webm; codecs=opus');
  player.request.destroy();
  await eventually(() => server.live.figures.listeners === 1 || 'it still counts');
  t.equal(server.plane.rooms[0]?.tap === null, false, 'somebody else still listens');
  participant.leave('left');
  await webm.ended;
  t.equal(server.live.figures.listeners, 0);
  t.equal(webm.bytes().readUInt32BE(), 0x1a45dfa3);
});

test('the last listener takes the tap away, and the operator may end each', async (t) => {
  const server = await startBroadcast(t);
  joinPerson(server);
  const player = await listen(t, server, '/live/lobby.opus');
  t.not(server.plane.rooms[0]?.tap, null);
  const room = server.registry.room('lobby');
  const [one] = [...room.listeners.all];
  t.match(one, { connected: true, address: '127.0.0.1' });
  one?.end('ended');
  await player.ended;
  t.equal(server.plane.rooms[0]?.tap, null);
  // The room may still have to tell how many listen.
  server.clock.advance(1000);
  t.equal(server.clock.pendingTimers, 0);
});

test('who may not listen does not, and gets the reason', async (t) => {
  const closed = await startBroadcast(t, { access: 'token', maxFailedJoinsPerMinute: 1 });
  joinPerson(closed);
  const token = await closed.access.createToken(
    { room: 'lobby', identity: 'tv', maySpeak: false, mayModerate: false },
    60_000,
  );
  t.equal(await codeOf(closed.request('GET', '/live/lobby.opus')), '401 token_required');
  t.equal(await codeOf(closed.request('GET', '/live/lobby.opus?token=guessed')), '401 token_invalid');
  t.equal(await codeOf(closed.request('GET', '/live/lobby.opus?token=guessed')), '429 rate_limited');
  closed.clock.advance(60_000);
  const allowed = await listen(t, closed, `/live/lobby.opus?token=${token}`);
  t.equal(allowed.response.statusCode, 200);
  const head = await closed.request('HEAD', '/live/lobby.opus', { authorization: `Bearer ${token}` });
  t.equal(head.status, 200);
  t.equal(closed.live.figures.listeners, 1, 'HEAD is nobody');

  const open = await startBroadcast(t, { limits: { maxListeners: 1 } });
  t.equal(await codeOf(open.request('GET', '/live/lobby.opus')), '409 nothing_to_hear');
  joinPerson(open);
  t.equal(await codeOf(open.request('GET', '/live/lobby.mp3')), '404 not_found');
  t.equal(await codeOf(open.request('POST', '/live/lobby.opus')), '405 method_not_allowed');
  t.equal(
    await codeOf(open.request('GET', '/live/lobby.opus', { origin: 'https://evil.example' })),
    '403 forbidden_origin',
  );
  const asked = await open.request('OPTIONS', '/live/lobby.opus');
  t.equal(asked.status, 204, 'pages with a token ask first');
  t.match(asked.headers.get('access-control-allow-headers'), /Authorization/);
  await listen(t, open, '/live/lobby.opus');
  t.equal(await codeOf(open.request('GET', '/live/lobby.opus')), '503 too_many_connections');

  const off = await startBroadcast(t, { live: 'off' });
  t.equal(await codeOf(off.request('GET', '/live/lobby.opus')), '404 live_off');
});

test('the mode of a room decides who may listen', async (t) => {
  const server = await startBroadcast(t, { access: 'token' });
  joinPerson(server);
  const grant = { room: 'lobby', identity: 'tv', maySpeak: false, mayModerate: false };
  const token = await server.access.createToken(grant, 60_000);
  const withoutToken = () => server.request('HEAD', '/live/lobby.opus').then(({ status }) => status);
  const withToken = () => server.request('HEAD', `/live/lobby.opus?token=${token}`).then(({ status }) => status);
  t.same([await withoutToken(), await withToken()], [401, 200], 'on');
  server.registry.change('lobby', { live: 'public' });
  t.same([await withoutToken(), await withToken()], [200, 200], 'public');
  const anybody = await listen(t, server, '/live/lobby.opus');
  server.registry.change('lobby', { live: 'on' });
  await anybody.ended;
  const player = await listen(t, server, `/live/lobby.opus?token=${token}`);
  for (const live of ['public', 'token'] as const) server.registry.change('lobby', { live });
  t.equal(server.live.figures.listeners, 1, 'who has a token may go on');
  server.registry.change('lobby', { live: 'off' });
  await player.ended;
  t.same([await withoutToken(), await withToken()], [404, 404], 'off');

  const open = await startBroadcast(t, { live: 'token', maxJoinsPerMinute: 3 });
  joinPerson(open);
  t.equal(await codeOf(open.request('GET', '/live/lobby.opus')), '401 token_required');
  t.equal(await codeOf(open.request('GET', '/live/elsewhere.opus')), '401 token_required', 'the default');
  open.registry.change('lobby', { live: 'public' });
  open.registry.change('lobby', { locked: true });
  t.equal(await codeOf(open.request('GET', '/live/lobby.opus')), '423 room_locked');
  await open.request('HEAD', '/live/lobby.opus');
  await open.request('HEAD', '/live/lobby.opus');
  t.equal(await codeOf(open.request('GET', '/live/lobby.opus')), '429 rate_limited');
});

test('a player that reads nothing is cut off, and the others are not', async (t) => {
  const server = await startBroadcast(t);
  joinPerson(server);
  const slow = await listen(t, server, '/live/lobby.opus');
  const quick = await listen(t, server, '/live/lobby.opus');
  slow.response.pause();
  const tap = server.plane.rooms[0]?.tap;
  const loud = Uint8Array.from({ length: 1200 }, (_, index) => (index === 0 ? 0xf8 : index & 255));
  await eventually(async () => {
    // What the system holds for a connection, and half a minute of sound.
    for (let second = 0; second < 60; second++) {
      for (let tick = 0; tick < 50; tick++) {
        const nowMs = server.clock.now();
        tap?.sink.mix({ arrivalMs: nowMs, timestamp: ((nowMs / 20) * 960) >>> 0, payload: loud });
        server.clock.advance(20);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    return server.live.figures.listeners === 1 || 'it is still connected';
  });
  const before = quick.bytes().length;
  server.clock.advance(1000);
  await eventually(() => quick.bytes().length > before || 'nothing more comes');
});

import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { type Test, test } from 'tap';
import { WebSocket } from 'ws';
import type { EndpointLimits } from '../../src/signaling/signaling-server.ts';
import { startSignalingServer } from '../helpers/signaling-server.ts';

/** Few and small, so that the limits are reached soon. */
function setUp(t: Test, limits: Partial<EndpointLimits> = {}, allowOrigins: readonly string[] = []) {
  return startSignalingServer(t, {
    limits: { maxConnections: 10, maxMessageBytes: 2000, ...limits },
    roomLimits: { maxRooms: 2, maxParticipants: 3 },
    allowOrigins,
    iceServers: () => [{ urls: ['stun:stun.example.org'] }],
  });
}

test("a busy server refuses newcomers' media, not their place, and takes earlier participants back", async (t) => {
  const { open, plane } = await setUp(t);
  const ada = await open();
  const { resumeToken } = await ada.join('lobby', 'Ada');
  ada.send({ type: 'offer', sdp: 'one' });
  await ada.next('answer');

  plane.busy = true;
  const ben = await open();
  const joined = await ben.join('lobby', 'Ben');
  await ada.next('participant_joined');
  ben.send({ type: 'offer', sdp: 'two' });
  t.match(await ben.next('error'), { code: 'server_busy' });
  t.equal(plane.openSeats.length, 1);
  ben.send({ type: 'ping', id: 1 });
  t.match(await ben.next('pong'), { id: 1 }, 'Ben is still in the room');

  ada.send({ type: 'offer', sdp: 'three' });
  t.match(await ada.next('answer'), { sdp: /to three$/ });
  const adaAgain = await open();
  await adaAgain.join('lobby', 'Ada', resumeToken);
  adaAgain.send({ type: 'offer', sdp: 'four' });
  t.match(await adaAgain.next('answer'), { sdp: /to four$/ });
  const benAgain = await open();
  await benAgain.join('lobby', 'Ben', joined.resumeToken);
  benAgain.send({ type: 'offer', sdp: 'five' });
  t.match(await benAgain.next('error'), { code: 'server_busy' }, 'a token alone is not enough');

  plane.busy = false;
  benAgain.send({ type: 'offer', sdp: 'six' });
  t.match(await benAgain.next('answer'), { sdp: /to six$/ });
});

test('join, offer, mute, deafen and leave work, and the others see it', async (t) => {
  const { open, plane } = await setUp(t);
  const ada = await open();
  const joined = await ada.join(' lobby ', ' Ada ');
  t.match(joined, {
    room: 'lobby',
    participants: [{ id: joined.participantId, name: 'Ada', muted: false, deafened: false, connected: false }],
    iceServers: [{ urls: ['stun:stun.example.org'] }],
    resumeToken: /^[\w-]{43}$/,
  });
  const ben = await open();
  const { participantId: benId, participants } = await ben.join('lobby', 'Ben');
  t.strictSame(
    participants.map(({ name }) => name),
    ['Ada', 'Ben'],
  );
  t.match(await ada.next('participant_joined'), { participant: { id: benId, name: 'Ben' } });
  ben.send({ type: 'offer', sdp: 'hello' });
  t.strictSame(await ben.next('answer'), { type: 'answer', sdp: 'answer 1 to hello' });
  plane.openSeats[0]?.connect();
  await ben.next('media_connected');
  t.match(await ada.next('participant_updated'), { participant: { id: benId, connected: true } });
  await ben.next('participant_updated');
  ben.send({ type: 'mute', muted: true });
  t.match(await ada.next('participant_updated'), { participant: { id: benId, muted: true } });
  ben.send({ type: 'deafen', deafened: true });
  t.match(await ada.next('participant_updated'), { participant: { id: benId, deafened: true } });
  plane.rooms[0]?.levels([{ seatId: 1, levelDbov: -12 }]);
  t.strictSame(await ada.next('levels'), { type: 'levels', speaking: [[benId, -12]] });
  plane.openSeats[0]?.end('silent');
  t.match(await ada.next('participant_updated'), { participant: { id: benId, connected: false } });
  await ben.settled();
  ben.send({ type: 'leave' });
  t.strictSame(await ada.next('participant_left'), { type: 'participant_left', participantId: benId, reason: 'left' });
  t.match(await ben.join('other', 'Ben'), { room: 'other' }, 'the same connection may join again');
});

test('a state message changes the fields it names, and the mute and deafen of older clients do the same', async (t) => {
  const { open, plane } = await setUp(t);
  const ada = await open();
  await ada.join('lobby', 'Ada');
  ada.send({ type: 'offer', sdp: 'hello' });
  await ada.next('answer');
  const steps = [
    [
      { type: 'state', muted: true },
      { muted: true, deafened: false },
    ],
    [
      { type: 'state', deafened: true },
      { muted: true, deafened: true },
    ],
    [
      { type: 'state', muted: false, deafened: false },
      { muted: false, deafened: false },
    ],
    [
      { type: 'mute', muted: true },
      { muted: true, deafened: false },
    ],
    [
      { type: 'deafen', deafened: true },
      { muted: true, deafened: true },
    ],
    [
      { type: 'mute', muted: false },
      { muted: false, deafened: true },
    ],
  ] as const;
  for (const [message, state] of steps) {
    ada.send(message);
    t.match((await ada.next('participant_updated')).participant, state);
    t.match(plane.openSeats[0]?.state, state, 'the media follows');
  }
  ada.send({ type: 'state' });
  t.strictSame(await ada.settled(), [], 'a change without effect is not sent');
});

test('clients with batches get many joins and leaves in one message each, and other clients get single ones', async (t) => {
  const { open, clock } = await startSignalingServer(t, {
    roomLimits: { maxParticipants: 200 },
    limits: { maxConnections: 200 },
  });
  const batched = await open();
  batched.send({ type: 'join', room: 'lobby', name: 'New', batches: true });
  await batched.next('joined');
  const old = await open();
  await old.join('lobby', 'Old');
  const many = await Promise.all(Array.from({ length: 110 }, () => open()));
  await Promise.all(many.map((client, i) => client.join('lobby', `Guest ${i}`)));
  clock.advance(4000);
  await Promise.all([batched.settled(), old.settled()]);

  const typesOf = async (client: typeof old) => (await client.settled()).map(({ type }) => type);
  for (const client of many) client.send({ type: 'leave' });
  await Promise.all(many.map((client) => client.settled()));
  clock.advance(50);
  const [first, ...others] = await typesOf(batched);
  t.equal(first, 'participant_left');
  t.ok(others.length < 20 && others.includes('participants_left'), `${others}`);
  const types = await typesOf(old);
  t.equal(types.filter((type) => type === 'participant_left').length, 110);
  t.equal(types.length, 110);

  clock.advance(4000);
  await Promise.all(many.map((client, i) => client.join('lobby', `Guest ${i}`)));
  clock.advance(4000);
  t.ok((await typesOf(batched)).includes('participants_joined'));
  t.equal((await typesOf(old)).filter((type) => type === 'participant_joined').length, 110);
});

test('a ping is answered with its id, in a room or not', async (t) => {
  const { open } = await setUp(t);
  const client = await open();
  client.send({ type: 'ping', id: 5 });
  t.strictSame(await client.next('pong'), { type: 'pong', id: 5 });
  client.send({ type: 'ping' });
  t.strictSame(await client.next('pong'), { type: 'pong' });
});

test('an unknown, malformed, binary or misplaced message gets its error, and nobody else is affected', async (t) => {
  const { open, endpoint } = await setUp(t);
  const ada = await open();
  await ada.join('lobby', 'Ada');
  const eve = await open();
  const bad: [string | Buffer, string][] = [
    ['{', 'malformed_message'],
    ['[]', 'malformed_message'],
    [Buffer.from('{"type":"ping"}'), 'malformed_message'],
    ['{"type":"dance"}', 'unknown_type'],
    ['{"type":"mute","muted":true}', 'not_joined'],
    ['{"type":"leave"}', 'not_joined'],
    ['{"type":"join","room":"a!b","name":"Eve"}', 'invalid_room'],
    ['{"type":"join","room":"lobby","name":" "}', 'invalid_name'],
  ];
  for (const [text, code] of bad) {
    eve.socket.send(text);
    t.match(await eve.next('error'), { code, message: /./ });
  }
  await eve.join('lobby', 'Eve');
  await ada.next('participant_joined');
  for (const [text, code] of [
    ['{"type":"join","room":"lobby","name":"Eve"}', 'already_joined'],
    ['{"type":"offer","sdp":"unusable"}', 'invalid_sdp'],
  ] as const) {
    eve.socket.send(text);
    t.match(await eve.next('error'), { code });
  }
  t.strictSame(await ada.settled(), []);
  t.equal(endpoint.figures.errors.get('malformed_message'), 3);
});

test('a full room and a full server have their own errors, and the connection continues', async (t) => {
  const { open } = await setUp(t);
  for (const name of ['Ada', 'Ben', 'Cy']) await (await open()).join('one', name);
  const client = await open();
  client.send({ type: 'join', room: 'one', name: 'Di' });
  t.match(await client.next('error'), { code: 'room_full' });
  await client.join('two', 'Di');
  const other = await open();
  other.send({ type: 'join', room: 'three', name: 'Ed' });
  t.match(await other.next('error'), { code: 'too_many_rooms' });
  await other.join('two', 'Ed');
});

test('a message that is too large ends the connection with its own error', async (t) => {
  const { open } = await setUp(t);
  const client = await open();
  client.socket.send(`"${'x'.repeat(1998)}"`);
  t.match(await client.next('error'), { code: 'malformed_message' }, 'the largest allowed one is read');
  client.socket.send(`"${'x'.repeat(1999)}"`);
  t.match(await client.next('error'), { code: 'message_too_large' });
  t.strictSame(await client.closed, { code: 1009, reason: 'message_too_large' });
  const greedy = await open();
  greedy.socket.send('x'.repeat(100_000));
  t.equal((await greedy.closed).code, 1009, 'one far too large is not even read');
});

test('too many messages end the connection, and a steady rate does not', async (t) => {
  const { open, clock, registry } = await setUp(t);
  const calm = await open();
  for (let second = 0; second < 5; second++) {
    for (let i = 0; i < 20; i++) {
      calm.send({ type: 'ping' });
      await calm.next('pong');
    }
    clock.advance(1000);
  }
  const hasty = await open();
  await hasty.join('lobby', 'Hasty');
  for (let i = 0; i < 39; i++) hasty.send({ type: 'ping' });
  for (let i = 0; i < 39; i++) await hasty.next('pong');
  hasty.send({ type: 'ping' });
  t.match(await hasty.next('error'), { code: 'too_many_messages' });
  t.equal(registry.figures.participants, 0);
  t.strictSame(await hasty.closed, { code: 1008, reason: 'too_many_messages' });
});

test('pings of the WebSocket protocol count as messages', async (t) => {
  const { open } = await setUp(t);
  const client = await open();
  for (let i = 0; i < 41; i++) client.socket.ping();
  t.equal((await client.closed).code, 1008);
});

test('a connection that does not join in time ends, even after a leave', async (t) => {
  const { open, clock } = await setUp(t, { pingIntervalMs: 1e6 });
  const idle = await open();
  const ada = await open();
  await ada.join('lobby', 'Ada');
  clock.advance(10_000);
  t.match(await idle.next('error'), { code: 'join_timeout' });
  t.strictSame(await idle.closed, { code: 1008, reason: 'join_timeout' });
  ada.send({ type: 'leave' });
  await ada.settled();
  clock.advance(10_000);
  t.match(await ada.next('error'), { code: 'join_timeout' });
});

test('a client that sends nothing, not even a pong, is gone, and one that answers stays', async (t) => {
  const { open, clock, registry } = await setUp(t, { pingIntervalMs: 4000 });
  const ada = await open();
  await ada.join('lobby', 'Ada');
  const ben = await open();
  await ben.join('lobby', 'Ben');
  await ada.next('participant_joined');
  ben.socket.pause();
  clock.advance(4000);
  t.strictSame(await ada.settled(), []);
  clock.advance(3999);
  t.strictSame(await ada.settled(), []);
  clock.advance(1);
  t.match(await ada.next('participant_left'), { reason: 'connection_lost' }, '8 s after the last message');
  t.equal(registry.figures.participants, 1);
});

test('closing a page is a leave, and a broken connection may come back', async (t) => {
  const { open, plane, clock } = await setUp(t, { pingIntervalMs: 1e6 });
  const ada = await open();
  await ada.join('lobby', 'Ada');
  for (const code of [1000, 1001, undefined]) {
    const ben = await open();
    await ben.join('lobby', 'Ben');
    await ada.next('participant_joined');
    ben.send({ type: 'offer', sdp: 'x' });
    await ben.next('answer');
    ben.socket.close(code);
    t.match(await ada.next('participant_left'), { reason: 'left' });
    t.strictSame(plane.openSeats, []);
  }
  for (const end of [(socket: WebSocket) => socket.terminate(), (socket: WebSocket) => socket.close(4000)]) {
    const cy = await open();
    const { participantId, resumeToken } = await cy.join('lobby', 'Cy');
    await ada.next('participant_joined');
    cy.send({ type: 'offer', sdp: 'x' });
    await cy.next('answer');
    plane.openSeats[0]?.connect();
    await ada.next('participant_updated');
    end(cy.socket);
    await cy.closed;
    t.strictSame(await ada.settled(), []);
    clock.advance(20_000);
    const again = await open();
    t.match(await again.join('lobby', 'Cy', resumeToken), { participantId, mediaResumed: true });
    again.send({ type: 'leave' });
    t.match(await ada.next('participant_left'), { reason: 'left' });
    t.strictSame(plane.openSeats, []);
  }
});

test('an offer that restarts ICE is answered by the existing connection', async (t) => {
  const { open, plane } = await setUp(t);
  const ada = await open();
  await ada.join('lobby', 'Ada');
  ada.send({ type: 'offer', sdp: 'x', restart: true });
  t.match(await ada.next('error'), { code: 'cannot_restart' });
  ada.send({ type: 'offer', sdp: 'x' });
  await ada.next('answer');
  ada.send({ type: 'offer', sdp: 'y', restart: true });
  t.match(await ada.next('answer'), { sdp: 'restart 1 of 1 for y' });
  t.equal(plane.openSeats.length, 1);
});

test("a resume token ends the participant's other connection, and the others see no leave and join", async (t) => {
  const { open } = await setUp(t);
  const watcher = await open();
  await watcher.join('lobby', 'Watcher');
  const first = await open();
  const { participantId, resumeToken } = await first.join('lobby', 'Ada');
  await watcher.next('participant_joined');
  const second = await open();
  t.match(await second.join('lobby', 'Ada', resumeToken), { participantId, resumeToken });
  t.match(await first.next('error'), { code: 'replaced' });
  t.strictSame(await first.closed, { code: 4001, reason: 'replaced' });
  t.strictSame(await watcher.settled(), []);
  second.send({ type: 'mute', muted: true });
  t.match(await watcher.next('participant_updated'), { participant: { id: participantId, muted: true } });
});

test('a client that does not read is cut off before it fills the memory', async (t) => {
  const { open, plane, registry, endpoint, clock } = await setUp(t);
  const ada = await open();
  await ada.join('lobby', 'Ada');
  ada.send({ type: 'offer', sdp: 'x' });
  await ada.next('answer');
  ada.socket.pause();
  let sent = 0;
  while (endpoint.figures.connections > 0 && sent < 500_000) {
    // The system takes megabytes for a connection, and these messages are small.
    for (let n = 0; n < 500; n++, sent++) plane.rooms[0]?.levels([{ seatId: 1, levelDbov: -20 }]);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.equal(endpoint.figures.connections, 0, `gone after ${sent} messages`);
  clock.advance(8000);
  t.equal(registry.figures.participants, 0);
});

test('pages of other sites may not connect unless they are allowed', async (t) => {
  const { open, port } = await setUp(t, {}, ['https://game.example']);
  await open({ origin: `http://127.0.0.1:${port}` });
  await open({ origin: 'https://game.example' });
  await open({ origin: 'https://voice.example', host: 'voice.example:443' });
  for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:1']) {
    await t.rejects(open({ origin }), { message: /403/ }, origin);
  }
  const { open: openAll } = await setUp(t, {}, ['*']);
  await openAll({ origin: 'https://evil.example' });
});

test('no more connections are accepted than allowed, and none on other paths', async (t) => {
  const { open } = await setUp(t, { maxConnections: 1 });
  await t.rejects(open({}, '/other'), { message: /404/ });
  const client = await open({}, '/ws?x=1');
  await t.rejects(open(), { message: /503/ });
  client.socket.close();
  await client.closed;
  await open();
});

test('a request for another protocol is refused', async (t) => {
  const { port } = await setUp(t);
  const asked = request({ port, host: '127.0.0.1', path: '/ws', headers: { connection: 'Upgrade', upgrade: 'h2c' } });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  t.equal(response.statusCode, 400);
});

test('closing notifies everybody, refuses new connections, and cuts off those who stay', async (t) => {
  const { open, endpoint, registry, clock } = await setUp(t);
  const ada = await open();
  await ada.join('lobby', 'Ada');
  const idle = await open();
  const stuck = await open();
  stuck.socket.pause();
  registry.close();
  const closed = endpoint.close(500);
  for (const client of [ada, idle]) {
    t.match(await client.next('server_closing'), { retryAfterMs: Number });
    t.strictSame(await client.closed, { code: 1012, reason: 'server_closing' });
  }
  await t.rejects(open(), { message: /503/ });
  clock.advance(500);
  await closed;
  t.equal(endpoint.figures.connections, 0);
  t.equal(clock.pendingTimers, 0);
  t.equal(stuck.socket.readyState, WebSocket.OPEN, 'the one that was cut off has not read it yet');
});

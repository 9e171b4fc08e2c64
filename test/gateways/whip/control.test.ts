import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { type Test, test } from 'tap';
import { credentialsIn } from '../../../src/gateways/whip/sdp-fragment.ts';
import { GUEST } from '../../../src/rooms/admission.ts';
import { type BroadcastServer, startBroadcast } from '../../helpers/broadcast-server.ts';
import { RecordingListener } from '../../helpers/recording-listener.ts';
import { sdpOffer } from '../../rtc/sdp/offers.ts';

const FIXTURES = new URL('../../fixtures/sdp/', import.meta.url);
const OBS = readFileSync(new URL('obs-32.sdp', FIXTURES), 'utf8');
const SPEECH = sdpOffer([{ direction: 'sendonly' }]);
const LISTENS = sdpOffer([{ direction: 'recvonly' }]);
const FRAGMENT = { 'content-type': 'application/trickle-ice-sdpfrag' };
const NEW = 'a=ice-ufrag:EsAw\r\na=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y\r\n';
/** Another way to write the credentials of the offer. */
const SAME = 'a=ice-pwd:pppppppppppppppppppppppp\r\na=ice-ufrag:ufrag\r\nm=audio 9 x 0\r\na=mid:0\r\na=candidate:1\r\n';

async function problem(response: Response | Promise<Response>): Promise<string> {
  const { status, headers } = await response;
  const type = headers.get('content-type');
  if (type !== 'application/problem+json; charset=utf-8') return `${status}, no problem but ${type}`;
  return `${status} ${((await (await response).json()) as { code: string }).code}`;
}

function joinPerson({ registry }: BroadcastServer, room = 'lobby') {
  const listener = new RecordingListener();
  const joined = registry.join({
    room,
    name: 'Ada',
    admission: GUEST,
    listener,
    state: { muted: false, deafened: false },
  });
  return { ...joined, listener };
}

/** A session of OBS in the lobby. */
async function publish(server: BroadcastServer, sdp = SPEECH, path = '/whip/lobby') {
  const response = await server.post(path, sdp);
  const location = response.headers.get('location') ?? '';
  const [participant] = [...server.registry.room('lobby').everybody].filter(({ view }) => view.via === 'whip');
  return { response, location, participant: participant!, seat: server.plane.openSeats.at(-1)! };
}

test('a program publishes: the answer, the secret address of the session, its ETag and its length', async (t) => {
  const server = await startBroadcast(t, {
    iceServers: (id) => [{ urls: ['turn:turn.example.org'], username: id, credential: 'c' }],
  });
  const { response, location, seat, participant } = await publish(server, OBS, '/whip/lobby?name=Studio%201');
  t.equal(response.status, 201);
  t.equal(response.headers.get('content-type'), 'application/sdp');
  const body = await response.text();
  t.equal(body, seat.answer);
  t.equal(response.headers.get('content-length'), String(Buffer.byteLength(body)));
  t.match(response.headers.get('etag'), /^"[\w-]{16}"$/, 'a strong one');
  t.match(location, /^\/whip\/~[\w-]{32}$/);
  const [, id] = location.split('~');
  t.equal(
    response.headers.get('link'),
    `<turn:turn.example.org>; rel="ice-server"; username="${id}"; credential="c"; credential-type="password"`,
  );
  t.match(participant.view, { name: 'Studio 1', via: 'whip', muted: false, deafened: true, microphone: 'open' });
  t.match(seat.offer, { only: 'sendonly', isRemote: false });
  t.equal(seat.options.kind, 'music', 'the offer is in stereo');
  t.same(server.broadcast.figures, { publishers: 1, listeners: 0 });
  t.not((await publish(server)).location, location);
});

test('what is sent is music if the offer is in stereo, unless the address says otherwise', async (t) => {
  const server = await startBroadcast(t);
  const kind = async (sdp: string, query = '') => (await publish(server, sdp, `/whip/lobby${query}`)).seat.options.kind;
  t.equal(await kind(SPEECH), 'voice');
  t.equal(await kind(SPEECH, '?source=music'), 'music');
  t.equal(await kind(OBS, '?source=voice'), 'voice');
  t.equal(await problem(server.post('/whip/lobby?source=loud', SPEECH)), '400 invalid_request');
});

test('a player listens without being in the room, which is told', async (t) => {
  const server = await startBroadcast(t);
  const { listener, participant } = joinPerson(server);
  const response = await server.post('/whep/lobby', LISTENS);
  t.equal(response.status, 201);
  t.match(response.headers.get('location'), /^\/whep\/~[\w-]{32}$/);
  const [seat] = server.plane.openSeats;
  t.match(seat?.offer, { only: 'recvonly' });
  t.match(seat?.state, { muted: true, deafened: false });
  seat?.connect();
  t.same(listener.take('listeners'), [{ type: 'listeners', listeners: 1 }]);
  t.equal(server.registry.room('lobby').size, 1);
  t.equal(server.broadcast.figures.listeners, 1);
  t.equal((await server.request('DELETE', response.headers.get('location') ?? '')).status, 200);
  server.clock.advance(1000);
  t.same(listener.take('listeners'), [{ type: 'listeners', listeners: 0 }]);
  t.equal(server.broadcast.figures.listeners, 0);
  participant.leave('left');
});

test('there is nothing to hear in a room in which nobody is', async (t) => {
  const { post } = await startBroadcast(t);
  const response = await post('/whep/lobby', LISTENS);
  t.equal(response.headers.get('retry-after'), '5');
  t.equal(await problem(response), '409 nothing_to_hear');
});

test('a session is ended at its address, once, and only there', async (t) => {
  const server = await startBroadcast(t);
  const { listener } = joinPerson(server);
  const { location, participant } = await publish(server);
  const { request } = server;
  t.equal(await problem(request('DELETE', location.replace('/whip/', '/whep/'))), '404 unknown_session');
  t.equal(await problem(request('DELETE', '/whip/~AAAA')), '404 unknown_session');
  t.equal(await problem(request('DELETE', '/whip/lobby')), '405 method_not_allowed');
  const ended = await request('DELETE', location);
  t.equal(ended.status, 200);
  t.equal(ended.headers.get('content-length'), '0');
  t.match(listener.take('participant_left'), [{ participantId: participant.id, reason: 'left' }]);
  t.equal(await problem(request('DELETE', location)), '404 unknown_session');
  t.equal(server.broadcast.figures.publishers, 0);
});

test('the address of a room or a session tells what it takes', async (t) => {
  const server = await startBroadcast(t);
  const { location, response } = await publish(server);
  const { request } = server;
  for (const method of ['GET', 'HEAD', 'OPTIONS']) {
    const atRoom = await request(method, '/whip/lobby');
    t.equal(atRoom.status, 204, method);
    t.equal(atRoom.headers.get('accept-post'), 'application/sdp');
    t.equal(atRoom.headers.get('cache-control'), 'no-store');
    const atSession = await request(method, location);
    t.equal(atSession.status, 204, method);
    t.equal(atSession.headers.get('accept-patch'), 'application/trickle-ice-sdpfrag');
  }
  t.equal((await request('GET', location)).headers.get('etag'), response.headers.get('etag'));
  const wrong = await request('PUT', '/whip/lobby');
  t.equal(wrong.headers.get('allow'), 'OPTIONS, GET, HEAD, POST');
  t.equal(await problem(wrong), '405 method_not_allowed');
  t.equal((await request('POST', location)).headers.get('allow'), 'OPTIONS, GET, HEAD, PATCH, DELETE');
});

test('candidates are taken and not needed; new credentials restart ICE', async (t) => {
  const server = await startBroadcast(t);
  const { location, response, seat } = await publish(server);
  const { request } = server;
  const etag = response.headers.get('etag') ?? '';
  const patch = (condition: string | null, body: string, headers = FRAGMENT) =>
    request('PATCH', location, { ...headers, ...(condition !== null && { 'if-match': condition }) }, body);
  t.equal(await problem(patch(null, SAME)), '428 etag_required');
  t.equal(await problem(patch('"other"', SAME)), '412 etag_wrong');
  t.equal(await problem(patch(`W/${etag}`, SAME)), '412 etag_wrong');
  t.equal(await problem(patch(etag, 'nonsense')), '400 invalid_sdp');
  t.equal(await problem(patch(etag, SAME, { 'content-type': 'application/sdp' })), '415 unsupported_media_type');
  for (const condition of [etag, `"x", ${etag}`, '*']) {
    const trickled = await patch(condition, SAME);
    t.equal(trickled.status, 204);
    t.equal(trickled.headers.get('etag'), null);
  }
  t.equal(seat.restarts, 0);
  const restarted = await patch('*', NEW);
  t.equal(restarted.status, 200);
  t.equal(restarted.headers.get('content-type'), 'application/trickle-ice-sdpfrag');
  const body = await restarted.text();
  t.equal(restarted.headers.get('content-length'), String(body.length));
  t.match(body, /^a=ice-lite\r\na=ice-ufrag:EsAw\r\n/, 'the fake answer has the credentials of the offer');
  t.equal(seat.restarts, 1);
  t.same(credentialsIn(seat.offer.sdp), { ufrag: 'EsAw', password: 'bP+XJMM09aR8AiX1jdukzR6Y' });
  t.equal(seat.offer.only, 'sendonly');
  const next = restarted.headers.get('etag') ?? '';
  t.not(next, etag);
  t.equal(await problem(patch(etag, SAME)), '412 etag_wrong');
  t.equal((await patch(next, NEW)).status, 204, 'the same credentials again');
});

test('ICE restarts have a rate', async (t) => {
  const server = await startBroadcast(t);
  const { location } = await publish(server);
  const restart = (count: number) =>
    server.request('PATCH', location, { ...FRAGMENT, 'if-match': '*' }, NEW.replace('EsAw', `Es${100 + count}`));
  for (let count = 0; count < 8; count++) t.equal((await restart(count)).status, 200);
  const refused = await restart(8);
  t.equal(refused.headers.get('retry-after'), '1');
  t.equal(await problem(refused), '429 too_many_offers');
  server.clock.advance(500);
  t.equal((await restart(9)).status, 200);
});

test('what cannot be used is refused, and leaves nobody in the room', async (t) => {
  const server = await startBroadcast(t);
  const { post, request, registry, plane } = server;
  const video = sdpOffer([{ kind: 'video' }]);
  t.equal(
    await problem(request('POST', '/whip/lobby', { 'content-type': 'text/plain' }, SPEECH)),
    '415 unsupported_media_type',
  );
  t.equal(await problem(request('POST', '/whip/lobby')), '415 unsupported_media_type');
  t.equal(await problem(post('/whip/lobby', 'hello')), '400 invalid_sdp');
  t.equal(await problem(post('/whip/lobby', SPEECH.replace('actpass', 'passive'))), '400 invalid_sdp');
  t.equal(await problem(post('/whip/lobby', video)), '406 unusable_offer');
  t.equal(
    await problem(post('/whip/lobby', `${SPEECH}a=unusable\r\n`)),
    '400 invalid_sdp',
    'refused by the media plane',
  );
  t.equal(await problem(post('/whip/lobby', SPEECH + 'a=x\r\n'.repeat(3000))), '413 sdp_too_large');
  t.equal(await problem(post('/whip/lobby?name=%00', SPEECH)), '400 invalid_name');
  t.equal(await problem(post('/whip/a:b', SPEECH)), '400 invalid_room');
  t.equal(await problem(post('/whip/%zz', SPEECH)), '404 not_found');
  plane.busy = true;
  const busy = await post('/whip/lobby', SPEECH);
  t.equal(busy.headers.get('retry-after'), '5');
  t.equal(await problem(busy), '503 server_busy');
  t.same([...registry.rooms], []);
  t.match(server.broadcast.figures, { publishers: 0, listeners: 0 });
  t.equal(server.errors.get('unusable_offer'), 1);
});

test('a body without a length is bounded, too, and the client learns why it is refused', async (t) => {
  const { url } = await startBroadcast(t);
  const status = await new Promise((resolve, reject) => {
    const sent = httpRequest(`${url}/whip/lobby`, { method: 'POST', headers: { 'content-type': 'application/sdp' } });
    sent.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject);
    for (let chunk = 0; chunk < 20; chunk++) sent.write('x'.repeat(1000));
  });
  t.equal(status, 413);
});

test('a token decides about name, room and rights; a wrong one is refused, and guessing has a limit', async (t) => {
  const server = await startBroadcast(t, { access: 'token', maxFailedJoinsPerMinute: 2 });
  const { access, post, registry } = server;
  const grant = { room: 'lobby', identity: 'obs-1', name: 'Studio', maySpeak: true, mayModerate: false };
  const token = (change: Partial<typeof grant> = {}) => access.createToken({ ...grant, ...change }, 60_000);
  t.equal(await problem(post('/whip/lobby', SPEECH)), '401 token_required');
  t.equal(await problem(post('/whip/other', SPEECH, await token())), '401 token_invalid');
  const wrong = await post('/whip/lobby', SPEECH, 'guessed');
  t.equal(wrong.headers.get('www-authenticate'), 'Bearer realm="partyline"');
  t.equal(await problem(wrong), '401 token_invalid');
  t.equal(await problem(post('/whip/lobby', SPEECH, 'guessed')), '429 rate_limited');
  server.clock.advance(60_000);
  t.equal(await problem(post('/whip/lobby', SPEECH, await token({ maySpeak: false }))), '403 not_allowed');
  t.equal((await post('/whip/lobby?name=Fake', SPEECH, await token())).status, 201);
  t.match(registry.room('lobby').participants, [{ name: 'Studio', identity: 'obs-1', via: 'whip' }]);
  t.equal((await post('/whip/lobby', SPEECH, await token())).status, 201, 'comes back after a crash');
  t.equal(registry.room('lobby').size, 1, 'and takes its place');
  t.equal(server.broadcast.figures.publishers, 1);
  t.equal((await post('/whep/lobby', LISTENS, await token({ identity: 'tv', maySpeak: false }))).status, 201);
  t.equal(await problem(post('/whep/lobby', LISTENS)), '401 token_required');
});

test('on an open server a room with a password is only for holders of tokens', async (t) => {
  const { post, access } = await startBroadcast(t, { roomPasswords: { vault: 'open sesame' } });
  t.equal(await problem(post('/whip/vault', SPEECH)), '401 password_required');
  t.equal(await problem(post('/whip/vault', SPEECH, 'open')), '401 token_invalid');
  const token = await access.createToken({ room: 'vault', identity: 'x', maySpeak: true, mayModerate: false }, 60_000);
  t.equal((await post('/whip/vault', SPEECH, token)).status, 201);
});

test('pages of other sites may use it if the operator lets them, and browsers show them what they need', async (t) => {
  const { request, post } = await startBroadcast(t, { allowOrigins: ['https://radio.example'] });
  const ask = (origin: string) =>
    request('OPTIONS', '/whep/lobby', { origin, 'access-control-request-method': 'POST' });
  const { headers, status } = await ask('https://radio.example');
  t.equal(status, 204);
  t.equal(headers.get('access-control-allow-origin'), 'https://radio.example');
  t.match(headers.get('access-control-allow-methods'), /\bPOST\b/);
  t.match(headers.get('access-control-allow-headers'), /Authorization, Content-Type, If-Match/);
  t.match(headers.get('access-control-expose-headers'), /Location, ETag, Link/);
  t.match(headers.get('vary'), /Origin/);
  const other = await ask('https://evil.example');
  t.equal(other.headers.get('access-control-allow-origin'), null);
  t.equal(await problem(other), '403 forbidden_origin');
  const hidden = await request(
    'POST',
    '/whep/lobby',
    { origin: 'https://evil.example', 'content-type': 'application/sdp' },
    LISTENS,
  );
  t.equal(await problem(hidden), '403 forbidden_origin', 'also without asking first');
  t.equal(await problem(post('/whep/lobby', LISTENS)), '409 nothing_to_hear', 'programs have no origin');
});

test('each of the two is off until the operator wants it', async (t) => {
  const off = await startBroadcast(t, { kinds: new Set() });
  t.equal(await problem(off.post('/whip/lobby', SPEECH)), '404 whip_off');
  t.equal(await problem(off.post('/whep/lobby', LISTENS)), '404 whip_off');
  const half = await startBroadcast(t, { kinds: new Set(['whip'] as const) });
  t.equal(await problem(half.post('/whep/lobby', LISTENS)), '404 whip_off');
  t.equal((await half.post('/whip/lobby', SPEECH)).status, 201);
});

test('sessions have limits, and what has ended no longer counts', async (t) => {
  const count = async (t: Test, server: BroadcastServer, first: string, second: string) => {
    const sdp = (path: string) => (path.startsWith('/whip') ? SPEECH : LISTENS);
    const { headers } = await server.post(first, sdp(first));
    const refused = await server.post(second, sdp(second));
    t.equal(refused.headers.get('retry-after'), '5');
    t.equal(await problem(refused), '503 too_many_connections');
    await server.request('DELETE', headers.get('location') ?? '');
    t.equal((await server.post(second, sdp(second))).status, 201);
  };
  const publishers = await startBroadcast(t, { limits: { maxPublishers: 1 } });
  await count(t, publishers, '/whip/lobby', '/whip/lobby');
  t.equal(publishers.limitCounts.counts.get('publishers'), 1);
  const listeners = await startBroadcast(t, { limits: { maxListeners: 1 } });
  joinPerson(listeners);
  await count(t, listeners, '/whep/lobby', '/whep/lobby');
  t.equal(listeners.limitCounts.counts.get('listeners'), 1);
  const perAddress = await startBroadcast(t, { limits: { maxPerAddress: 1 } });
  joinPerson(perAddress);
  await count(t, perAddress, '/whip/lobby', '/whep/lobby');
  t.equal(perAddress.limitCounts.counts.get('broadcast_sessions_per_address'), 1);
});

test('a publisher can be kicked, moved and muted, and speaks again as soon as it may', async (t) => {
  const server = await startBroadcast(t);
  const { registry, request } = server;
  joinPerson(server);
  const { location, participant, seat } = await publish(server);
  const lobby = registry.room('lobby');
  seat.connect();
  const mute = (muted: boolean) =>
    registry.room(participant.roomName).moderate({ type: 'mute_participant', participantId: participant.id, muted });
  mute(true);
  t.equal(seat.muted, true);
  mute(false);
  await Promise.resolve();
  server.clock.advance(2000);
  await Promise.resolve();
  t.equal(seat.muted, false);
  t.equal(participant.view.muted, false);
  registry.move('lobby', participant.id, 'stage');
  t.equal(participant.roomName, 'stage');
  t.equal((await request('GET', location)).status, 204, 'the session goes along');
  registry.room('stage').moderate({ type: 'kick', participantId: participant.id, banSeconds: 0 });
  t.equal(seat.open, false);
  t.equal(await problem(request('GET', location)), '404 unknown_session');
  t.equal(server.broadcast.figures.publishers, 0);
  t.equal(lobby.size, 1);
});

test('a publisher whose media ends has left, and everything ends with the server', async (t) => {
  const server = await startBroadcast(t);
  const { listener } = joinPerson(server);
  const { location, participant, seat } = await publish(server);
  seat.connect();
  listener.events.length = 0;
  seat.end('silent');
  await Promise.resolve();
  t.match(listener.take('participant_left'), [{ participantId: participant.id, reason: 'connection_lost' }]);
  t.equal(await problem(server.request('GET', location)), '404 unknown_session');
  const again = await publish(server);
  await server.post('/whep/lobby', LISTENS);
  server.registry.close();
  t.equal(await problem(server.request('GET', again.location)), '404 unknown_session');
  t.match(server.broadcast.figures, { publishers: 0, listeners: 0 });
  const closed = await server.post('/whip/lobby', SPEECH);
  t.equal(closed.headers.get('retry-after'), '5');
  t.equal(await problem(closed), '503 server_closing');
});

test('a draining server takes nobody new', async (t) => {
  const server = await startBroadcast(t);
  joinPerson(server);
  server.registry.drain(null);
  t.equal(await problem(server.post('/whip/lobby', SPEECH)), '503 server_draining');
  t.equal(await problem(server.post('/whep/lobby', LISTENS)), '503 server_draining');
});

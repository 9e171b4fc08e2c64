import { type Test, test } from 'tap';
import { WebSocket } from 'ws';
import { createJoinToken, tokenKey } from '../../src/rooms/join-token.ts';
import type { RoomRegistry } from '../../src/rooms/registry.ts';
import { VoiceClient } from '../../web/sdk/voice-client.ts';
import { eventually } from '../helpers/eventually.ts';
import { startSignalingServer } from '../helpers/signaling-server.ts';
import { FakeBrowser, joined, OPTIONS, settle, setUp, URL } from './fake-browser.ts';

const SECRET = 'a secret that is long enough to sign with';
const TOKEN_LIFETIME_MS = 60_000;

/** A server as after a start, whose clock shows this much more than zero. */
async function startServer(t: Test, elapsedMs = 0) {
  const server = await startSignalingServer(t, { mode: 'token', tokenSecret: SECRET, limits: { pingIntervalMs: 1e9 } });
  server.clock.advance(elapsedMs);
  const token = (identity = 'ada', room = 'lobby') => {
    const grant = { room, identity, name: identity, maySpeak: true, mayModerate: false };
    return createJoinToken(tokenKey(SECRET), grant, {
      wallNowMs: server.clock.wallNow(),
      lifetimeMs: TOKEN_LIFETIME_MS,
    });
  };
  return { ...server, token };
}

/** When the token of the only participant expires. */
function expiresAtMs(registry: RoomRegistry): number | undefined {
  const [participant] = registry.room('lobby').everybody;
  return participant?.tokenExpiresAtMs;
}

/** The client library in a browser with real WebSockets to the server that runs at the moment. */
function createClient(t: Test, port: () => number) {
  const browser = new FakeBrowser();
  const openWebSocket = () => new WebSocket(`ws://127.0.0.1:${port()}/ws`) as unknown as globalThis.WebSocket;
  const client = new VoiceClient({ ...browser.environment, openWebSocket });
  t.teardown(() => client.close());
  return { browser, client };
}

test('a participant whose token has expired is back after a restart of the server', async (t) => {
  const before = await startServer(t);
  let { port } = before;
  const { browser, client } = createClient(t, () => port);
  const token = await before.token();
  await client.connect('ws://server/ws', { room: 'lobby', name: 'Ada', token });
  const kept: { token: string; room: string }[] = [];
  client.on('token', (renewed) => kept.push(renewed));
  before.clock.advance(TOKEN_LIFETIME_MS / 2);
  await eventually(() => kept.length === 1);
  t.match(kept, [{ room: 'lobby' }]);
  t.not(kept[0]?.token, token);
  before.clock.advance(540_000);
  const elapsedMs = before.clock.now();
  before.registry.close();
  await before.endpoint.close(0);
  await eventually(() => client.state.status === 'reconnecting');

  const after = await startServer(t, elapsedMs);
  port = after.port;
  const other = await after.open();
  other.send({ type: 'join', room: 'lobby', name: 'Ada', token });
  t.match(await other.next('error'), { code: 'token_expired' }, 'the first token is of no use any more');
  await browser.advance(4_000);
  await eventually(() => client.state.status === 'connected');
  t.match([...client.participants.values()], [{ identity: 'ada', name: 'ada' }]);
  after.clock.advance(400_000);
  await eventually(() => kept.length === 2);
  t.pass('the renewed token is renewed in turn');
});

test('the application renews the token, if it can', async (t) => {
  const before = await startServer(t);
  let { port } = before;
  const { browser, client } = createClient(t, () => port);
  let asked = 0;
  const token = () => {
    asked += 1;
    return before.token();
  };
  await client.connect('ws://server/ws', { room: 'lobby', name: 'Ada', token });
  t.equal(asked, 1);
  before.clock.advance(TOKEN_LIFETIME_MS / 2);
  await eventually(() => expiresAtMs(before.registry) === before.clock.wallNow() + TOKEN_LIFETIME_MS);
  t.equal(asked, 2);
  before.clock.advance(TOKEN_LIFETIME_MS / 2);
  await eventually(() => expiresAtMs(before.registry) === before.clock.wallNow() + TOKEN_LIFETIME_MS);
  t.equal(asked, 3);
  const elapsedMs = before.clock.now();
  before.registry.close();
  await before.endpoint.close(0);
  await eventually(() => client.state.status === 'reconnecting');
  const after = await startServer(t, elapsedMs + 45_000);
  port = after.port;
  await browser.advance(4_000);
  await eventually(() => client.state.status === 'connected');
  t.equal(asked, 3, 'the last token was still valid');
});

test('the server renews a token only for the same person and room, and not for guests', async (t) => {
  const { open, token, clock, registry } = await startServer(t);
  const ada = await open();
  ada.send({ type: 'join', room: 'lobby', name: 'Ada', token: await token() });
  await ada.next('joined');
  ada.send({ type: 'renew_token', token: await token('ben') });
  t.match(await ada.next('error'), { code: 'token_invalid', message: /identity/ });
  ada.send({ type: 'renew_token', token: await token('ada', 'annex') });
  t.match(await ada.next('error'), { code: 'token_invalid', message: /room/ });
  clock.advance(20_000);
  ada.send({ type: 'renew_token', token: await token() });
  t.strictSame(await ada.next('token_renewed'), {
    type: 'token_renewed',
    room: 'lobby',
    expiresInMs: TOKEN_LIFETIME_MS,
  });
  clock.advance(TOKEN_LIFETIME_MS / 2);
  t.strictSame(await ada.next('token_expires'), { type: 'token_expires', inMs: TOKEN_LIFETIME_MS / 2 });
  ada.send({ type: 'renew_token' });
  const { token: renewed = '' } = await ada.next('token_renewed');
  const [, claims = ''] = renewed.split('.');
  t.match(JSON.parse(Buffer.from(claims, 'base64url').toString()), {
    sub: 'ada',
    name: 'ada',
    voice: { room: 'lobby', canPublish: true, roomAdmin: false },
  });
  const [{ id = '' } = {}] = registry.room('lobby').participants;
  registry.room('lobby').moderate({ type: 'kick', participantId: id, banSeconds: 0 });
  const again = await open();
  again.send({ type: 'join', room: 'lobby', name: 'Ada', token: renewed });
  t.match(await again.next('error'), { code: 'kicked' }, 'a renewed token does not undo a removal');

  const guests = await startSignalingServer(t, { tokenSecret: SECRET });
  const guest = await guests.open();
  await guest.join('lobby', 'Ben');
  guest.send({ type: 'renew_token' });
  t.match(await guest.next('error'), { code: 'not_allowed' });
});

test('renewals are limited', async (t) => {
  const { open, token } = await startServer(t);
  const ada = await open();
  ada.send({ type: 'join', room: 'lobby', name: 'Ada', token: await token() });
  await ada.next('joined');
  for (let i = 0; i < 5; i++) ada.send({ type: 'renew_token' });
  t.match(await ada.skipTo('error'), { code: 'rate_limited', retryAfterMs: 5000 });
});

test('a join whose token is refused is tried again with a new one, once', async (t) => {
  const browser = new FakeBrowser();
  const client = new VoiceClient(browser.environment);
  const tokens = ['first', 'second', 'third'];
  const connecting = client.connect(URL, { ...OPTIONS, token: async () => tokens.shift() ?? 'none' });
  await settle();
  await browser.acceptJoin();
  await connecting;
  t.match(browser.socket.sentOf('join'), [{ token: 'first' }]);
  const refuse = async () => {
    browser.socket.open();
    browser.socket.receive({ type: 'error', code: 'token_expired', message: 'No.' });
    await browser.advance(2_000);
  };
  browser.socket.drop();
  await browser.advance(2_000);
  await refuse();
  t.equal(client.state.status, 'reconnecting');
  browser.socket.open();
  t.match(browser.socket.sentOf('join'), [{ token: 'second' }]);
  browser.socket.receive({ type: 'error', code: 'token_expired', message: 'No.' });
  t.match(client.state, { status: 'closed', reason: 'token_expired' });
});

test('an application without a token is an error of the first join, and a pause later', async (t) => {
  const { browser, client } = setUp();
  let fails = true;
  const token = async () => {
    if (fails) throw new Error('the login server is down');
    return 'fresh';
  };
  await t.rejects(client.connect(URL, { ...OPTIONS, token }), {
    code: 'token_unavailable',
    message: /login server is down/,
  });
  t.equal(browser.sockets.length, 0);
  fails = false;
  const connecting = client.connect(URL, { ...OPTIONS, token });
  await settle();
  await browser.acceptJoin();
  await connecting;
  fails = true;
  browser.socket.receive({ type: 'token_expires', inMs: 1000 });
  await settle();
  t.same(browser.socket.sentOf('renew_token'), [{ type: 'renew_token' }], 'the server is asked instead');
  browser.socket.receive({ type: 'token_renewed', room: 'annex', token: 'of the server', expiresInMs: 1000 });
  browser.socket.drop();
  await browser.advance(2_000);
  browser.socket.open();
  t.match(browser.socket.sentOf('join'), [{ token: 'of the server', room: 'annex' }]);
  t.match(joined(), { type: 'joined' });
  client.close();
});

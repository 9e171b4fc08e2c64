import { setTimeout as sleep } from 'node:timers/promises';
import { type Test, test } from 'tap';
import { createJoinToken, tokenKey } from '../../src/rooms/join-token.ts';
import { eventually } from '../helpers/eventually.ts';
import { type SignalingServerOptions, startSignalingServer } from '../helpers/signaling-server.ts';

const SECRET = 'a secret that is long enough to sign with';
async function setUp(t: Test, choices: Pick<SignalingServerOptions, 'mode' | 'roomPasswords'> = {}) {
  const server = await startSignalingServer(t, { tokenSecret: SECRET, limits: { pingIntervalMs: 1e6 }, ...choices });
  const token = (identity: string, rights: { maySpeak?: boolean; mayModerate?: boolean } = {}) => {
    const grant = { room: 'lobby', identity, name: identity, maySpeak: true, mayModerate: false, ...rights };
    return createJoinToken(tokenKey(SECRET), grant, { wallNowMs: server.clock.wallNow(), lifetimeMs: 60_000 });
  };
  return { ...server, token };
}

const ADA = { type: 'join', room: 'lobby', name: 'Ada' } as const;

test('a refused join gets its code, and the same connection may try again', async (t) => {
  const { open, token, clock } = await setUp(t, { mode: 'token' });
  const ada = await open();
  const old = await token('ada');
  clock.advance(9_000);
  ada.send(ADA);
  t.match(await ada.next('error'), { code: 'token_required' });
  ada.send({ ...ADA, token: 'nonsense' });
  t.match(await ada.next('error'), { code: 'token_invalid' });
  ada.send({ ...ADA, room: 'other', token: old });
  t.match(await ada.next('error'), { code: 'token_invalid', message: /another room/ });
  ada.send({ ...ADA, token: 'x'.repeat(4097) });
  t.match(await ada.next('error'), { code: 'malformed_message' }, 'a token this large is not even parsed');
  ada.send({ ...ADA, name: 'whatever', token: old });
  t.match(await ada.next('joined'), {
    locked: false,
    participants: [{ identity: 'ada', name: 'ada', maySpeak: true, mayModerate: false, mutedByModerator: false }],
  });
  clock.advance(90_000);
  const late = await open();
  late.send({ ...ADA, token: old });
  t.match(await late.next('error'), { code: 'token_expired' });
});

test('a room with a password says whether one is missing or wrong', async (t) => {
  const { open } = await setUp(t, { roomPasswords: { vault: 'open sesame' } });
  const ada = await open();
  ada.send({ ...ADA, room: 'vault' });
  t.match(await ada.next('error'), { code: 'password_required' });
  ada.send({ ...ADA, room: 'vault', password: 'open barley' });
  t.match(await ada.next('error'), { code: 'wrong_password' });
  ada.send({ ...ADA, room: 'vault', password: 'open sesame' });
  t.match(await ada.next('joined'), { room: 'vault' });
});

test('a join says how others get in, and a ban how long it lasts', async (t) => {
  const { open, access, token, clock } = await setUp(t, { roomPasswords: { Vault: 'open sesame' } });
  const ada = await open();
  ada.send({ ...ADA, room: 'vault', password: 'open sesame' });
  t.match(await ada.next('joined'), { room: 'vault', entry: 'password' });
  const ben = await open();
  ben.send({ ...ADA, name: 'Ben', hasMicrophone: false });
  t.match(await ben.next('joined'), { entry: 'open', participants: [{ microphone: 'none' }] });
  ben.send({ type: 'state', hasMicrophone: true });
  t.match(await ben.next('participant_updated'), { participant: { microphone: 'open' } });
  access.bans.add({ room: 'lobby', identity: 'cy', name: 'Cy', by: null, durationMs: 60_000 });
  clock.advance(20_000);
  const cy = await open();
  cy.send({ ...ADA, token: await token('cy') });
  t.match(await cy.next('error'), { code: 'kicked', retryAfterMs: 40_000 });
  const members = await setUp(t, { mode: 'token' });
  const dan = await members.open();
  dan.send({ ...ADA, token: await members.token('dan') });
  t.match(await dan.next('joined'), { entry: 'token' });
});

test('messages during the check of a join are handled after it, in order', async (t) => {
  const { open } = await setUp(t, { roomPasswords: { vault: 'open sesame' } });
  const ada = await open();
  ada.send({ ...ADA, room: 'vault', password: 'wrong' });
  ada.send({ type: 'mute', muted: true });
  ada.send({ ...ADA, room: 'vault', password: 'open sesame' });
  ada.send({ type: 'mute', muted: true });
  ada.send(ADA);
  ada.send({ type: 'ping', id: 1 });
  t.match(await ada.next('error'), { code: 'wrong_password' });
  t.match(await ada.next('error'), { code: 'not_joined' });
  t.match(await ada.next('joined'), { participants: [{ muted: false }] });
  t.match(await ada.next('participant_updated'), { participant: { muted: true } });
  t.match(await ada.next('error'), { code: 'already_joined' });
  t.match(await ada.next('pong'), { id: 1 });
});

test('a connection that sends too much while its join is checked ends', async (t) => {
  const { open } = await setUp(t, { roomPasswords: { vault: 'open sesame' } });
  const ada = await open();
  ada.send({ ...ADA, room: 'vault', password: 'wrong' });
  for (let i = 0; i < 17; i++) ada.send({ type: 'ping' });
  t.match(await ada.next('error'), { code: 'too_many_messages' });
  t.strictSame(await ada.closed, { code: 1008, reason: 'too_many_messages' });
});

test('a connection that closes or takes too long while its join is checked leaves nothing behind', async (t) => {
  const { open, clock, endpoint, registry } = await setUp(t, { roomPasswords: { vault: 'open sesame' } });
  const busy = await open();
  busy.send({ ...ADA, room: 'vault', password: 'first' });
  const [gone, slow] = [await open(), await open()];
  gone.send({ ...ADA, room: 'vault', password: 'second' });
  slow.send({ ...ADA, room: 'vault', password: 'third' });
  t.match(await busy.next('error'), { code: 'wrong_password' });
  gone.socket.close();
  await gone.closed;
  await eventually(() => endpoint.figures.connections === 2);
  clock.advance(10_000);
  t.match(await slow.next('error'), { code: 'join_timeout' });
  await slow.closed;
  await sleep(200);
  t.equal(endpoint.figures.errors.get('wrong_password'), 1, 'nothing is sent to a client that has left');
  t.equal(registry.figures.participants, 0);
  t.strictSame(Object.fromEntries(endpoint.figures.joins), { ok: 0, wrong_password: 1 });
  const later = await open();
  later.send({ ...ADA, room: 'vault', password: 'open sesame' });
  await later.next('joined');
});

test('a server that closes while joins are checked refuses them', async (t) => {
  const { open, registry, endpoint } = await setUp(t, { roomPasswords: { vault: 'open sesame' } });
  const [first, second] = [await open(), await open()];
  for (const client of [first, second]) client.send({ ...ADA, room: 'vault', password: 'wrong' });
  await eventually(() => endpoint.figures.messagesIn === 2);
  registry.close();
  t.match(await second.next('error'), { code: 'server_closing' });
  t.strictSame(await second.closed, { code: 1012, reason: 'server_closing' });
});

test('a moderator mutes, locks and kicks over the wire, and a kicked participant’s connection ends with its own code', async (t) => {
  const { open, token } = await setUp(t);
  const mod = await open();
  mod.send({ ...ADA, token: await token('mod', { mayModerate: true }) });
  await mod.next('joined');
  const ben = await open();
  const benToken = await token('ben');
  ben.send({ ...ADA, token: benToken });
  const { participantId, resumeToken } = await ben.next('joined');
  await mod.next('participant_joined');

  mod.send({ type: 'mute_participant', participantId, muted: true });
  t.match(await ben.next('participant_updated'), { participant: { muted: true, mutedByModerator: true } });
  ben.send({ type: 'mute', muted: false });
  t.match(await ben.next('error'), { code: 'not_allowed' });
  ben.send({ type: 'kick', participantId });
  t.match(await ben.next('error'), { code: 'not_allowed' });

  mod.send({ type: 'lock', locked: true });
  t.match(await ben.next('room_updated'), { locked: true });
  const cy = await open();
  cy.send({ ...ADA, name: 'Cy' });
  t.match(await cy.next('error'), { code: 'room_locked' });
  mod.send({ type: 'lock', locked: false });
  t.match(await ben.next('room_updated'), { locked: false });

  mod.send({ type: 'kick', participantId, banSeconds: 60 });
  t.match(await ben.next('error'), { code: 'kicked' });
  t.strictSame(await ben.closed, { code: 4003, reason: 'kicked' });
  t.match(
    (await mod.settled()).filter(({ type }) => type === 'participant_left'),
    [{ participantId, reason: 'kicked' }],
  );
  const again = await open();
  again.send({ ...ADA, token: benToken, resumeToken });
  t.match(await again.next('error'), { code: 'kicked' });
  t.equal((await again.closed).code, 4003);
  mod.send({ type: 'kick', participantId });
  t.match(await mod.next('error'), { code: 'unknown_participant' });
});

test('a listen-only participant joins muted and may not unmute', async (t) => {
  const { open, token, plane } = await setUp(t, { mode: 'token' });
  const ben = await open();
  ben.send({ ...ADA, muted: false, token: await token('ben', { maySpeak: false }) });
  t.match(await ben.next('joined'), { participants: [{ maySpeak: false, muted: true }] });
  ben.send({ type: 'offer', sdp: 'x' });
  await ben.next('answer');
  ben.send({ type: 'mute', muted: false });
  t.match(await ben.next('error'), { code: 'not_allowed' });
  t.equal(plane.openSeats[0]?.muted, true);
});

test('a request of a moderator with a number is answered with the same number', async (t) => {
  const { open, token } = await setUp(t);
  const mod = await open();
  mod.send({ ...ADA, token: await token('mod', { mayModerate: true }) });
  await mod.next('joined');
  mod.send({ type: 'lock', locked: true, requestId: 7 });
  await mod.next('room_updated');
  t.strictSame(await mod.next('done'), { type: 'done', requestId: 7 });
  mod.send({ type: 'kick', participantId: 'nobody', requestId: 8 });
  t.match(await mod.next('error'), { code: 'unknown_participant', requestId: 8 });
  const ben = await open();
  ben.send({ ...ADA, token: await token('ben', {}) });
  t.equal((await ben.next('error')).requestId, undefined);
});

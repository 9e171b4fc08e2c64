import { type Test, test } from 'tap';
import { createJoinToken, tokenKey } from '../../src/rooms/join-token.ts';
import { type SignalingServerOptions, startSignalingServer } from '../helpers/signaling-server.ts';

const SECRET = 'a secret that is long enough to sign with';

async function setUp(t: Test, choices: SignalingServerOptions = {}) {
  const server = await startSignalingServer(t, {
    tokenSecret: SECRET,
    roomList: 'public',
    limits: { pingIntervalMs: 1e6 },
    ...choices,
  });
  const token = (room: string, identity: string, rights: { maySpeak?: boolean; mayModerate?: boolean } = {}) => {
    const grant = { room, identity, maySpeak: true, mayModerate: false, ...rights };
    return createJoinToken(tokenKey(SECRET), grant, { wallNowMs: server.clock.wallNow(), lifetimeMs: 60_000 });
  };
  const join = async (room: string, name: string, text?: string) => {
    const client = await server.open();
    client.send({ type: 'join', room, name, ...(text !== undefined && { token: text }) });
    return { client, joined: await client.next('joined') };
  };
  return { ...server, token, join };
}

test('somebody who sees a room goes there, and stays the same participant', async (t) => {
  const { join, registry, plane } = await setUp(t);
  registry.create({ name: 'Games/Chess', locked: false, description: 'Slow and quiet', order: 1 });
  const { client: ben } = await join('Games/Chess', 'Ben');
  const { client: ada, joined } = await join('lobby', 'Ada');
  t.equal(joined.roomList, true);
  ada.send({ type: 'watch_rooms', on: true, requestId: 1 });
  t.match(await ada.next('rooms'), {
    rooms: [
      { name: 'Games/Chess', description: 'Slow and quiet', permanent: true, people: [{ name: 'Ben' }] },
      { name: 'lobby', permanent: false, people: [{ name: 'Ada' }] },
    ],
  });
  t.match(await ada.next('done'), { requestId: 1 });
  ada.send({ type: 'switch_room', room: 'games/chess', requestId: 2 });
  t.match(await ada.next('moved'), {
    room: 'Games/Chess',
    participants: [{ name: 'Ben' }, { id: joined.participantId }],
  });
  t.match(await ada.next('done'), { requestId: 2 });
  t.match(await ben.next('participant_joined'), { participant: { id: joined.participantId, name: 'Ada' } });
  t.equal(registry.figures.rooms, 1, 'the room that is empty now has closed');
  t.equal(plane.rooms.length, 0, 'nobody needed media for it');
  ada.send({ type: 'switch_room', room: 'Games/Chess', requestId: 3 });
  t.match(await ada.next('done'), { requestId: 3 }, 'they are there already');
  ada.send({ type: 'switch_room', room: 'lobby', requestId: 4 });
  t.match(await ada.next('error'), { code: 'unknown_room', requestId: 4 }, 'a switch opens no rooms');
});

test('the list says what happens in other rooms, until it is closed', async (t) => {
  const { join, clock } = await setUp(t);
  const { client: ada } = await join('lobby', 'Ada');
  ada.send({ type: 'watch_rooms', on: true });
  await ada.next('rooms');
  const { client: ben } = await join('den', 'Ben');
  clock.advance(1000);
  t.match(await ada.next('rooms_changed'), { rooms: [{ name: 'den', people: [{ name: 'Ben' }] }], closed: [] });
  ben.send({ type: 'leave' });
  await ben.settled();
  clock.advance(1000);
  t.match(await ada.next('rooms_changed'), { rooms: [], closed: ['den'] });
  ada.send({ type: 'watch_rooms', on: false });
  await join('den', 'Cy');
  clock.advance(2000);
  t.same(await ada.settled(), []);
  ada.send({ type: 'leave' });
  ada.send({ type: 'watch_rooms', on: true });
  t.match(await ada.next('error'), { code: 'not_joined' });
});

test('without the setting nobody sees rooms, nor goes to them', async (t) => {
  const { join } = await setUp(t, { roomList: 'off' });
  await join('den', 'Ben');
  const { client: ada, joined } = await join('lobby', 'Ada');
  t.equal(joined.roomList, false);
  ada.send({ type: 'watch_rooms', on: true });
  t.match(await ada.next('error'), { code: 'not_allowed' });
  ada.send({ type: 'switch_room', room: 'den' });
  t.match(await ada.next('error'), { code: 'not_allowed' });
});

test('the other room lets in whom it would let join, and everyone else stays where they are', async (t) => {
  const { join, token, registry, access, clock } = await setUp(t, {
    roomList: 'all',
    roomPasswords: { vault: 'open sesame' },
    roomLimits: { maxRooms: 20 },
  });
  for (const name of ['vault', 'shut', 'full', 'den'])
    registry.create({ name, locked: name === 'shut', maxParticipants: 1 });
  await join('full', 'Ben');
  access.bans.add({ room: 'den', identity: 'ada', name: 'Ada', by: null, durationMs: 90_000 });
  const { client: ada } = await join('lobby', 'Ada', await token('lobby', 'ada'));
  const refusals = [
    [{ room: 'vault' }, { code: 'password_required' }],
    [{ room: 'vault', password: 'open barley' }, { code: 'wrong_password' }],
    [{ room: 'shut' }, { code: 'room_locked' }],
    [{ room: 'full' }, { code: 'room_full' }],
    [{ room: 'den' }, { code: 'not_allowed', message: /banned/, retryAfterMs: Number }],
    [{ room: 'nowhere' }, { code: 'unknown_room' }],
    [{ room: 'no?name' }, { code: 'invalid_room' }],
    [{ room: 'den', token: 'nonsense' }, { code: 'token_invalid' }],
    [{ room: 'vault', token: await token('vault', 'someone else') }, { code: 'token_invalid' }],
    [{ room: 'vault', token: await token('den', 'ada') }, { code: 'token_invalid' }],
  ] as const;
  for (const [wanted, refusal] of refusals) {
    ada.send({ type: 'switch_room', ...wanted, requestId: 7 });
    t.match(await ada.next('error'), { ...refusal, requestId: 7 }, JSON.stringify(wanted));
    clock.advance(2000);
  }
  t.equal(registry.room('lobby').size, 1);
  ada.send({ type: 'switch_room', room: 'vault', password: 'open sesame' });
  t.match(await ada.next('moved'), { room: 'vault', entry: 'password' });
});

test('whoever was admitted to a room comes back without proof, and is a moderator there alone', async (t) => {
  const { join, token, registry } = await setUp(t, { roomPasswords: { vault: 'open sesame' } });
  registry.create({ name: 'vault', locked: false });
  registry.create({ name: 'den', locked: false });
  const { client: ada, joined } = await join('vault', 'Ada', await token('vault', 'ada', { mayModerate: true }));
  t.match(joined.participants, [{ mayModerate: true }]);
  ada.send({ type: 'switch_room', room: 'den' });
  t.match(await ada.next('moved'), { participants: [{ mayModerate: false }] });
  registry.change('vault', { locked: true });
  ada.send({ type: 'switch_room', room: 'vault' });
  t.match(await ada.next('moved'), { participants: [{ mayModerate: true }], locked: true });
  registry.change('den', { locked: true });
  ada.send({ type: 'switch_room', room: 'den' });
  t.match(await ada.next('error'), { code: 'room_locked' }, 'their rights open no other room');
});

test('where everyone needs a token, another one of the same identity leads on, with its rights', async (t) => {
  const { join, token, registry } = await setUp(t, { mode: 'token', roomList: 'all' });
  registry.create({ name: 'stage', locked: false });
  const { client: ada, joined } = await join('lobby', 'Ada', await token('lobby', 'ada', { mayModerate: true }));
  const { client: ben } = await join('lobby', 'Ben', await token('lobby', 'ben'));
  await ada.next('participant_joined');
  ada.send({ type: 'switch_room', room: 'stage' });
  t.match(await ada.next('error'), { code: 'token_required' });
  ada.send({ type: 'switch_room', room: 'stage', token: await token('stage', 'ada', { maySpeak: false }) });
  t.match(await ada.next('moved'), {
    participants: [{ id: joined.participantId, maySpeak: false, muted: true, microphone: 'none', mayModerate: false }],
  });
  t.match(await ben.next('participant_left'), { reason: 'moved' });
  ada.send({ type: 'state', muted: false });
  t.match(await ada.next('error'), { code: 'not_allowed' });
});

test('a mute of a moderator waits for those who come back by a switch', async (t) => {
  const { join, token, registry } = await setUp(t);
  for (const name of ['den', 'lobby']) registry.create({ name, locked: false });
  const first = await join('den', 'Ada', await token('den', 'ada'));
  registry.room('den').moderate({ type: 'mute_participant', participantId: first.joined.participantId, muted: true });
  first.client.send({ type: 'leave' });
  const { client: ada } = await join('lobby', 'Ada', await token('lobby', 'ada'));
  ada.send({ type: 'switch_room', room: 'den' });
  await ada.next('moved');
  t.match(await ada.next('participant_updated'), { participant: { mutedByModerator: true, muted: true } });
});

test('switches have a rate, and so have wrong passwords', async (t) => {
  const { join, registry, clock } = await setUp(t, {
    roomPasswords: { vault: 'open sesame' },
    limits: { pingIntervalMs: 1e6, maxFailedJoinsPerMinute: 3 },
  });
  for (const name of ['vault', 'one', 'two']) registry.create({ name, locked: false });
  const { client: ada } = await join('one', 'Ada');
  for (const room of ['two', 'one', 'two', 'one', 'two']) {
    ada.send({ type: 'switch_room', room });
    t.match(await ada.next('moved'), { room });
  }
  ada.send({ type: 'switch_room', room: 'one', requestId: 1 });
  t.match(await ada.next('error'), { code: 'rate_limited', retryAfterMs: 2000, requestId: 1 });
  for (let n = 0; n < 3; n++) {
    clock.advance(2000);
    ada.send({ type: 'switch_room', room: 'vault', password: 'wrong' });
    t.match(await ada.next('error'), { code: 'wrong_password' });
  }
  clock.advance(2000);
  ada.send({ type: 'switch_room', room: 'vault', password: 'open sesame' });
  t.match(await ada.next('error'), { code: 'rate_limited' });
});

test('nothing happens to somebody who has left before their switch was decided', async (t) => {
  const { join, registry, endpoint } = await setUp(t, { roomPasswords: { vault: 'open sesame' } });
  registry.create({ name: 'vault', locked: false });
  const { client: ada } = await join('lobby', 'Ada');
  ada.send({ type: 'switch_room', room: 'vault', password: 'wrong' });
  ada.send({ type: 'leave' });
  ada.send({ type: 'join', room: 'lobby', name: 'Ada' });
  await ada.next('joined');
  ada.send({ type: 'switch_room', room: 'vault', password: 'open sesame' });
  t.match(await ada.next('moved'), { room: 'vault' });
  t.equal(endpoint.figures.errors.get('wrong_password'), undefined);
});

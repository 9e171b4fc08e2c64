import pino from 'pino';
import { test } from 'tap';
import { AccessControl } from '../../src/rooms/access.ts';
import { type Admission, GUEST } from '../../src/rooms/admission.ts';
import { removeBanned } from '../../src/rooms/banned.ts';
import type { EndReason, ParticipantListener } from '../../src/rooms/events.ts';
import { formatPasswordHash, hashPassword } from '../../src/rooms/password-hash.ts';
import { RoomRegistry } from '../../src/rooms/registry.ts';
import { RETURN_WITHIN_MS } from '../../src/rooms/resume-token.ts';
import { removeBannedElsewhere } from '../../src/server/kept-rooms.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { FakeMediaPlane } from '../helpers/fake-media-plane.ts';
import { MemoryStore, sharedStores } from '../helpers/memory-store.ts';

const MODERATOR: Admission = { ...GUEST, identity: 'mod', mayModerate: true };
const ADA: Admission = { ...GUEST, identity: 'ada' };

class Listener implements ParticipantListener {
  endedBy: EndReason | undefined;
  event(): void {}
  ended(reason: EndReason): void {
    this.endedBy = reason;
  }
}

/** A server, as far as rooms are concerned. */
function start(store: MemoryStore, clock = new FakeClock(), mode: 'open' | 'token' = 'open') {
  const access = new AccessControl({ mode, tokenSecret: '', roomPasswords: {}, clock, store });
  const registry = new RoomRegistry({
    plane: new FakeMediaPlane(),
    access,
    store,
    clock,
    log: pino({ level: 'silent' }),
    limits: { maxRooms: 5, maxRoomsPerAddress: 1, maxParticipants: 10, resumeTimeoutMs: 30_000 },
    resumeSecret: 'a secret that all servers of this test have',
  });
  removeBannedElsewhere(store, registry, access.bans);
  const admit = (room: string, more: { resumeToken?: string; password?: string } = {}) =>
    registry.admit({ room, ...more }, () => true);
  const join = (room: string, admission: Admission = GUEST, resumeToken?: string) => {
    const listener = new Listener();
    const state = { muted: false, deafened: false };
    const { participant } = registry.join({
      room,
      name: 'X',
      admission,
      state,
      listener,
      from: '192.0.2.7',
      ...(resumeToken !== undefined && { resumeToken }),
    });
    return Object.assign(participant, { listener });
  };
  return { access, registry, admit, join };
}

test('what is decided at one server holds at the one that has the room after it', async (t) => {
  const [first, second] = sharedStores();
  const a = start(first);
  const b = start(second);
  const mod = a.join('lobby', MODERATOR);
  const ada = a.join('lobby', ADA);
  const guest = a.join('lobby');
  const other = a.join('lobby');
  for (const { id } of [ada, guest]) mod.moderate({ type: 'mute_participant', participantId: id, muted: true });
  mod.moderate({ type: 'mute_chat', participantId: guest.id, muted: true });
  mod.moderate({ type: 'slow_mode', seconds: 20 });
  mod.moderate({ type: 'lock', locked: true });
  // The first server is gone. Whoever comes first to the second one opens the room.
  const resumed = await b.admit('Lobby', { resumeToken: guest.resumeToken });
  t.strictSame(resumed, GUEST);
  const back = b.join('Lobby', resumed, guest.resumeToken);
  const room = b.registry.room('lobby');
  t.strictSame([back.id, back.mutedByModerator, back.mutedInChat], [guest.id, true, true]);
  t.match(room.info, { locked: true, slowModeSeconds: 20, permanent: false, name: 'lobby' });
  const again = b.join('lobby', await b.admit('lobby', { resumeToken: other.resumeToken }), other.resumeToken);
  t.strictSame([again.id, again.mutedByModerator, again.mutedInChat], [other.id, false, false]);
  t.not(again.resumeToken, other.resumeToken);
  const withIdentity = await b.admit('lobby', { resumeToken: ada.resumeToken });
  t.strictSame(withIdentity, ADA);
  t.strictSame(b.join('lobby', withIdentity, ada.resumeToken).view.mutedByModerator, true);
  t.throws(() => b.join('lobby'), { code: 'room_locked' }, 'somebody new');
  const twice = b.join('lobby', resumed, guest.resumeToken);
  t.equal(back.listener.endedBy, 'replaced', 'nobody is there twice');
  t.equal(twice.id, guest.id);
  t.equal(room.size, 3);
  t.equal(second.all('rooms').size, 1);
  for (const { id } of room.participants) room.participant(id).leave('left');
  t.equal(second.all('rooms').size, 0, 'nothing is left of a room that has ended');
  t.equal(first.all('rooms').size, 0);
});

test('whoever was removed is not resumed at another server, nor after a restart', async (t) => {
  const [first, second] = sharedStores();
  const clock = new FakeClock();
  const a = start(first, clock);
  const mod = a.join('lobby', MODERATOR);
  const guest = a.join('lobby');
  const ada = a.join('lobby', ADA);
  mod.moderate({ type: 'kick', participantId: guest.id, banSeconds: 0 });
  mod.moderate({ type: 'kick', participantId: ada.id, banSeconds: 60 });
  for (const one of [start(second, clock, 'token'), start(first, clock, 'token')]) {
    await t.rejects(one.admit('lobby', { resumeToken: guest.resumeToken }), { code: 'token_required' });
    await t.rejects(one.admit('lobby', { resumeToken: ada.resumeToken }), { code: 'token_required' });
    t.equal(one.access.bans.wasRemoved('lobby', 'ada'), true);
    t.throws(() => one.access.bans.checkIdentity('lobby', 'ada'), { code: 'kicked' });
    t.strictSame(await one.admit('lobby', { resumeToken: mod.resumeToken }), MODERATOR, 'others are');
  }
});

test('an admission that has expired is not renewed by resuming, and a ban holds', async (t) => {
  const [first, second] = sharedStores();
  const clock = new FakeClock();
  const a = start(first, clock);
  const b = start(second, clock, 'token');
  const ada = a.join('lobby', { ...ADA, expiresAtMs: clock.wallNow() + 1000 });
  t.match(await b.admit('lobby', { resumeToken: ada.resumeToken }), { identity: 'ada' });
  a.access.bans.add({ identity: 'ada', by: null, durationMs: 500 });
  await t.rejects(b.admit('lobby', { resumeToken: ada.resumeToken }), { code: 'kicked' });
  clock.advance(999);
  t.match(await b.admit('lobby', { resumeToken: ada.resumeToken }), { identity: 'ada' });
  clock.advance(1);
  await t.rejects(b.admit('lobby', { resumeToken: ada.resumeToken }), { code: 'token_required' });
});

test('a ban at one server removes people at another', (t) => {
  const [first, second] = sharedStores();
  const a = start(first);
  const b = start(second);
  const ada = b.join('lobby', ADA);
  const other = b.join('lobby', { ...ADA, identity: 'ben' });
  const ban = a.access.bans.add({ identity: 'ada', by: null, durationMs: null });
  t.strictSame([ada.listener.endedBy, other.listener.endedBy], ['kicked', undefined]);
  t.throws(() => b.join('lobby', ADA), { code: 'kicked' });
  const same = b.access.bans.add({ identity: 'ada', by: null, durationMs: null });
  t.strictSame(a.access.bans.all, [same], 'it replaced the other, everywhere');
  t.equal(b.access.bans.liftById(ban.id), false);
  t.equal(b.access.bans.liftById(same.id), true);
  t.doesNotThrow(() => a.access.bans.checkIdentity('lobby', 'ada'));
  t.end();
});

test('a ban removes people from a room that goes on at another server', (t) => {
  const [first, second] = sharedStores();
  const a = start(first);
  const b = start(second);
  for (const by of [a, b]) {
    const ada = a.join('lobby', ADA);
    a.registry.leadAway('lobby', 'https://other.example');
    const { id } = by.access.bans.add({ identity: 'ada', by: null, durationMs: null });
    if (by === a) removeBanned(a.access.bans.all[0]!, a.registry, a.access.bans);
    t.equal(ada.listener.endedBy, 'kicked');
    by.access.bans.liftById(id);
  }
  t.end();
});

test('of two bans of the same target, each made before the other was known, both have to end', (t) => {
  const [first, second] = sharedStores();
  const a = start(first);
  const one = a.access.bans.add({ identity: 'ada', by: null, durationMs: null });
  second.set('bans', 'other', { ...one, id: 'other' });
  second.set('bans', 'network', { ...one, id: 'network', identity: null, address: '192.0.2.0/24' });
  t.equal(a.access.bans.all.length, 3);
  second.set('bans', one.id, null);
  t.throws(() => a.access.bans.checkIdentity('lobby', 'ada'), { code: 'kicked' });
  second.set('bans', 'other', null);
  t.doesNotThrow(() => a.access.bans.checkIdentity('lobby', 'ada'));
  t.throws(() => a.access.bans.checkAddress('192.0.2.9'), { code: 'kicked' });
  second.set('bans', 'network', null);
  t.doesNotThrow(() => a.access.bans.checkAddress('192.0.2.9'));
  t.end();
});

test('a permanent room has its settings and its password wherever it is opened', async (t) => {
  const [first, second] = sharedStores();
  const a = start(first);
  const b = start(second);
  a.registry.create({ name: 'Den', locked: false, password: 'open sesame', maxParticipants: 7, description: 'Here' });
  t.equal(second.all('rooms').get('den')?.permanent, true);
  t.throws(() => b.registry.create({ name: 'den', locked: false }), { code: 'room_exists' });
  t.strictSame(b.registry.keeper.permanent, ['den']);
  await t.rejects(b.admit('den', { password: 'wrong' }), { code: 'wrong_password' });
  b.registry.openKept('den');
  b.registry.openKept('den');
  b.registry.openKept('nothing');
  t.match(
    [...b.registry.rooms].map(({ info }) => info),
    [{ name: 'Den', permanent: true, maxParticipants: 7, description: 'Here' }],
  );
  t.equal(b.access.hasPassword('den'), true);
  b.registry.room('den').close('server_closing');
  t.equal(b.access.hasPassword('den'), true, 'it is open elsewhere');
  await b.admit('den', { password: 'open sesame' });
  b.join('den');
  t.equal(b.registry.room('den').permanent, true);
  b.join('another of the same address');
  b.registry.room('den').close('room_closed');
  t.strictSame([first.all('rooms').size, a.access.hasPassword('den')], [0, true], 'where it is open, it goes on');
});

test('rooms of the settings are opened as these say, with what was changed since', (t) => {
  const [first, second] = sharedStores();
  const { registry } = start(first);
  const about = { order: 2, description: 'Everyone starts here' };
  registry.keeper.setNamed([{ name: 'Lobby', key: 'lobby', settings: about }]);
  registry.openKept('lobby');
  t.match(registry.room('lobby').info, { name: 'Lobby', permanent: true, locked: false, ...about });
  registry.change('lobby', { locked: true, maxParticipants: 4 });
  const b = start(second);
  b.registry.keeper.setNamed([{ name: 'Lobby', key: 'lobby', settings: { order: 1 } }]);
  t.strictSame(b.registry.keeper.permanent, ['lobby']);
  b.registry.openKept('lobby');
  t.match(b.registry.room('lobby').info, { permanent: true, locked: true, maxParticipants: 4, order: 1 });
  t.end();
});

test('a server that shares nothing keeps permanent rooms alone', (t) => {
  const store = new MemoryStore();
  const { registry, join } = start(store);
  const mod = join('lobby', MODERATOR);
  mod.moderate({ type: 'lock', locked: true });
  t.equal(store.all('rooms').size, 0);
  registry.create({ name: 'Den', locked: true });
  t.match(store.all('rooms').get('den'), { name: 'Den', permanent: true, locked: true });
  t.end();
});

test('a password that becomes known after the room was opened here is asked for, and a damaged one ends nothing', async (t) => {
  const [first, second] = sharedStores();
  const b = start(second);
  b.join('den');
  const room = { name: 'Den', permanent: true, locked: false, muted: [], mutedInChat: [], settings: {} };
  const password = formatPasswordHash(await hashPassword('open sesame'));
  first.set('rooms', 'den', { ...room, password });
  await t.rejects(b.admit('den', {}), { code: 'password_required' });
  await b.admit('den', { password: 'open sesame' });
  first.set('rooms', 'den', { ...room, password: `${password}!` });
  await t.rejects(b.admit('den', {}), { code: 'password_required' });
  t.doesNotThrow(() => b.registry.room('den').close('server_closing'));
});

test('whoever comes back long after the room was opened here is somebody new', async (t) => {
  const [first, second] = sharedStores();
  const clock = new FakeClock();
  const a = start(first, clock);
  const b = start(second, clock);
  const guest = a.join('lobby');
  guest.leave('left');
  // Others meet there later, among themselves.
  const mod = b.join('lobby', MODERATOR);
  b.registry.change('lobby', { password: 'open sesame' });
  mod.moderate({ type: 'lock', locked: true });
  const { resumeToken } = guest;
  t.strictSame(await b.admit('lobby', { resumeToken }), GUEST, 'they may have been there when its server died');
  clock.advance(RETURN_WITHIN_MS);
  await t.rejects(b.admit('lobby', { resumeToken }), { code: 'password_required' });
  t.throws(() => b.join('lobby', GUEST, resumeToken), { code: 'room_locked' });
  mod.moderate({ type: 'lock', locked: false });
  t.equal(b.join('lobby', GUEST, resumeToken).id, guest.id, 'with the password they are who they were');
});

test('nobody is in a room twice with one id, of which the room would know only one', async (t) => {
  const [first, second] = sharedStores();
  const clock = new FakeClock();
  const { resumeToken } = start(first, clock).join('lobby');
  const { registry, join } = start(second, clock);
  const one = join('lobby', GUEST, resumeToken);
  join('lobby', MODERATOR);
  registry.create({ name: 'den', locked: false });
  registry.switch(one, 'den', GUEST);
  const two = join('lobby', GUEST, resumeToken);
  t.equal(two.id, one.id);
  t.throws(() => registry.switch(one, 'lobby', GUEST), { code: 'identity_present' });
  t.equal(registry.room('lobby').participant(two.id), two);
  t.equal(registry.room('den').participant(one.id), one);
});

test('what somebody shares is nobody at another server', async (t) => {
  const [first, second] = sharedStores();
  const clock = new FakeClock();
  const a = start(first, clock, 'token');
  const ada = a.join('lobby', { ...ADA, expiresAtMs: clock.wallNow() + 1000 });
  const { participant: sound } = a.registry.join({
    room: 'lobby',
    name: '',
    companionOf: ada.resumeToken,
    state: { muted: false, deafened: false },
    admission: await a.registry.admit({ room: 'lobby', companionOf: ada.resumeToken }, () => true),
    listener: new Listener(),
  });
  const b = start(second, clock, 'token');
  t.match(await b.admit('lobby', { resumeToken: ada.resumeToken }), { identity: 'ada' });
  await t.rejects(b.admit('lobby', { resumeToken: sound.resumeToken }), { code: 'token_required' });
});

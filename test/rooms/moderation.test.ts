import pino from 'pino';
import { test } from 'tap';
import { AppError } from '../../src/lib/errors.ts';
import { AccessControl } from '../../src/rooms/access.ts';
import { type Admission, GUEST } from '../../src/rooms/admission.ts';
import type { EndReason, ParticipantListener, RoomEvent } from '../../src/rooms/events.ts';
import type { Participant } from '../../src/rooms/participant.ts';
import { RoomRegistry } from '../../src/rooms/registry.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { FakeMediaPlane, sit } from '../helpers/fake-media-plane.ts';

const MODERATOR: Admission = { ...GUEST, mayModerate: true };
const LISTENER: Admission = { ...GUEST, maySpeak: false };

class Listener implements ParticipantListener {
  readonly events: RoomEvent[] = [];
  endedBy: EndReason | undefined;
  retryAfterMs: number | undefined;

  event(event: RoomEvent): void {
    this.events.push(event);
  }

  ended(reason: EndReason, retryAfterMs?: number): void {
    this.endedBy = reason;
    this.retryAfterMs = retryAfterMs;
  }

  take(): RoomEvent[] {
    return this.events.splice(0);
  }
}

function setUp() {
  const plane = new FakeMediaPlane();
  const access = new AccessControl({ mode: 'open', tokenSecret: '', roomPasswords: {}, clock: new FakeClock() });
  const limits = { maxRooms: 5, maxRoomsPerAddress: 0, maxParticipants: 10, resumeTimeoutMs: 30_000 };
  const registry = new RoomRegistry({ plane, access, limits, clock: new FakeClock(), log: pino({ level: 'silent' }) });
  const join = (
    name: string,
    admission = GUEST,
    { muted = false, ...options }: { resumeToken?: string; muted?: boolean } = {},
  ) => {
    const listener = new Listener();
    const request = { room: 'lobby', name, admission, state: { muted, deafened: false }, listener, ...options };
    return { ...registry.join(request), listener };
  };
  return { plane, access, registry, join };
}

function codeOf(run: () => unknown): string {
  try {
    run();
    return 'done';
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

function mute(moderator: Participant, { id }: Participant, muted = true): string {
  return codeOf(() => moderator.moderate({ type: 'mute_participant', participantId: id, muted }));
}

function kick(moderator: Participant, { id }: Participant, banSeconds = 0): string {
  return codeOf(() => moderator.moderate({ type: 'kick', participantId: id, banSeconds }));
}

function lock(moderator: Participant, locked = true): string {
  return codeOf(() => moderator.moderate({ type: 'lock', locked }));
}

test('only a moderator can moderate', (t) => {
  const { join } = setUp();
  const ada = join('Ada');
  const ben = join('Ben');
  t.equal(mute(ada.participant, ben.participant), 'not_allowed');
  t.equal(kick(ada.participant, ben.participant), 'not_allowed');
  t.equal(lock(ada.participant), 'not_allowed');
  t.strictSame(ben.listener.take(), []);
  t.equal(ben.listener.endedBy, undefined);
  t.end();
});

test('a participant muted by a moderator cannot unmute until that is allowed, and nobody else unmutes them', (t) => {
  const { plane, join } = setUp();
  const mod = join('Mod', MODERATOR);
  const ben = join('Ben');
  sit(ben.participant, 'one');
  const [connection] = plane.openSeats;
  t.equal(connection?.muted, false);
  mod.listener.take();

  t.equal(mute(mod.participant, ben.participant), 'done');
  t.equal(connection?.muted, true);
  t.match(mod.listener.take(), [{ participant: { name: 'Ben', muted: true, mutedByModerator: true } }]);
  t.equal(
    codeOf(() => ben.participant.setState({ muted: false })),
    'not_allowed',
  );
  sit(ben.participant, 'two');
  t.equal(plane.openSeats[0]?.muted, true, 'a new media connection changes nothing');
  mod.listener.take();

  t.equal(mute(mod.participant, ben.participant, false), 'done');
  t.match(mod.listener.take(), [{ participant: { name: 'Ben', muted: true, mutedByModerator: false } }]);
  t.equal(plane.openSeats[0]?.muted, true);
  t.equal(
    codeOf(() => ben.participant.setState({ muted: false })),
    'done',
  );
  t.equal(plane.openSeats[0]?.muted, false);
  t.end();
});

test('a moderator’s mute survives a resume, and applies to an identity that leaves and comes back', (t) => {
  const { join } = setUp();
  const mod = join('Mod', MODERATOR);
  const ben = join('Ben');
  mute(mod.participant, ben.participant);
  const again = join('Ben', GUEST, { resumeToken: ben.participant.resumeToken });
  t.match(again.participant.view, { id: ben.participant.id, muted: true, mutedByModerator: true });

  const user = { ...GUEST, identity: 'user-7' };
  const cy = join('Cy', user);
  mute(mod.participant, cy.participant);
  cy.participant.leave('left');
  const back = join('Cy', user);
  t.match(back.participant.view, { muted: true, mutedByModerator: true });
  mute(mod.participant, back.participant, false);
  back.participant.leave('left');
  t.match(join('Cy', user).participant.view, { muted: false, mutedByModerator: false });
  t.end();
});

test('a listener’s audio is never accepted, whatever they say', (t) => {
  const { plane, join } = setUp();
  const { participant } = join('Ben', LISTENER, { muted: false });
  t.match(participant.view, { maySpeak: false, muted: true });
  sit(participant, 'one');
  t.equal(plane.openSeats[0]?.muted, true);
  t.equal(
    codeOf(() => participant.setState({ muted: false })),
    'not_allowed',
  );
  t.equal(plane.openSeats[0]?.muted, true);
  t.end();
});

test('a kicked participant and their media are gone, the others are notified, and the resume token is dead', async (t) => {
  const { plane, registry, join } = setUp();
  const mod = join('Mod', MODERATOR);
  const ben = join('Ben');
  sit(ben.participant, 'one');
  mod.listener.take();
  t.equal(kick(mod.participant, ben.participant), 'done');
  t.equal(ben.listener.endedBy, 'kicked');
  t.strictSame(plane.openSeats, []);
  t.strictSame(mod.listener.take(), [
    { type: 'participant_left', participantId: ben.participant.id, reason: 'kicked' },
  ]);
  t.equal(kick(mod.participant, ben.participant), 'unknown_participant');
  lock(mod.participant);
  const { resumeToken } = ben.participant;
  t.equal(
    codeOf(() => join('Ben', GUEST, { resumeToken })),
    'room_locked',
  );
  t.strictSame(await registry.admit({ room: 'lobby', resumeToken }, () => true), GUEST, 'is checked like anybody else');
  t.end();
});

test('a participant with a broken connection can still be muted and kicked', (t) => {
  const { plane, join } = setUp();
  const mod = join('Mod', MODERATOR);
  const ben = join('Ben');
  const { resumeToken } = ben.participant;
  sit(ben.participant, 'one');
  plane.openSeats[0]?.connect();
  ben.participant.lose(0);
  t.equal(mute(mod.participant, ben.participant), 'done');
  t.equal(plane.openSeats[0]?.muted, true);
  const again = join('Ben', GUEST, { resumeToken, muted: false });
  t.match(again.participant.view, { id: ben.participant.id, muted: true, mutedByModerator: true });
  t.equal(plane.openSeats[0]?.muted, true);

  again.participant.lose(0);
  mod.listener.take();
  t.equal(kick(mod.participant, again.participant), 'done');
  t.match(mod.listener.take(), [{ type: 'participant_left', reason: 'kicked' }]);
  t.strictSame(plane.openSeats, []);
  t.not(join('Ben', GUEST, { resumeToken }).participant.id, ben.participant.id, 'the resume token is dead');
  t.end();
});

test('a timed kick keeps the identity out, and has no effect for guests', (t) => {
  const { access, join } = setUp();
  const mod = join('Mod', MODERATOR);
  const cy = join('Cy', { ...GUEST, identity: 'user-7' });
  kick(mod.participant, cy.participant, 60);
  t.equal(cy.listener.retryAfterMs, 60_000, 'they are told for how long');
  t.equal(
    access.bans.list('lobby').some(({ identity }) => identity === 'user-7'),
    true,
  );
  t.match(access.bans.list('lobby'), [{ identity: 'user-7', name: 'Cy', by: MODERATOR.identity }]);
  t.equal(
    access.bans.list('elsewhere').some(({ identity }) => identity === 'user-7'),
    false,
  );
  const dan = join('Dan', { ...GUEST, identity: 'user-8' });
  kick(mod.participant, dan.participant);
  t.equal(
    access.bans.list('lobby').some(({ identity }) => identity === 'user-8'),
    false,
  );
  t.equal(dan.listener.retryAfterMs, undefined);
  t.end();
});

test('a moderator who is moved to another room has no rights there, and has them again after moving back', (t) => {
  const { registry, join } = setUp();
  const { participant: mod } = join('Mod', { ...MODERATOR, identity: 'user-1' });
  join('Ben');
  const { participant: cy } = join('Cy');
  registry.move('lobby', cy.id, 'annex');
  registry.move('lobby', mod.id, 'annex');
  t.equal(mod.view.mayModerate, false);
  t.equal(kick(mod, cy), 'not_allowed');
  registry.move('annex', cy.id, 'lobby');
  registry.move('annex', mod.id, 'Lobby');
  t.equal(mod.view.mayModerate, true);
  t.equal(kick(mod, cy), 'done');
  t.end();
});

test('nobody new gets into a locked room, but those who resume and moderators do', (t) => {
  const { join } = setUp();
  const mod = join('Mod', MODERATOR);
  const ben = join('Ben');
  const cy = join('Cy', { ...GUEST, identity: 'user-7' });
  ben.listener.take();
  lock(mod.participant);
  lock(mod.participant);
  t.match(
    ben.listener.take().filter(({ type }) => type === 'room_updated'),
    [{ type: 'room_updated', locked: true }],
    'notified once',
  );
  t.equal(
    codeOf(() => join('Dan')),
    'room_locked',
  );
  t.equal(
    codeOf(() => join('Dan', GUEST, { resumeToken: 'guessed' })),
    'room_locked',
  );
  const again = join('Ben', GUEST, { resumeToken: ben.participant.resumeToken });
  t.match({ id: again.participant.id, locked: again.locked }, { id: ben.participant.id, locked: true });
  t.equal(join('Cy', { ...GUEST, identity: 'user-7' }).participant.id, cy.participant.id, 'not new either');
  mod.participant.leave('left');
  const other = join('Mod', MODERATOR);
  lock(other.participant, false);
  t.equal(
    codeOf(() => join('Dan')),
    'done',
  );
  t.end();
});

test('the lock goes with the room', (t) => {
  const { join } = setUp();
  const mod = join('Mod', MODERATOR);
  lock(mod.participant);
  mod.participant.leave('left');
  t.equal(join('Ben').locked, false);
  t.end();
});

test('an identity is in a room once, and a second join takes over with its own rights', (t) => {
  const { join } = setUp();
  const watcher = join('Watcher');
  const first = join('Ada', { ...MODERATOR, identity: 'user-7', name: 'Ada' });
  watcher.listener.take();
  const second = join('somebody', { ...LISTENER, identity: 'user-7', name: 'Ada' });
  t.equal(first.listener.endedBy, 'replaced');
  t.match(second.participant.view, { id: first.participant.id, name: 'Ada', mayModerate: false, maySpeak: false });
  t.match(watcher.listener.take(), [{ type: 'participant_updated' }]);
  t.equal(lock(first.participant), 'done', 'the replaced one does nothing');
  t.equal(watcher.listener.take().length, 0);
  t.equal(lock(second.participant), 'not_allowed');
  t.end();
});

test('a resuming participant is not asked for a token or a password again', async (t) => {
  const clock = new FakeClock();
  const access = new AccessControl({ mode: 'token', tokenSecret: 'x'.repeat(32), roomPasswords: {}, clock });
  const registry = new RoomRegistry({
    plane: new FakeMediaPlane(),
    access,
    limits: { maxRooms: 5, maxRoomsPerAddress: 0, maxParticipants: 10, resumeTimeoutMs: 30_000 },
    clock,
    log: pino({ level: 'silent' }),
  });
  const admission = { ...MODERATOR, identity: 'user-7' };
  const listener = new Listener();
  const request = { room: 'lobby', name: 'Ada', admission, state: { muted: false, deafened: false }, listener };
  const { resumeToken } = registry.join(request).participant;
  t.equal(await registry.admit({ room: 'lobby', resumeToken, token: 'expired' }, () => true), admission);
  await t.rejects(
    registry.admit({ room: 'other', resumeToken }, () => true),
    { code: 'token_required' },
  );
  await t.rejects(
    registry.admit({ room: 'a!b', resumeToken }, () => true),
    { code: 'invalid_room' },
  );
  registry.close();
  await t.rejects(
    registry.admit({ room: 'lobby', resumeToken }, () => true),
    { code: 'server_closing' },
  );
});

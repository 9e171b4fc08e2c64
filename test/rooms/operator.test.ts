import pino from 'pino';
import { type Test, test } from 'tap';
import { AppError, type ErrorCode } from '../../src/lib/errors.ts';
import { AccessControl } from '../../src/rooms/access.ts';
import { type Admission, GUEST } from '../../src/rooms/admission.ts';
import type { EndReason, ParticipantListener, RoomEvent } from '../../src/rooms/events.ts';
import { RoomRegistry } from '../../src/rooms/registry.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { FakeMediaPlane, sit } from '../helpers/fake-media-plane.ts';

const LIMITS = { maxRooms: 3, maxRoomsPerAddress: 0, maxParticipants: 3, resumeTimeoutMs: 30_000 };

class Listener implements ParticipantListener {
  readonly events: RoomEvent[] = [];
  endedBy: EndReason | undefined;

  event(event: RoomEvent): void {
    this.events.push(event);
  }

  ended(reason: EndReason): void {
    this.endedBy = reason;
  }
}

function setUp(t: Test) {
  const clock = new FakeClock();
  const plane = new FakeMediaPlane();
  const access = new AccessControl({ mode: 'open', tokenSecret: '', roomPasswords: { vault: 'sesame' }, clock });
  const facts: string[] = [];
  const logged: { msg: string }[] = [];
  let drained = 0;
  const registry = new RoomRegistry({
    plane,
    access,
    limits: LIMITS,
    clock,
    log: pino({ level: 'info' }, { write: (line) => logged.push(JSON.parse(line)) }),
    observer: {
      roomStarted: ({ name }) => facts.push(`${name} started`),
      roomEnded: ({ name }, reason) => facts.push(`${name} ended: ${reason}`),
      channelChanged: (room, { change, channel }) => facts.push(`${change} ${channel} in ${room.name}`),
      participantJoined: (room, { name }) => facts.push(`${name} in ${room.name}`),
      participantLeft: (room, { name }, reason) => facts.push(`${name} out of ${room.name}: ${reason}`),
    },
    onDrained: () => drained++,
  });
  t.teardown(() => {
    registry.close();
    if (clock.pendingTimers > 0) throw new Error(`${clock.pendingTimers} timers are left`);
  });
  const join = (
    room: string,
    name: string,
    { identity = null, resumeToken }: { identity?: string | null; resumeToken?: string } = {},
  ) => {
    const listener = new Listener();
    const admission: Admission = { ...GUEST, identity };
    const joined = registry.join({
      room,
      name,
      admission,
      state: { muted: false, deafened: false },
      resumeToken,
      listener,
    });
    return { ...joined, listener };
  };
  return { clock, plane, access, registry, join, facts, logged, drained: () => drained };
}

function codeOf(run: () => unknown): ErrorCode | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return undefined;
}

test('a room opened by the operator has its own settings, and stays', (t) => {
  const { registry, join, plane, facts } = setUp(t);
  const room = registry.create({ name: 'raid', locked: false, maxParticipants: 1, maxTalkers: 2 });
  t.match(room.info, { permanent: true, maxParticipants: 1, maxTalkers: 2, levelling: true });
  const ada = join('raid', 'Ada');
  sit(ada.participant, 'v=0');
  t.same(plane.rooms[0]?.mix, { maxTalkers: 2, levelling: true });
  t.equal(
    codeOf(() => join('raid', 'Ben')),
    'room_full',
  );
  registry.change('raid', { maxTalkers: 5, maxParticipants: 2 });
  t.same(plane.rooms[0]?.mix, { maxTalkers: 5, levelling: true }, 'at once');
  join('raid', 'Ben').participant.leave('left');
  ada.participant.leave('left');
  t.equal(registry.figures.rooms, 1);
  t.equal(
    codeOf(() => registry.create({ name: 'raid', locked: false })),
    'room_exists',
  );
  t.same(facts.slice(-1), ['Ada out of raid: left']);
  registry.room('raid').close('room_closed');
  t.equal(registry.figures.rooms, 0);
  t.equal(facts.at(-1), 'raid ended: room_closed');
  for (const name of ['a', 'b', 'c']) registry.create({ name, locked: true });
  t.equal(
    codeOf(() => registry.create({ name: 'd', locked: false, password: 'x' })),
    'too_many_rooms',
  );
  t.equal(
    codeOf(() => join('a', 'Ada')),
    'room_locked',
  );
  t.end();
});

test('a password set by the operator lasts as long as the room, and then the configured one applies again', async (t) => {
  const { registry, access } = setUp(t);
  const admit = (password?: string) => access.admit({ room: 'vault', password }, () => true);
  registry.create({ name: 'vault', locked: false, password: 'other' });
  await t.resolves(admit('other'));
  registry.change('vault', { password: null });
  await t.resolves(admit('sesame'));
  registry.change('vault', { password: 'third' });
  await t.resolves(admit('third'));
  registry.room('vault').close('room_closed');
  await t.resolves(admit('sesame'));
  t.equal(
    codeOf(() => registry.create({ name: 'x', locked: false, password: 'scrypt:nonsense' })),
    'invalid_request',
  );
  t.equal(registry.figures.rooms, 0, 'nothing is half opened');
});

test('a moved participant keeps the connection, and gets the messages and timeouts of the other room', (t) => {
  const { registry, join, plane, facts } = setUp(t);
  const ada = join('red', 'Ada');
  const ben = join('blue', 'Ben');
  sit(ada.participant, 'v=0');
  sit(ben.participant, 'v=0');
  const [connection] = plane.openSeats;
  connection?.connect();
  t.equal(registry.move('red', ada.participant.id, 'blue').name, 'blue');
  t.same(facts.slice(-3), ['Ada out of red: moved', 'red ended: empty', 'Ada in blue']);
  t.equal(connection?.open, true, 'closing the room behind them takes nothing with it');
  t.ok(plane.rooms[1]?.seats.some(({ id }) => id === connection?.id));
  t.match(ada.listener.events.at(-1), {
    type: 'moved',
    room: 'blue',
    participants: [{ name: 'Ben' }, { name: 'Ada' }],
  });
  t.match(ben.listener.events.at(-1), { type: 'participant_joined', participant: { name: 'Ada', connected: true } });
  plane.rooms[1]?.levels([{ seatId: connection?.id ?? 0, levelDbov: -20 }]);
  t.same(ben.listener.events.at(-1), { type: 'levels', speaking: [[ada.participant.id, -20]] });
  connection?.silent(true);
  t.match(ben.listener.events.at(-1), { type: 'participant_updated', participant: { name: 'Ada', connected: false } });
  t.equal(registry.move('blue', ada.participant.id, 'blue').name, 'blue', 'a move to the same room does nothing');
  ada.participant.leave('left');
  t.match(ben.listener.events.at(-1), { type: 'participant_left', participantId: ada.participant.id });
  t.equal(connection?.open, false);
  t.end();
});

test('nobody is moved to a room that cannot take them', (t) => {
  const { registry, join } = setUp(t);
  const ada = join('red', 'Ada', { identity: 'u1' });
  join('blue', 'Ada elsewhere', { identity: 'u1' });
  registry.create({ name: 'green', locked: true, maxParticipants: 1 });
  const { id } = ada.participant;
  t.equal(
    codeOf(() => registry.move('red', id, 'blue')),
    'identity_present',
  );
  t.equal(
    codeOf(() => registry.move('red', id, 'white')),
    'too_many_rooms',
  );
  t.equal(
    codeOf(() => registry.move('red', id, 'a!b')),
    'invalid_room',
  );
  t.equal(
    codeOf(() => registry.move('nowhere', id, 'blue')),
    'unknown_room',
  );
  t.equal(
    codeOf(() => registry.move('red', 'nobody', 'blue')),
    'unknown_participant',
  );
  t.equal(registry.move('red', id, 'green').name, 'green', 'a lock is for those who join by themselves');
  const ben = join('red', 'Ben');
  t.equal(
    codeOf(() => registry.move('red', ben.participant.id, 'green')),
    'room_full',
  );
  t.equal(registry.room('red').size, 1, 'a participant who is not moved stays');
  t.end();
});

test('draining waits for those who are there, and lets them come back', (t) => {
  const { registry, join, clock, drained } = setUp(t);
  const ada = join('red', 'Ada', { identity: 'u1' });
  t.match(registry.drain(null), { deadlineMs: null });
  t.equal(
    codeOf(() => join('red', 'Ben')),
    'server_draining',
  );
  t.equal(
    codeOf(() => join('blue', 'Ben')),
    'server_draining',
  );
  t.equal(registry.figures.rooms, 1, 'a refused join opens no room');
  ada.participant.lose(clock.now());
  const back = join('red', 'Ada', { identity: 'u1', resumeToken: ada.participant.resumeToken });
  t.same(back.draining, { endsInMs: null });
  const reloaded = join('red', 'Ada', { identity: 'u1' });
  t.equal(reloaded.participant.id, ada.participant.id, 'a reloaded page takes its own place');
  clock.advance(100_000);
  t.equal(drained(), 0);
  reloaded.participant.leave('left');
  clock.advance(0);
  t.equal(drained(), 1);
  clock.advance(100_000);
  t.equal(drained(), 1, 'once');
  t.end();
});

test('a deadline ends draining, another one replaces it, and undraining cancels it', (t) => {
  const { registry, join, clock, drained } = setUp(t);
  const ada = join('red', 'Ada');
  registry.drain(10_000);
  t.match(ada.listener.events.at(-1), { type: 'server_draining', draining: true, endsInMs: 10_000 });
  clock.advance(9000);
  t.match(registry.drain(10_000), { sinceMs: clock.epochMs, deadlineMs: clock.wallNow() + 10_000 });
  clock.advance(9000);
  registry.undrain();
  t.match(ada.listener.events.at(-1), { type: 'server_draining', draining: false });
  clock.advance(60_000);
  t.equal(drained(), 0);
  join('blue', 'Ben');
  registry.drain(1000);
  clock.advance(1000);
  t.equal(drained(), 1);
  t.end();
});

test('an empty server is drained, but only after the caller has heard so', (t) => {
  const { registry, clock, drained } = setUp(t);
  registry.drain(null);
  t.equal(drained(), 0);
  clock.advance(400);
  t.equal(drained(), 0);
  clock.advance(100);
  t.equal(drained(), 1);
  t.end();
});

test('a lock that changes nothing is not announced as moderation', (t) => {
  const { registry, logged } = setUp(t);
  const acts = () => logged.filter(({ msg }) => msg === 'moderated');
  registry.create({ name: 'open', locked: false });
  registry.change('open', { locked: false });
  t.strictSame(acts(), []);
  registry.create({ name: 'shut', locked: true });
  registry.change('shut', { locked: true });
  t.match(acts(), [{ room: 'shut', type: 'lock', locked: true }]);
  registry.change('shut', { locked: false });
  t.match(acts(), [{}, { room: 'shut', type: 'lock', locked: false }]);
  t.end();
});

test('who is in a room is told to everyone who could join it, and to nobody else', (t) => {
  const { access, registry, join } = setUp(t);
  t.same(registry.list.preview('My Room'), { names: [], participants: 0 });
  join('My Room', 'Ada');
  join('my-room', 'Ben');
  t.same(registry.list.preview('MY ROOM'), { names: ['Ada', 'Ben'], participants: 2 });
  registry.create({ name: 'crowd', locked: false, maxParticipants: 30 });
  for (let i = 0; i < 20; i++) join('crowd', `Guest ${i}`);
  join('crowd', 'Late');
  t.equal(registry.list.preview('crowd')?.names.length, 20);
  t.equal(registry.list.preview('crowd')?.participants, 21);
  t.equal(registry.list.preview('Vault'), null, 'it has a password');
  t.equal(registry.list.preview('a!b'), null);
  registry.change('my room', { locked: true });
  t.equal(registry.list.preview('My Room'), null, 'it is locked');
  access.setPassword('crowd', 'sesame');
  t.equal(registry.list.preview('crowd'), null);
  registry.close();
  t.equal(registry.list.preview('other'), null);
  t.end();
});

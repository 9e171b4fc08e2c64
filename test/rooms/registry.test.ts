import pino from 'pino';
import { test } from 'tap';
import { AppError, type ErrorCode } from '../../src/lib/errors.ts';
import { AccessControl } from '../../src/rooms/access.ts';
import { type Admission, GUEST } from '../../src/rooms/admission.ts';
import type { EndReason, ParticipantListener, RoomEvent } from '../../src/rooms/events.ts';
import { RoomRegistry } from '../../src/rooms/registry.ts';
import type { Joined } from '../../src/rooms/registry-options.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { FakeMediaPlane, type FakeSeat, sit } from '../helpers/fake-media-plane.ts';

class Listener implements ParticipantListener {
  readonly events: RoomEvent[] = [];
  endedBy: EndReason | undefined;

  event(event: RoomEvent): void {
    if (this.endedBy !== undefined) throw new Error('an event came after the end');
    this.events.push(event);
  }

  ended(reason: EndReason): void {
    this.endedBy = reason;
  }

  /** The messages since the last call. */
  take(): RoomEvent[] {
    return this.events.splice(0);
  }
}

interface JoinChoices {
  readonly resumeToken?: string;
  readonly muted?: boolean;
  readonly hasMicrophone?: boolean;
  readonly from?: string;
  readonly admission?: Admission;
}

const LIMITS = { maxRooms: 2, maxRoomsPerAddress: 0, maxParticipants: 3, resumeTimeoutMs: 30_000 };

function setUp(limits: Partial<typeof LIMITS> = {}) {
  const clock = new FakeClock();
  const plane = new FakeMediaPlane();
  const access = new AccessControl({ mode: 'open', tokenSecret: '', roomPasswords: {}, clock });
  const registry = new RoomRegistry({
    plane,
    access,
    limits: { ...LIMITS, ...limits },
    clock,
    log: pino({ level: 'silent' }),
  });
  const join = (
    room: string,
    name: string,
    { muted = false, ...options }: JoinChoices = {},
  ): Joined & { listener: Listener } => {
    const listener = new Listener();
    return {
      ...registry.join({
        room,
        name,
        admission: GUEST,
        state: { muted, deafened: false },
        listener,
        ...options,
      }),
      listener,
    };
  };
  return { clock, plane, registry, access, join };
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

test('a room comes with its first participant and goes with its last', (t) => {
  const { registry, join } = setUp();
  const ada = join('lobby', 'Ada');
  const ben = join('lobby', 'Ben');
  t.match(registry.figures, { rooms: 1, participants: 2 });
  ada.participant.leave('left');
  t.match(registry.figures, { rooms: 1, participants: 1 });
  ben.participant.leave('connection_lost');
  t.match(registry.figures, { rooms: 0, participants: 0 });
  t.end();
});

test('those present hear of a join, of changes and of a leave, and the new one gets the list', (t) => {
  const { join } = setUp();
  const ada = join('lobby', ' Ada ');
  t.strictSame(
    ada.participants.map(({ name }) => name),
    ['Ada'],
  );
  const ben = join('lobby', 'Ben', { muted: true });
  const guest = { identity: null, maySpeak: true, mayModerate: false };
  const unheard = { mutedByModerator: false, deafened: false, connected: false, captured: false } as const;
  t.strictSame(ben.participants, [
    { ...guest, id: ada.participant.id, name: 'Ada', muted: false, microphone: 'open', ...unheard },
    { ...guest, id: ben.participant.id, name: 'Ben', muted: true, microphone: 'muted', ...unheard },
  ]);
  t.strictSame(ada.listener.take(), [{ type: 'participant_joined', participant: ben.participant.view }]);
  t.strictSame(ben.listener.take(), []);
  ben.participant.setState({ muted: false });
  ben.participant.setState({ deafened: true });
  t.match(ada.listener.take(), [
    { type: 'participant_updated', participant: { name: 'Ben', muted: false, deafened: false } },
    { type: 'participant_updated', participant: { name: 'Ben', muted: false, deafened: true } },
  ]);
  t.equal(ben.listener.take().length, 2, 'the one who changed is notified too');
  ben.participant.setState({ deafened: true });
  t.strictSame(ada.listener.take(), [], 'a change that changes nothing is not sent');
  ben.participant.leave('left');
  ben.participant.leave('connection_lost');
  t.strictSame(ada.listener.take(), [{ type: 'participant_left', participantId: ben.participant.id, reason: 'left' }]);
  t.strictSame(ben.listener.take(), []);
  t.end();
});

test('rooms do not hear each other', (t) => {
  const { join } = setUp();
  const ada = join('one', 'Ada');
  const ben = join('two', 'Ben');
  ben.participant.setState({ muted: true });
  t.strictSame(ada.listener.take(), []);
  t.notSame(ada.participant.id, ben.participant.id);
  t.end();
});

test('each limit has its own error', (t) => {
  const { join } = setUp({ maxRooms: 2, maxRoomsPerAddress: 0, maxParticipants: 1 });
  join('one', 'Ada');
  t.equal(
    codeOf(() => join('one', 'Ben')),
    'room_full',
  );
  join('two', 'Ben');
  t.equal(
    codeOf(() => join('three', 'Cy')),
    'too_many_rooms',
  );
  t.equal(
    codeOf(() => join('one', '')),
    'invalid_name',
  );
  t.equal(
    codeOf(() => join('a!b', 'Cy')),
    'invalid_room',
  );
  t.end();
});

test('one address may open a fixed number of rooms, and gets each back when it closes', (t) => {
  const { registry, join } = setUp({ maxRooms: 10, maxRoomsPerAddress: 2 });
  const tooMany = 'too_many_rooms_of_address';
  const first = join('a1', 'Ada', { from: '192.0.2.1' });
  join('a2', 'Ada', { from: '192.0.2.1' });
  t.equal(
    codeOf(() => join('a3', 'Ada', { from: '192.0.2.1' })),
    tooMany,
  );
  t.equal(registry.figures.rooms, 2, 'the room was not opened');
  join('b1', 'Ben', { from: '2001:db8:0:1::/64' });
  join('b1', 'Ada', { from: '192.0.2.1' });
  t.equal(registry.figures.rooms, 3, 'anybody can join an open room');

  const guest = join('a1', 'Cy', { from: '192.0.2.3' });
  first.participant.leave('left');
  t.equal(
    codeOf(() => join('a3', 'Ada', { from: '192.0.2.1' })),
    tooMany,
    'while anybody is in it, it counts for the address that opened it',
  );
  guest.participant.leave('left');
  join('a3', 'Ada', { from: '192.0.2.1' });
  t.end();
});

test('rooms of the operator and of join tokens count for no address', (t) => {
  const { registry, join } = setUp({ maxRooms: 10, maxRoomsPerAddress: 1 });
  const from = '192.0.2.1';
  registry.create({ name: 'hall', locked: false });
  join('hall', 'Ada', { from });
  for (const room of ['match-1', 'match-2'])
    join(room, 'Ada', { from, admission: { ...GUEST, identity: `player of ${room}`, expiresAtMs: 1e15 } });
  const ada = join('own', 'Ada', { from });
  t.equal(
    codeOf(() => join('other', 'Ada', { from })),
    'too_many_rooms_of_address',
  );
  registry.move('own', ada.participant.id, 'elsewhere');
  join('other', 'Ada', { from });
  t.equal(registry.figures.rooms, 5);
  t.end();
});

test('an identity that somebody has made up, as with a certificate, opens no rooms beyond the limit', (t) => {
  const { join } = setUp({ maxRooms: 10, maxRoomsPerAddress: 1 });
  const from = '192.0.2.1';
  join('one', 'Ada', { from, admission: { ...GUEST, identity: 'mumble:1' } });
  t.equal(
    codeOf(() => join('two', 'Ada', { from, admission: { ...GUEST, identity: 'mumble:2' } })),
    'too_many_rooms_of_address',
  );
  t.end();
});

test('a participant who toggles mute without end is muted at once each time, and ends up in the state they wanted', (t) => {
  const { clock, plane, join } = setUp();
  const ada = join('lobby', 'Ada');
  const ben = join('lobby', 'Ben');
  sit(ben.participant, 'hello');
  const [seat] = plane.openSeats as [FakeSeat];
  const toggle = () => {
    for (let n = 0; n < 20; n++) {
      ben.participant.setState({ muted: false });
      ben.participant.setState({ muted: true });
      t.equal(seat.state.muted, true);
    }
    ben.participant.setState({ muted: false });
  };
  toggle();
  t.equal(seat.state.muted, true, 'that was too often');
  ben.participant.setState({ deafened: true });
  t.match(seat.state, { muted: true, deafened: true }, 'deafening does not wait');
  clock.advance(1000);
  t.match(seat.state, { muted: false, deafened: true }, 'and a waiting unmute is not forgotten');
  t.match(ada.listener.take().at(-1), { participant: { name: 'Ben', muted: false, deafened: true } });

  toggle();
  ben.participant.setMutedByModerator(true);
  clock.advance(1000);
  t.equal(seat.state.muted, true, 'a moderator was faster');
  ben.participant.setMutedByModerator(false);
  toggle();
  ben.participant.leave('left');
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('an offer connects with the state of the participant, and later changes reach the media', (t) => {
  const { plane, join } = setUp();
  const ada = join('lobby', 'Ada', { muted: true });
  const ben = join('lobby', 'Ben');
  ada.listener.take();
  t.equal(sit(ada.participant, 'hello'), 'answer 1 to hello');
  const [connection] = plane.openSeats;
  t.match(connection, { muted: true, deafened: false });
  connection?.connect();
  t.strictSame(ada.listener.take(), [
    { type: 'media_connected' },
    { type: 'participant_updated', participant: { ...ada.participant.view, connected: true } },
  ]);
  t.match(ben.listener.take(), [{ type: 'participant_updated', participant: { connected: true } }]);
  ada.participant.setState({ muted: false });
  ada.participant.setState({ deafened: true });
  t.match(connection, { muted: false, deafened: true });
  ada.participant.leave('left');
  t.strictSame(plane.openSeats, []);
  t.equal(plane.rooms[0]?.open, true);
  ben.participant.leave('left');
  t.equal(plane.rooms[0]?.open, false);
  t.end();
});

test('a second offer replaces the media connection, and an unusable one leaves it as it is', (t) => {
  const { plane, join } = setUp();
  const ada = join('lobby', 'Ada');
  sit(ada.participant, 'first');
  const [first] = plane.openSeats;
  first?.connect();
  t.equal(
    codeOf(() => sit(ada.participant, 'unusable')),
    'invalid_sdp',
  );
  t.strictSame(plane.openSeats, [first]);
  t.equal(ada.participant.view.connected, true);
  sit(ada.participant, 'second');
  t.strictSame(
    plane.openSeats.map(({ id }) => id),
    [2],
  );
  t.equal(ada.participant.view.connected, false);
  ada.listener.take();
  first?.connect();
  first?.end('silent');
  t.strictSame(ada.listener.take(), [], 'the replaced connection is no longer heard');
  t.end();
});

test('a participant whose media ends stays in the room, is notified, and may offer again', (t) => {
  const { plane, join } = setUp();
  const ada = join('lobby', 'Ada');
  const ben = join('lobby', 'Ben');
  sit(ada.participant, 'first');
  plane.openSeats[0]?.connect();
  ada.listener.take();
  ben.listener.take();
  plane.openSeats[0]?.end('silent');
  t.match(ada.listener.take(), [{ type: 'media_closed', reason: 'silent' }, { type: 'participant_updated' }]);
  t.match(ben.listener.take(), [{ type: 'participant_updated', participant: { name: 'Ada', connected: false } }]);
  sit(ada.participant, 'second');
  plane.openSeats[0]?.connect();
  t.equal(ada.participant.view.connected, true);
  t.end();
});

test('levels are sent with participant ids, as one object for everybody', (t) => {
  const { plane, join } = setUp();
  const ada = join('lobby', 'Ada');
  const ben = join('lobby', 'Ben');
  sit(ada.participant, 'x');
  ada.listener.take();
  plane.rooms[0]?.levels([
    { seatId: 1, levelDbov: -20 },
    { seatId: 99, levelDbov: -30 },
  ]);
  const [heardByAda] = ada.listener.take();
  const [heardByBen] = ben.listener.take();
  t.strictSame(heardByBen, { type: 'levels', speaking: [[ada.participant.id, -20]] });
  t.equal(heardByAda, heardByBen);
  t.end();
});

test('when the worker of a room fails, everybody with media is notified and may offer again', (t) => {
  const { plane, join } = setUp();
  const ada = join('lobby', 'Ada');
  const ben = join('lobby', 'Ben');
  const cy = join('lobby', 'Cy');
  sit(ada.participant, 'x');
  sit(ben.participant, 'x');
  plane.openSeats[0]?.connect();
  for (const { listener } of [ada, ben, cy]) listener.take();
  plane.rooms[0]?.fail();
  t.strictSame(ada.listener.take()[0], { type: 'media_closed', reason: 'media_failed' });
  t.match(
    ben.listener.take().find(({ type }) => type === 'media_closed'),
    { reason: 'media_failed' },
  );
  t.match(cy.listener.take(), [{ type: 'participant_updated', participant: { name: 'Ada', connected: false } }]);
  sit(ada.participant, 'again');
  t.equal(plane.openSeats.length, 1);
  ada.participant.leave('left');
  ben.participant.leave('left');
  cy.participant.leave('left');
  t.equal(plane.rooms[0]?.open, false);
  t.end();
});

test('the resume token of a participant who is still there takes over, and their media continues, even in a full room', (t) => {
  const { plane, registry, join } = setUp({ maxParticipants: 2 });
  const ada = join('lobby', 'Ada');
  const ben = join('lobby', 'Ben');
  t.equal(ada.mediaResumed, false);
  sit(ada.participant, 'x');
  plane.openSeats[0]?.connect();
  ben.listener.take();
  const again = join('lobby', 'somebody', { resumeToken: ada.participant.resumeToken, muted: true });
  t.equal(ada.listener.endedBy, 'replaced');
  t.equal(again.participant, ada.participant);
  t.match(again, {
    mediaResumed: true,
    participants: [{ name: 'Ada', muted: true, connected: true }, { name: 'Ben' }],
  });
  t.equal(registry.figures.participants, 2);
  t.equal(plane.openSeats.length, 1);
  t.match(plane.openSeats, [{ id: 1, muted: true }]);
  t.strictSame(again.listener.take(), [], 'the first message is the answer to its join');
  t.match(ben.listener.take(), [{ type: 'participant_updated', participant: { name: 'Ada', muted: true } }]);
  again.participant.setState({ muted: false });
  t.equal(again.listener.take().length, 1);
  t.end();
});

test('a participant muted by a moderator does not come back unmuted', (t) => {
  const { join } = setUp();
  const ada = join('lobby', 'Ada');
  ada.participant.setMutedByModerator(true);
  const again = join('lobby', 'Ada', { resumeToken: ada.participant.resumeToken, muted: false });
  t.match(again.participant.view, { muted: true, mutedByModerator: true });
  t.end();
});

test('a participant whose connection broke is heard for 30 s more, and then the others see them leave', (t) => {
  const { clock, plane, join } = setUp();
  const ada = join('lobby', 'Ada');
  const ben = join('lobby', 'Ben');
  sit(ada.participant, 'x');
  plane.openSeats[0]?.connect();
  ben.listener.take();
  ada.listener.take();
  ada.participant.lose(clock.now());
  ben.participant.setState({ muted: true });
  clock.advance(29_999);
  t.match(ben.listener.take(), [{ type: 'participant_updated', participant: { name: 'Ben' } }]);
  t.match(ada.participant.view, { connected: true });
  t.equal(plane.openSeats.length, 1);
  clock.advance(1);
  t.strictSame(ben.listener.take(), [
    { type: 'participant_left', participantId: ada.participant.id, reason: 'connection_lost' },
  ]);
  t.strictSame(plane.openSeats, []);
  t.strictSame(ada.listener.take(), [], 'nothing is sent over a broken connection');
  ben.participant.leave('left');
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('a participant who comes back in time stays, however often', (t) => {
  const { clock, plane, registry, join } = setUp();
  const ada = join('lobby', 'Ada');
  sit(ada.participant, 'x');
  plane.openSeats[0]?.connect();
  const { resumeToken } = ada.participant;
  for (let time = 0; time < 5; time++) {
    ada.participant.lose(clock.now());
    clock.advance(29_000);
    t.match(join('lobby', 'Ada', { resumeToken }), { mediaResumed: true, participant: { id: ada.participant.id } });
    clock.advance(60_000);
  }
  t.equal(registry.figures.participants, 1);
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('a participant who is silent on both paths leaves after 8 s', (t) => {
  const { clock, plane, registry, join } = setUp();
  const ada = join('lobby', 'Ada');
  sit(ada.participant, 'x');
  plane.openSeats[0]?.connect();
  const heardMs = clock.now();
  clock.advance(7000);
  plane.openSeats[0]?.silent(true);
  t.match(ada.participant.view, { connected: false }, 'the others see that they are not connected');
  ada.participant.lose(heardMs);
  clock.advance(999);
  t.equal(registry.figures.participants, 1);
  clock.advance(1);
  t.equal(registry.figures.participants, 0);

  const ben = join('lobby', 'Ben');
  ben.participant.lose(clock.now());
  clock.advance(8000);
  t.equal(registry.figures.participants, 0, 'even without media from the start');
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('media that falls silent ends the wait for a connection, and media that is heard again continues it', (t) => {
  const { clock, plane, registry, join } = setUp();
  const ada = join('lobby', 'Ada');
  sit(ada.participant, 'x');
  const [connection] = plane.openSeats;
  connection?.connect();
  ada.participant.lose(clock.now());
  clock.advance(7100);
  connection?.silent(true);
  clock.advance(100);
  connection?.silent(false);
  clock.advance(12_000);
  t.equal(registry.figures.participants, 1);
  connection?.silent(true);
  t.equal(registry.figures.participants, 0);
  t.end();
});

test('a participant with silent media and a live connection stays in the list as not connected', (t) => {
  const { clock, plane, join } = setUp();
  const ada = join('lobby', 'Ada');
  const ben = join('lobby', 'Ben');
  sit(ada.participant, 'x');
  const [connection] = plane.openSeats;
  connection?.connect();
  ben.listener.take();
  connection?.silent(true);
  clock.advance(600_000);
  connection?.silent(true);
  connection?.silent(false);
  t.match(ben.listener.take(), [
    { type: 'participant_updated', participant: { name: 'Ada', connected: false } },
    { type: 'participant_updated', participant: { name: 'Ada', connected: true } },
  ]);
  t.end();
});

test('media that closes while nobody listens is not reported as resumed', (t) => {
  const { clock, plane, join } = setUp();
  const ada = join('lobby', 'Ada');
  sit(ada.participant, 'x');
  plane.openSeats[0]?.connect();
  ada.participant.lose(clock.now());
  plane.openSeats[0]?.end('media_failed');
  clock.advance(5000);
  const again = join('lobby', 'Ada', { resumeToken: ada.participant.resumeToken });
  t.match(again, { mediaResumed: false, participant: { id: ada.participant.id } });
  t.end();
});

test('without a resume period, a broken connection is the end', (t) => {
  const { clock, registry, join } = setUp({ resumeTimeoutMs: 0 });
  const ada = join('lobby', 'Ada');
  ada.participant.lose(clock.now());
  t.equal(registry.figures.participants, 0);
  t.end();
});

test('participants who may still resume count towards the room limit', (t) => {
  const { clock, join } = setUp({ maxParticipants: 1 });
  const ada = join('lobby', 'Ada');
  ada.participant.lose(clock.now());
  t.equal(
    codeOf(() => join('lobby', 'Ben')),
    'room_full',
  );
  clock.advance(8000);
  t.equal(
    codeOf(() => join('lobby', 'Ben')),
    undefined,
  );
  t.end();
});

test('a resume token that matches nobody in the room is just a new join', (t) => {
  const { join } = setUp();
  const ada = join('lobby', 'Ada');
  for (const resumeToken of ['', 'x', 'A'.repeat(ada.participant.resumeToken.length)]) {
    const other = join('lobby', 'Eve', { resumeToken });
    t.not(other.participant.id, ada.participant.id);
    other.participant.leave('left');
  }
  t.not(join('other', 'Ada', { resumeToken: ada.participant.resumeToken }).participant.id, ada.participant.id);
  t.equal(ada.listener.endedBy, undefined);
  t.end();
});

test('closing ends everybody with server_closing, frees the media and refuses joins', (t) => {
  const { plane, registry, join } = setUp();
  const people = [join('one', 'Ada'), join('one', 'Ben'), join('two', 'Cy')];
  sit(people[0]!.participant, 'x');
  for (const { listener } of people) listener.take();
  registry.close();
  registry.close();
  for (const { listener, participant } of people) {
    t.equal(listener.endedBy, 'server_closing');
    participant.leave('connection_lost');
    t.strictSame(listener.take(), []);
  }
  t.strictSame(
    plane.rooms.filter(({ open }) => open),
    [],
  );
  t.strictSame(plane.openSeats, []);
  t.match(registry.figures, { rooms: 0, participants: 0 });
  t.equal(
    codeOf(() => join('one', 'Di')),
    'server_closing',
  );
  t.end();
});

test('all spellings of a name lead to one room, which keeps that of the first', (t) => {
  const { registry, join } = setUp();
  const ada = join('My Room', 'Ada');
  for (const spelling of ['my room', 'MY-ROOM', 'my  room/']) {
    const ben = join(spelling, 'Ben');
    t.equal(ben.room, 'My Room', spelling);
    t.equal(ben.participants.length, 2);
    t.equal(registry.room(spelling).name, 'My Room');
    ben.participant.leave('left');
  }
  t.equal(
    codeOf(() => registry.create({ name: 'my-room', locked: false })),
    'room_exists',
  );
  const back = join('my room', 'Ada', { resumeToken: ada.participant.resumeToken });
  t.equal(back.participant.id, ada.participant.id);
  t.equal(registry.figures.rooms, 1);
  t.end();
});

test('the others see whether someone has a microphone, and whether it is open', (t) => {
  const { join } = setUp();
  const ada = join('lobby', 'Ada');
  t.equal(ada.participant.view.microphone, 'open', 'clients that do not say are taken to have one');
  const ben = join('lobby', 'Ben', { hasMicrophone: false });
  t.equal(ben.participant.view.microphone, 'none');
  ada.listener.take();
  ben.participant.setPresence({ hasMicrophone: true });
  ben.participant.setPresence({ hasMicrophone: true });
  ben.participant.setState({ muted: true });
  t.match(ada.listener.take(), [
    { type: 'participant_updated', participant: { microphone: 'open', muted: false } },
    { type: 'participant_updated', participant: { microphone: 'muted', muted: true } },
  ]);
  const again = join('lobby', 'Ben', { resumeToken: ben.participant.resumeToken, hasMicrophone: false });
  t.match(ada.listener.take().at(-1), { participant: { microphone: 'none' } });
  const cy = join('lobby', 'Cy', { admission: { ...GUEST, maySpeak: false } });
  t.equal(cy.participant.view.microphone, 'none', 'nobody can hear those who may not speak');
  again.participant.leave('left');
  again.participant.setPresence({ hasMicrophone: true });
  t.end();
});

test('who is banned between being admitted and joining does not come in', (t) => {
  const { registry, access, join } = setUp();
  const admission = { ...GUEST, identity: 'user-7' };
  const ada = join('other', 'Ada', { admission });
  access.bans.add({ room: 'lobby', identity: 'user-7', by: null, durationMs: null });
  t.equal(
    codeOf(() => join('lobby', 'Ada', { admission })),
    'kicked',
  );
  t.match(registry.figures, { rooms: 1, participants: 1 }, 'no room is left open');
  const { resumeToken } = ada.participant;
  t.equal(join('lobby', 'Ada', { admission: { ...GUEST, identity: 'user-8' } }).participant.roomName, 'lobby');
  t.equal(join('other', 'Ada', { admission, resumeToken }).participant.id, ada.participant.id);
  t.end();
});

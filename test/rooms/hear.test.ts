import pino from 'pino';
import { test } from 'tap';
import type { MemberState } from '../../src/media/plane.ts';
import { AccessControl } from '../../src/rooms/access.ts';
import { type Admission, GUEST } from '../../src/rooms/admission.ts';
import type { EndReason, ParticipantListener, RoomEvent } from '../../src/rooms/events.ts';
import type { Participant } from '../../src/rooms/participant.ts';
import { RoomRegistry } from '../../src/rooms/registry.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { FakeMediaPlane, type FakeSeat, sit } from '../helpers/fake-media-plane.ts';

class Listener implements ParticipantListener {
  readonly events: RoomEvent[] = [];
  event(event: RoomEvent): void {
    this.events.push(event);
  }
  ended(_reason: EndReason): void {}
}

function setUp() {
  const plane = new FakeMediaPlane();
  const clock = new FakeClock();
  const access = new AccessControl({ mode: 'open', tokenSecret: '', roomPasswords: {}, clock });
  const limits = { maxRooms: 5, maxRoomsPerAddress: 0, maxParticipants: 10, resumeTimeoutMs: 30_000 };
  const registry = new RoomRegistry({ plane, access, limits, clock, log: pino({ level: 'silent' }) });
  const join = (name: string, admission: Admission = GUEST, room = 'lobby') => {
    const listener = new Listener();
    const joined = registry.join({ room, name, admission, state: { muted: false, deafened: false }, listener });
    const seat = takeSeat(joined.participant);
    return { ...joined, listener, seat, id: joined.participant.id };
  };
  return { plane, registry, join };
}

function takeSeat(participant: Participant): FakeSeat {
  sit(participant, 'offer');
  return participant.seat as FakeSeat;
}

const known = (identity: string): Admission => ({ ...GUEST, identity });
const hearing = (seat: FakeSeat): MemberState['hearing'] => seat.state.hearing;

test('a gain goes to the seat of the listener, with the seat of the voice, and only the listener is notified', async (t) => {
  const { join } = setUp();
  const [ada, ben, cleo] = [join('Ada'), join('Ben'), join('Cleo')];
  ada.participant.hear(ben.id, 0.5);
  t.strictSame(hearing(ada.seat), [{ seatId: ben.seat.id, gain: 0.5 }]);
  t.strictSame(hearing(ben.seat), []);
  t.match(ada.listener.events.at(-1), { type: 'hearing', participantId: ben.id, gain: 0.5 });
  for (const other of [ben, cleo]) t.notOk(other.listener.events.some(({ type }) => type === 'hearing'));
  t.notMatch(ben.participant.view, { hearing: [] });
  ada.participant.hear(ben.id, 1);
  t.strictSame(hearing(ada.seat), []);
});

test('a gain for somebody absent, or for oneself, is refused', async (t) => {
  const { join } = setUp();
  const ada = join('Ada');
  t.throws(() => ada.participant.hear('nobody', 0.5), { code: 'unknown_participant' });
  t.throws(() => ada.participant.hear(ada.id, 0.5), { code: 'unknown_participant' });
  t.strictSame(hearing(ada.seat), []);
});

test('a gain survives when one of the two gets a new seat', async (t) => {
  const { join } = setUp();
  const [ada, ben] = [join('Ada'), join('Ben')];
  ada.participant.hear(ben.id, 0.25);
  const bensNext = takeSeat(ben.participant);
  t.strictSame(hearing(ada.seat), [{ seatId: bensNext.id, gain: 0.25 }]);
  const adasNext = takeSeat(ada.participant);
  t.strictSame(hearing(adasNext), [{ seatId: bensNext.id, gain: 0.25 }]);
  ada.participant.setState({ muted: true });
  t.strictSame(adasNext.state, { muted: true, deafened: false, hearing: [{ seatId: bensNext.id, gain: 0.25 }] });
});

test('a gain is kept by identity while the room lives, on both sides', async (t) => {
  const { join } = setUp();
  join('Somebody who stays');
  const [ada, ben] = [join('Ada', known('ada')), join('Ben', known('ben'))];
  ada.participant.hear(ben.id, 0);
  ben.participant.leave('left');
  const benAgain = join('Ben', known('ben'));
  t.not(benAgain.id, ben.id);
  t.strictSame(hearing(ada.seat), [{ seatId: benAgain.seat.id, gain: 0 }]);
  ada.participant.leave('left');
  const adaAgain = join('Ada', known('ada'));
  t.strictSame(adaAgain.hearing, [[benAgain.id, 0]]);
  t.strictSame(hearing(adaAgain.seat), [{ seatId: benAgain.seat.id, gain: 0 }]);
});

test('a moved participant is heard with the gains of the new room', async (t) => {
  const { registry, join } = setUp();
  const [ada, ben] = [join('Ada', known('ada')), join('Ben', known('ben'))];
  const cleo = join('Cleo', GUEST, 'attic');
  ada.participant.hear(ben.id, 0.5);
  registry.move('lobby', ada.id, 'attic');
  t.strictSame(hearing(ada.seat), []);
  t.match(
    ada.listener.events.find(({ type }) => type === 'moved'),
    { hearing: [] },
  );
  ada.participant.hear(cleo.id, 2);
  registry.move('attic', ada.id, 'lobby');
  t.strictSame(hearing(ada.seat), [{ seatId: ben.seat.id, gain: 0.5 }]);
});

test('a listener gets no levels of the voices they turned off', async (t) => {
  const { plane, join } = setUp();
  const [ada, ben, cleo] = [join('Ada'), join('Ben'), join('Cleo')];
  ada.participant.hear(ben.id, 0);
  plane.rooms[0]!.levels([
    { seatId: ben.seat.id, levelDbov: -20 },
    { seatId: cleo.seat.id, levelDbov: -30 },
  ]);
  t.match(ada.listener.events.at(-1), { type: 'levels', speaking: [[cleo.id, -30]] });
  t.match(cleo.listener.events.at(-1), {
    type: 'levels',
    speaking: [
      [ben.id, -20],
      [cleo.id, -30],
    ],
  });
});

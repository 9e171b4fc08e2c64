import fc from 'fast-check';
import { type Test, test } from 'tap';
import { LimitCounts } from '../../src/lib/rates/limit-counts.ts';
import type { LeaveReason, ParticipantView, RoomEvent } from '../../src/rooms/events.ts';
import { BURST_MS } from '../../src/rooms/fan-out-budget.ts';
import { ParticipantUpdates, UPDATE_RATES } from '../../src/rooms/participant-updates.ts';
import { encodeEvent } from '../../src/signaling/encode.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const STILL: Omit<ParticipantView, 'id' | 'name'> = {
  identity: null,
  maySpeak: true,
  mayModerate: false,
  muted: false,
  mutedByModerator: false,
  deafened: false,
  microphone: 'open',
  connected: true,
  captured: false,
};

/** Like the server's ids, which are random. */
const idOf = (index: number) => `${index}`.padStart(36, '0');
/** A message of one participant with such an id. */
const UPDATE_BYTES = 320;

/** A participant who keeps the messages they receive. */
class Person {
  readonly told: RoomEvent[] = [];
  readonly list = new Map<string, ParticipantView>();
  takesBatches: boolean;
  bytes = 0;
  view: ParticipantView;

  constructor(id: string, takesBatches: boolean) {
    this.view = { ...STILL, id, name: `Person ${id}` };
    this.takesBatches = takesBatches;
  }

  deliver(...events: readonly RoomEvent[]): void {
    for (const event of events) {
      this.told.push(event);
      this.bytes += encodeEvent(event).length;
      if (event.type === 'participant_left') this.list.delete(event.participantId);
      if (event.type === 'participants_left')
        for (const { participantId } of event.participants) this.list.delete(participantId);
      for (const view of viewsOf(event)) this.list.set(view.id, view);
    }
  }
}

function viewsOf(event: RoomEvent): readonly ParticipantView[] {
  switch (event.type) {
    case 'participant_joined':
    case 'participant_updated':
      return [event.participant];
    case 'participants_joined':
    case 'participants_updated':
      return event.participants;
    default:
      return [];
  }
}

/** A room of `size` people who know each other. */
function setUp(size: number, { takesBatches = true } = {}) {
  const clock = new FakeClock();
  const participants = new Map<string, Person>();
  const limitCounts = new LimitCounts();
  const updates = new ParticipantUpdates({ participants, clock, limitCounts });
  const add = (index: number, takes = takesBatches): Person => {
    const person = new Person(idOf(index), takes);
    participants.set(person.view.id, person);
    for (const { view } of participants.values()) person.list.set(view.id, view);
    updates.joined(person.view.id);
    return person;
  };
  const people = Array.from({ length: size }, (_, index) => add(index));
  clock.advance(60_000);
  for (const person of people) {
    person.told.length = 0;
    person.bytes = 0;
  }
  const hitsBefore = limitCounts.counts.get('room_update_bytes') ?? 0;
  return {
    clock,
    participants,
    updates,
    add,
    hits: () => (limitCounts.counts.get('room_update_bytes') ?? 0) - hitsBefore,
    /** The messages of the first of them, which everybody else got as well. */
    told: people[0]!.told,
    change: (index: number, changes: Partial<ParticipantView>) => {
      const person = participants.get(idOf(index));
      if (person !== undefined) person.view = { ...person.view, ...changes };
      updates.changed(idOf(index));
    },
    remove: (index: number, reason: LeaveReason = 'left') => {
      participants.delete(idOf(index));
      updates.left(idOf(index), reason);
    },
  };
}

/** Everybody in the room has everybody in their list, in their current state. */
function isKnown(participants: ReadonlyMap<string, Person>): boolean {
  return [...participants.values()].every(
    ({ list }) => list.size === participants.size && [...participants].every(([id, { view }]) => list.get(id) === view),
  );
}

test('when a hundred change at once, everybody gets two messages, and each is serialised once', (t) => {
  const { clock, participants, told, change } = setUp(100);
  for (let index = 0; index < 100; index++) change(index, { connected: false });
  t.match(told, [{ type: 'participant_updated', participant: { id: idOf(0), connected: false } }], 'the first at once');
  clock.advance(49);
  t.equal(told.length, 1);
  clock.advance(1);
  t.equal(told.length, 2);
  t.equal(told[1]?.type, 'participants_updated');
  t.same(
    viewsOf(told[1]!).map(({ id }) => id),
    [...participants.keys()].slice(1),
  );
  clock.advance(1000);
  t.equal(told.length, 2);
  const everything = new Set([...participants.values()].flatMap((person) => person.told));
  t.equal(everything.size, 2, 'a hundred times the same two objects');
  t.ok(isKnown(participants));
  t.end();
});

test('with constant changes within the budget, everybody gets a message every 50 ms', (t) => {
  const { clock, told, change, hits } = setUp(200);
  for (let ms = 0; ms < 1000; ms++) {
    if (ms % 20 === 0) change((ms / 20) % 200, { muted: true });
    clock.advance(1);
  }
  clock.advance(50);
  t.ok(told.length >= 16 && told.length <= 21, `${told.length}`);
  t.equal(told.flatMap(viewsOf).length, 50, 'none is left out');
  t.equal(hits(), 0);
  t.end();
});

test('in a small room every change is sent at once', (t) => {
  const { told, change } = setUp(2);
  for (let count = 0; count < 50; count++) change(1, { muted: count % 2 === 0 });
  t.equal(told.length, 50);
  t.ok(told.every(({ type }) => type === 'participant_updated'));
  t.end();
});

test('a change after a pause is sent at once, even in a large room', (t) => {
  const { clock, told, change } = setUp(500);
  for (const index of [1, 2, 3]) {
    change(index, { muted: true });
    clock.advance(50);
  }
  t.match(told.map(viewsOf), [[{ id: idOf(1) }], [{ id: idOf(2) }], [{ id: idOf(3) }]]);
  t.end();
});

test('a participant who changes again while waiting is sent once, in the latest state', (t) => {
  const { clock, told, change, remove } = setUp(200);
  change(0, { muted: true });
  change(1, { muted: true });
  change(2, { muted: true });
  change(1, { muted: false, deafened: true });
  remove(2);
  clock.advance(50);
  t.match(told.slice(1), [
    { type: 'participant_left', participantId: idOf(2), reason: 'left' },
    { type: 'participant_updated', participant: { id: idOf(1), muted: false, deafened: true } },
  ]);
  t.end();
});

test('a closed room sends nothing more and leaves no timer', (t) => {
  const { clock, told, updates, change } = setUp(200);
  change(0, { muted: true });
  change(1, { muted: true });
  updates.close();
  updates.close();
  change(2, { muted: true });
  clock.advance(1000);
  t.equal(told.length, 1);
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('however many change how often, a room sends no more than its budget, and everybody ends up with the final state', (t) => {
  for (const size of [2, 10, 240, 600]) {
    const { clock, participants, change, hits } = setUp(size);
    const seconds = 10;
    for (let ms = 0; ms < 1000 * seconds; ms += 25) {
      for (let index = 1; index < size; index++)
        if ((index + ms / 25) % 4 === 0) change(index, { muted: ms % 50 === 0 });
      if (size === 2) for (let n = 0; n < 10; n++) change(1, { muted: n % 2 === 0 });
      clock.advance(25);
    }
    const bytes = [...participants.values()].map((person) => person.bytes);
    const each = Math.max(...bytes);
    const all = bytes.reduce((sum, some) => sum + some, 0);
    const paidSeconds = seconds + BURST_MS / 1000;
    t.ok(each <= UPDATE_RATES.each * paidSeconds + UPDATE_BYTES, `${size} people: ${each} bytes to each`);
    t.ok(all <= UPDATE_RATES.inAll * paidSeconds + UPDATE_BYTES * size, `${size} people: ${all} bytes in all`);
    t.ok(hits() > 0);
    clock.advance(120_000);
    t.ok(isKnown(participants), "everybody knows everybody's state");
    t.equal(clock.pendingTimers, 0);
  }
  t.end();
});

test('a single change is sent within a third of a second while all others change all the time', (t) => {
  const { clock, participants, told, change } = setUp(240);
  for (let ms = 0; ms < 6000; ms += 50) {
    for (let index = 2; index < 240; index++) change(index, { muted: ms % 100 === 0 });
    clock.advance(50);
  }
  told.length = 0;
  change(1, { muted: true });
  for (let ms = 0; ms < 320; ms += 40) {
    for (let index = 2; index < 240; index++) change(index, { muted: ms % 80 === 0 });
    clock.advance(40);
  }
  const views = told.flatMap(viewsOf);
  t.ok(views.some(({ id, muted }) => id === idOf(1) && muted));
  t.ok(views.length < participants.size / 2, 'and not because everybody was sent');
  t.end();
});

test('joins and leaves go before changes when the budget is short', (t) => {
  const { clock, told, add, change, remove } = setUp(240);
  for (let ms = 0; ms < 5000; ms += 50) {
    for (let index = 2; index < 240; index++) change(index, { muted: ms % 100 === 0 });
    clock.advance(50);
  }
  told.length = 0;
  add(1000);
  remove(7);
  clock.advance(300);
  t.ok(told.some((event) => event.type === 'participant_joined' && event.participant.id === idOf(1000)));
  t.ok(told.some((event) => event.type === 'participant_left' && event.participantId === idOf(7)));
  t.end();
});

/** How many messages everybody in a room gets while `count` people join, or leave, at this pace. */
function messagesOf(t: Test, count: number, { takesBatches = true, leave = false } = {}): number {
  const room = setUp(leave ? count + 2 : 2, { takesBatches });
  for (let n = 0; n < count; n++) {
    if (leave) room.remove(2 + n);
    else room.add(2 + n);
    room.clock.advance(2);
  }
  const messages = () => [...room.participants.values()].reduce((sum, { told }) => sum + told.length, 0);
  room.clock.advance(60_000);
  t.ok(isKnown(room.participants));
  return leave ? room.told.length : messages();
}

test('the cost of joins grows with their number, not with its square', (t) => {
  // Twice as many in twice the time: twice as many people each see twice as many batches, which is the minimum.
  const few = messagesOf(t, 100);
  const many = messagesOf(t, 400);
  const oneByOne = (400 * 401) / 2;
  t.ok(many < oneByOne / 8, `${many} messages instead of ${oneByOne}`);
  t.ok(few < many);
  t.ok(messagesOf(t, 400, { leave: true }) < 60, 'those who stay get few messages when four hundred leave');
  t.end();
});

test('clients of version 0.1 get each join and each leave once, and never their own', (t) => {
  const { clock, participants, add, remove, change } = setUp(150, { takesBatches: false });
  const old = participants.get(idOf(0))!;
  for (let index = 150; index < 170; index++) add(index);
  change(155, { muted: true });
  remove(160);
  const late = add(170);
  remove(161);
  remove(3);
  clock.advance(1000);
  const joins = ({ told }: Person) =>
    told.flatMap((event) => (event.type === 'participant_joined' ? [event.participant.id] : []));
  const leaves = ({ told }: Person) =>
    told.flatMap((event) => (event.type === 'participant_left' ? [event.participantId] : []));
  t.ok(
    [...participants.values()].every(({ told }) =>
      told.every(({ type }) => !/^participants_(joined|left)$/.test(type)),
    ),
  );
  const staying = Array.from({ length: 20 }, (_, index) => idOf(150 + index)).filter(
    (id) => id !== idOf(160) && id !== idOf(161),
  );
  t.same(joins(old), [...staying, idOf(170)]);
  t.same(leaves(old), [idOf(3)], 'there is no leave for participants they never heard of');
  t.same(joins(late), [], 'all others were in the list');
  t.same(leaves(late).sort(), [idOf(3), idOf(161)]);
  t.ok(isKnown(participants));
  t.end();
});

test('whatever happens in any order, in the end everybody has everybody present in their list, in their current state', (t) => {
  const step = fc.record({
    what: fc.constantFrom('change', 'change', 'join', 'leave', 'return', 'replace', 'list'),
    index: fc.nat(12),
    muted: fc.boolean(),
    takesBatches: fc.boolean(),
    pauseMs: fc.constantFrom(0, 0, 0, 1, 30, 70, 300),
  });
  fc.assert(
    fc.property(fc.constantFrom(3, 13, 150), fc.array(step, { maxLength: 80 }), (size, steps) => {
      const { clock, participants, updates, add, change, remove } = setUp(size);
      let next = 1000;
      for (const { what, index, muted, takesBatches, pauseMs } of steps) {
        const person = participants.get(idOf(index));
        if (what === 'join') add(next++, takesBatches);
        else if (what === 'return' && person === undefined) add(index, takesBatches);
        else if (person !== undefined) {
          if (what === 'change') change(index, { muted });
          if (what === 'leave') remove(index);
          if (what === 'replace' || what === 'list') {
            person.view = { ...person.view, deafened: muted };
            person.takesBatches = takesBatches;
            person.list.clear();
            for (const { view } of participants.values()) person.list.set(view.id, view);
            if (what === 'replace') updates.replaced(idOf(index));
            else {
              updates.listTaken(idOf(index));
              updates.changed(idOf(index));
            }
          }
        }
        clock.advance(pauseMs);
      }
      clock.advance(60_000);
      return isKnown(participants) && clock.pendingTimers === 0;
    }),
  );
  t.end();
});

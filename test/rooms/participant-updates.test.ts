import fc from 'fast-check';
import { test } from 'tap';
import type { ParticipantView, RoomEvent } from '../../src/rooms/events.ts';
import { ParticipantUpdates } from '../../src/rooms/participant-updates.ts';
import { encodeEvent } from '../../src/signaling/encode.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

type Update = Extract<RoomEvent, { type: 'participant_updated' | 'participants_updated' }>;

const STILL: Omit<ParticipantView, 'id' | 'name'> = {
  identity: null,
  maySpeak: true,
  mayModerate: false,
  muted: false,
  mutedByModerator: false,
  deafened: false,
  connected: true,
  captured: false,
};

/** A room of `size` people, of whom each keeps what they are told. */
function setUp(size: number) {
  const clock = new FakeClock();
  const participants = new Map<string, { view: ParticipantView }>();
  for (let index = 0; index < size; index++) {
    const id = `p${index}`;
    participants.set(id, { view: { ...STILL, id, name: id } });
  }
  const told: Update[] = [];
  const updates = new ParticipantUpdates({ participants, clock, tellAll: (event) => void told.push(event as Update) });
  const change = (id: string, changes: Partial<ParticipantView>) => {
    const participant = participants.get(id);
    if (participant !== undefined) participant.view = { ...participant.view, ...changes };
    updates.changed(id);
  };
  return { clock, participants, told, updates, change };
}

const viewsOf = (event: Update) => ('participants' in event ? event.participants : [event.participant]);

test('where all of five hundred change at once, everybody gets two messages, and each is written once', (t) => {
  const { clock, participants, told, change } = setUp(500);
  for (const id of participants.keys()) change(id, { connected: false });
  t.match(
    told,
    [{ type: 'participant_updated', participant: { id: 'p0', connected: false } }],
    'the first is told at once',
  );
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

  const written = t.capture(JSON, 'stringify', JSON.stringify);
  const sent = new Set(told.flatMap((event) => Array.from({ length: 500 }, () => encodeEvent(event))));
  t.equal(sent.size, 2, 'a thousand times the same two texts');
  t.equal(written().filter(({ args: [value] }) => told.includes(value as Update)).length, 2);
  t.end();
});

test('with changes all the time everybody gets a message every 50 ms', (t) => {
  const { clock, told, change } = setUp(500);
  for (let ms = 0; ms < 1000; ms++) {
    change(`p${ms % 500}`, { muted: ms < 500 });
    clock.advance(1);
  }
  clock.advance(50);
  t.equal(told.length, 21);
  t.equal(told.flatMap(viewsOf).length, 1000, 'none is left out');
  t.end();
});

test('in a small room every change is told at once', (t) => {
  const { told, change } = setUp(2);
  for (let count = 0; count < 50; count++) change('p1', { muted: count % 2 === 0 });
  t.equal(told.length, 50);
  t.ok(told.every(({ type }) => type === 'participant_updated'));
  t.end();
});

test('a change after a pause is told at once, also in a large room', (t) => {
  const { clock, told, change } = setUp(500);
  for (const id of ['p1', 'p2', 'p3']) {
    change(id, { muted: true });
    clock.advance(50);
  }
  t.match(told.map(viewsOf), [[{ id: 'p1' }], [{ id: 'p2' }], [{ id: 'p3' }]]);
  t.end();
});

test('who changes again while it waits is told once, as they are then; who leaves is not told', (t) => {
  const { clock, participants, told, change } = setUp(200);
  change('p0', { muted: true });
  change('p1', { muted: true });
  change('p2', { muted: true });
  change('p1', { muted: false, deafened: true });
  participants.delete('p2');
  clock.advance(50);
  t.match(told.slice(1), [{ type: 'participant_updated', participant: { id: 'p1', muted: false, deafened: true } }]);
  t.end();
});

test('a room that is closed tells nothing more and leaves no timer', (t) => {
  const { clock, told, updates, change } = setUp(200);
  change('p0', { muted: true });
  change('p1', { muted: true });
  updates.close();
  updates.close();
  change('p2', { muted: true });
  clock.advance(1000);
  t.equal(told.length, 1);
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('whatever changes when, what is told last of each is how they are', (t) => {
  const step = fc.record({ id: fc.nat(9), muted: fc.boolean(), pauseMs: fc.nat(70) });
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 150 }), fc.array(step, { maxLength: 60 }), (size, steps) => {
      const { clock, participants, told, change } = setUp(size);
      const last = new Map([...participants].map(([id, { view }]) => [id, view]));
      for (const { id, muted, pauseMs } of steps) {
        change(`p${id}`, { muted });
        clock.advance(pauseMs);
      }
      clock.advance(50);
      for (const view of told.flatMap(viewsOf)) last.set(view.id, view);
      return [...last].every(([id, view]) => participants.get(id)?.view === view) && clock.pendingTimers === 0;
    }),
  );
  t.end();
});

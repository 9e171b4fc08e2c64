import fc from 'fast-check';
import pino from 'pino';
import { type Test, test } from 'tap';
import { AccessControl } from '../../src/rooms/access.ts';
import { type Admission, GUEST } from '../../src/rooms/admission.ts';
import type { EventOf, ParticipantListener, ParticipantView, RoomEvent } from '../../src/rooms/events.ts';
import type { Participant } from '../../src/rooms/participant.ts';
import { RoomRegistry } from '../../src/rooms/registry.ts';
import { MAX_FULL_LIST } from '../../src/rooms/room-roster.ts';
import { SPOKE_FOR_MS } from '../../src/rooms/shown-people.ts';
import { cases } from '../helpers/cases.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { FakeMediaPlane, sit } from '../helpers/fake-media-plane.ts';

type Kind = 'pages' | 'batches' | 'old';

const MODERATOR: Admission = { ...GUEST, identity: 'chair', mayModerate: true };

/** Keeps the list that it was told, as clients do. */
class Client implements ParticipantListener {
  readonly takesBatches: boolean;
  readonly takesPages: boolean;
  readonly list = new Map<string, ParticipantView>();
  readonly told: RoomEvent[] = [];
  count: number | undefined;
  participant: Participant | undefined;

  constructor(kind: Kind) {
    this.takesPages = kind === 'pages';
    this.takesBatches = kind !== 'old';
  }

  enter({ participants, count }: { readonly participants: readonly ParticipantView[]; readonly count?: number }): void {
    const self = this.list.get(this.participant!.id);
    this.list.clear();
    this.count = count;
    for (const view of participants) this.list.set(view.id, view);
    if (self !== undefined && !this.list.has(self.id)) this.list.set(self.id, self);
  }

  event(...events: readonly RoomEvent[]): void {
    for (const event of events) {
      this.told.push(event);
      if (event.type === 'people') {
        this.count = event.count;
        if (event.participants !== undefined) this.enter({ ...event, participants: event.participants });
      } else if (event.type === 'participant_left') this.#leave([event]);
      else if (event.type === 'participants_left') this.#leave(event.participants);
      else if (event.type === 'participant_joined' || event.type === 'participant_updated')
        this.list.set(event.participant.id, event.participant);
      else if (event.type === 'participants_joined' || event.type === 'participants_updated')
        for (const view of event.participants) this.list.set(view.id, view);
    }
  }

  ended(): void {
    this.participant = undefined;
  }

  all<T extends RoomEvent['type']>(type: T): EventOf<T>[] {
    return this.told.filter((event): event is EventOf<T> => event.type === type);
  }

  get names(): string[] {
    return [...this.list.values()].map(({ name }) => name).sort();
  }

  #leave(leaves: EventOf<'participants_left'>['participants']): void {
    for (const { participantId, reason } of leaves) {
      if (reason === 'hidden' && !this.takesPages) throw new Error('a client was told of what it does not know');
      this.list.delete(participantId);
    }
  }
}

function setUp(rosterLimit: number) {
  const clock = new FakeClock();
  const plane = new FakeMediaPlane();
  const access = new AccessControl({ mode: 'open', tokenSecret: '', roomPasswords: {}, clock });
  const registry = new RoomRegistry({
    plane,
    access,
    clock,
    log: pino({ level: 'silent' }),
    limits: { maxRooms: 5, maxRoomsPerAddress: 0, maxParticipants: 5000, resumeTimeoutMs: 30_000, rosterLimit },
  });
  const join = (name: string, kind: Kind = 'pages', admission = GUEST, resumeToken?: string): Client => {
    const listener = new Client(kind);
    const state = { muted: false, deafened: false };
    const joined = registry.join({ room: 'hall', name, admission, state, listener, resumeToken });
    listener.participant = joined.participant;
    listener.enter(joined);
    return listener;
  };
  const fill = (count: number, kind: Kind = 'pages') =>
    Array.from({ length: count }, (_, index) => join(`Person ${index}`, kind));
  const seatOf = (participant: Participant): number => {
    if (participant.seat === undefined) sit(participant, 'offer');
    return participant.seat!.id;
  };
  const speak = (clients: readonly Client[]) => {
    const levels = clients.map(({ participant }) => ({ seatId: seatOf(participant!), levelDbov: -20 }));
    plane.rooms[0]!.levels(levels);
  };
  return { clock, plane, registry, join, fill, speak, room: () => registry.room('hall') };
}

test('a room below the limit lists everyone, without a count', (t) => {
  const { clock, fill } = setUp(5);
  const clients = fill(5);
  clock.advance(1000);
  for (const { list, count } of clients) {
    t.equal(list.size, 5);
    t.equal(count, undefined);
  }
  t.end();
});

test('beyond it only some are listed, each client lists itself, and the count is told once a second', (t) => {
  const { clock, join, fill } = setUp(5);
  const chair = join('Chair', 'pages', MODERATOR);
  const clients = fill(5);
  t.strictSame(clients[4]!.names, ['Chair', 'Person 4'], 'in joined');
  t.equal(clients[4]!.count, 6);
  t.strictSame(chair.names, ['Chair'], 'the list was replaced');
  t.strictSame(clients[0]!.names, ['Chair', 'Person 0']);
  t.equal(clients[0]!.all('people').length, 1);
  for (let i = 0; i < 4; i++) join(`More ${i}`);
  t.equal(clients[0]!.count, 6);
  clock.advance(999);
  t.equal(clients[0]!.count, 6);
  clock.advance(1);
  t.equal(clients[0]!.count, 10);
  clock.advance(10_000);
  t.equal(clients[0]!.all('people').length, 2, 'and not again while it is the same');
  t.equal(clients[0]!.all('participants_joined').length, 0);
  t.end();
});

test('who raises a hand is listed, and hidden again, without having come or gone', (t) => {
  const { clock, fill } = setUp(5);
  const clients = fill(8);
  clock.advance(1000);
  const [ada, ben] = [clients[0]!, clients[1]!];
  ben.told.length = 0;
  ada.participant!.setPresence({ handRaised: true });
  clock.advance(1000);
  t.match(ben.list.get(ada.participant!.id), { handRaised: true });
  t.equal(ben.all('participant_joined').length, 0);
  ada.participant!.setPresence({ handRaised: false });
  clock.advance(1000);
  t.equal(ben.list.has(ada.participant!.id), false);
  t.match(ben.all('participant_left'), [{ participantId: ada.participant!.id, reason: 'hidden' }]);
  t.equal(ada.list.get(ada.participant!.id)?.handRaised, undefined, 'they still list themselves');
  t.equal(ada.all('participant_left').length, 0);
  t.end();
});

test('what changes about somebody who is not listed reaches them, and nobody else', (t) => {
  const { clock, fill } = setUp(5);
  const clients = fill(8);
  clock.advance(1000);
  for (const { told } of clients) told.length = 0;
  clients[3]!.participant!.setPresence({ away: true });
  clock.advance(1000);
  t.equal(clients[3]!.list.get(clients[3]!.participant!.id)?.away, true);
  for (const client of clients) t.equal(client.told.length, client === clients[3] ? 1 : 0);
  t.end();
});

test('who begins to speak is listed before their first level, and for a minute after the last', (t) => {
  const { clock, fill, speak } = setUp(5);
  const clients = fill(8);
  clock.advance(1000);
  const [ada, ben] = [clients[0]!, clients[1]!];
  const { id } = ada.participant!;
  const known: boolean[] = [];
  const event = ben.event.bind(ben);
  ben.event = (...events) => {
    event(...events);
    for (const one of events)
      if (one.type === 'levels') for (const [speaker] of one.speaking) known.push(ben.list.has(speaker));
  };
  for (let ms = 0; ms < 500; ms += 100) {
    speak([ada]);
    clock.advance(100);
  }
  t.ok(known.length > 0);
  t.ok(known.every((isKnown) => isKnown));
  speak([]);
  clock.advance(100);
  t.strictSame(ben.all('levels').at(-1)?.speaking, []);
  clock.advance(SPOKE_FOR_MS - 2000);
  t.equal(ben.list.has(id), true);
  clock.advance(4000);
  t.equal(ben.list.has(id), false);
  t.end();
});

test('clients that do not know pages are told of everyone, as far as that is possible', (t) => {
  const { clock, join, fill, registry } = setUp(5);
  const old = join('Old', 'old');
  fill(MAX_FULL_LIST - 2);
  clock.advance(600_000);
  t.equal(old.list.size, MAX_FULL_LIST - 1);
  const last = join('Last', 'old');
  t.equal(last.list.size, MAX_FULL_LIST);
  const beyond = join('Beyond', 'batches');
  t.strictSame(beyond.names, ['Beyond'], 'it is bounded for them, too');
  t.equal(beyond.count, MAX_FULL_LIST + 1);
  registry.close();
  t.end();
});

test('a room that has become small lists everyone again, but not for the first minute', (t) => {
  const { clock, fill } = setUp(8);
  const clients = fill(10);
  for (const client of clients.splice(4)) client.participant!.leave('left');
  clock.advance(30_000);
  t.equal(clients[0]!.list.size, 1);
  clock.advance(40_000);
  clients.pop()!.participant!.leave('left');
  t.strictSame(clients[0]!.names, ['Person 0', 'Person 1', 'Person 2']);
  t.equal(clients[0]!.count, undefined);
  clients[1]!.participant!.setPresence({ away: true });
  clock.advance(1000);
  t.equal(clients[0]!.list.get(clients[1]!.participant!.id)?.away, true);
  t.end();
});

test('the limit 0 means that everyone is always listed', (t) => {
  const { clock, fill } = setUp(0);
  const clients = fill(300);
  clock.advance(60_000);
  t.equal(clients[0]!.list.size, 300);
  t.end();
});

test('a page has 100 people in the order of their arrival, and the request id', (t) => {
  const { fill } = setUp(5);
  const clients = fill(205);
  const asker = clients[0]!;
  const ask = (query: { after?: string; search?: string }) => {
    asker.participant!.listPeople({ search: '', ...query, requestId: 7 });
    return asker.all('people_page').at(-1)!;
  };
  const first = ask({});
  t.equal(first.requestId, 7);
  t.strictSame(
    first.participants.map(({ name }) => name),
    Array.from({ length: 100 }, (_, index) => `Person ${index}`),
  );
  const second = ask({ after: first.next! });
  t.equal(second.participants[0]?.name, 'Person 100');
  const third = ask({ after: second.next! });
  t.equal(third.participants.length, 5);
  t.equal(third.next, null);
  t.strictSame(
    ask({ search: ' PERSÓN 20' }).participants.map(({ name }) => name),
    ['Person 20', 'Person 200', 'Person 201', 'Person 202', 'Person 203', 'Person 204'],
  );
  t.strictSame(ask({ search: 'nobody' }).participants, []);
  t.strictSame(ask({ after: 'x' }).participants, [], 'what is no mark finds nobody');
  t.end();
});

/** Whatever happens, in the end every client lists whom it should, as they are. */
function isRight(t: Test, clients: readonly Client[], people: readonly ParticipantView[], isLarge: boolean): void {
  const all = new Map(people.map((view) => [view.id, view]));
  const shown = clients.find(({ takesPages }) => takesPages)?.list ?? new Map();
  for (const { list, takesPages, participant, count } of clients) {
    if (participant === undefined) continue;
    for (const [id, view] of list) t.strictSame(view, all.get(id));
    t.ok(list.has(participant.id));
    if (!takesPages || !isLarge) t.equal(list.size, all.size);
    if (!takesPages) continue;
    t.equal(count, isLarge ? all.size : undefined);
    const self = new Set(clients.map(({ participant: one }) => one?.id));
    for (const id of shown.keys()) if (!self.has(id)) t.ok(list.has(id));
    for (const { id, handRaised, mayModerate } of people) if (handRaised || mayModerate) t.ok(list.has(id));
  }
}

test('after any sequence of events every client lists whom it should', (t) => {
  const step = fc.record({
    what: fc.constantFrom('join', 'join', 'join', 'leave', 'hand', 'away', 'speak', 'resume', 'wait'),
    who: fc.nat(),
    kind: fc.constantFrom<Kind>('pages', 'batches', 'old'),
    waitMs: fc.constantFrom(0, 10, 60, 3000, 70_000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { clock, join, speak, registry, fill } = setUp(6);
      let clients = fill(5);
      let isLarge = false;
      let largeMs = 0;
      for (const [index, { what, who, kind, waitMs }] of steps.entries()) {
        const client = clients[who % clients.length]!;
        if (what === 'join')
          clients.push(join(`Joiner ${index}`, kind, index % 9 === 0 ? { ...MODERATOR, identity: `${index}` } : GUEST));
        if (what === 'leave' && clients.length > 1) {
          client.participant!.leave('left');
          clients = clients.filter((one) => one !== client);
          if (isLarge && clients.length < 4.5 && clock.now() - largeMs >= 60_000) isLarge = false;
        }
        if (what === 'hand') client.participant!.setPresence({ handRaised: waitMs < 50 });
        if (what === 'away') client.participant!.setPresence({ away: waitMs < 50 });
        if (what === 'speak') speak([client]);
        if (what === 'resume') {
          const { resumeToken, name } = client.participant!;
          clients[clients.indexOf(client)] = join(name, kind, GUEST, resumeToken);
        }
        if (!isLarge && clients.length > 6) {
          isLarge = true;
          largeMs = clock.now();
        }
        clock.advance(waitMs);
      }
      clock.advance(5000);
      isRight(t, clients, registry.room('hall').participants, isLarge);
      registry.close();
    }),
    { numRuns: cases(80), seed: 42 },
  );
  t.end();
});

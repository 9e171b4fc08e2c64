import { test } from 'tap';
import { LimitCounts } from '../../src/lib/rates/limit-counts.ts';
import type { RoomEntry } from '../../src/protocol/messages.ts';
import type { ListedRoom } from '../../src/protocol/rooms.ts';
import type { RoomEvent } from '../../src/rooms/events.ts';
import {
  type ListableRoom,
  type ListWatcher,
  MAX_LISTED_PEOPLE,
  MAX_LISTED_ROOMS,
  RoomList,
  type RoomListMode,
} from '../../src/rooms/room-list.ts';
import type { RoomInfo } from '../../src/rooms/room-options.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

class FakeRoom implements ListableRoom {
  readonly key: string;
  readonly people: string[] = [];
  readonly speaking = new Set<string>();
  change: Partial<RoomInfo>;

  constructor(name: string, change: Partial<RoomInfo> = {}) {
    this.key = name.toLowerCase();
    this.change = { name, ...change };
  }

  get info(): RoomInfo {
    return {
      name: '',
      permanent: false,
      startedAtMs: 0,
      locked: false,
      speaking: 0,
      participants: this.people.length,
      listeners: 0,
      maxParticipants: 100,
      whispers: true,
      links: [],
      teams: [],
      chat: true,
      slowModeSeconds: 0,
      maxTalkers: 0,
      recording: 'allowed',
      live: 'off',
      levelling: true,
      description: '',
      order: 0,
      listed: true,
      ...this.change,
    };
  }

  get everybody() {
    return this.people.map((name) => ({ id: name, name }));
  }

  levelDbovOf(id: string): number | null {
    return this.speaking.has(id) ? -20 : null;
  }
}

/** Keeps the list as a client does. */
class Watcher implements ListWatcher {
  isBehind = false;
  readonly rooms = new Map<string, ListedRoom>();
  readonly events: RoomEvent[] = [];

  event(...events: readonly RoomEvent[]): void {
    for (const event of events) {
      this.events.push(event);
      if (event.type === 'rooms') this.rooms.clear();
      if (event.type === 'rooms_changed') for (const name of event.closed) this.rooms.delete(name);
      if (event.type === 'rooms' || event.type === 'rooms_changed')
        for (const room of event.rooms) this.rooms.set(room.name, room);
    }
  }

  get bytes(): number {
    return this.events.reduce((sum, event) => sum + JSON.stringify(event).length, 0);
  }

  take(): RoomEvent['type'][] {
    return this.events.splice(0).map(({ type }) => type);
  }
}

function setUp(
  mode: RoomListMode,
  entries: Readonly<Record<string, RoomEntry>> = {},
  others?: () => readonly ListedRoom[],
) {
  const clock = new FakeClock();
  const limitCounts = new LimitCounts();
  const rooms = new Map<string, FakeRoom>();
  const list = new RoomList({ mode, rooms, entryOf: (key) => entries[key] ?? 'open', others, limitCounts, clock });
  const open = (name: string, people: readonly string[] = [], change: Partial<RoomInfo> = {}) => {
    const room = new FakeRoom(name, change);
    room.people.push(...people);
    rooms.set(room.key, room);
    return room;
  };
  return { clock, limitCounts, rooms, list, open };
}

test('the list has the rooms that the setting names, in their order, and never who is inside a closed one', async (t) => {
  const entries = { vault: 'password', club: 'token' } as const;
  for (const mode of ['public', 'all'] as const) {
    const { list, open } = setUp(mode, entries);
    open('zoo', ['Zoe']);
    open('Games/Go', [], { permanent: true, order: 2, description: 'A board game' });
    open('Games/Chess', ['Ada', 'Ben'], { permanent: true, order: 1 }).speaking.add('Ben');
    open('vault', ['Eve']);
    open('club', ['Eve']);
    open('shut', ['Eve'], { locked: true });
    open('secret', ['Eve'], { listed: false });
    const watcher = new Watcher();
    list.watch(watcher);
    const told = [...watcher.rooms.values()];
    const publicRooms = ['Games/Chess', 'Games/Go', 'zoo'];
    const closedRooms = ['club', 'shut', 'vault'];
    t.same(
      told.map(({ name }) => name),
      mode === 'public' ? publicRooms : [...publicRooms.slice(0, 2), ...closedRooms, 'zoo'],
    );
    t.same(watcher.rooms.get('Games/Chess'), {
      name: 'Games/Chess',
      description: '',
      entry: 'open',
      locked: false,
      permanent: true,
      order: 1,
      participants: 2,
      people: [
        { name: 'Ada', speaking: false },
        { name: 'Ben', speaking: true },
      ],
    });
    t.match(watcher.rooms.get('Games/Go'), { description: 'A board game', participants: 0, people: [] });
    for (const name of closedRooms)
      if (mode === 'all') t.match(watcher.rooms.get(name), { participants: null, people: [] }, name);
    t.notMatch(JSON.stringify(told), /Eve/);
    t.notMatch(list.snapshot, /Eve/);
    t.same(JSON.parse(list.snapshot), told);
    list.close();
  }
});

test('without the setting there is no list', async (t) => {
  const { list, open, clock } = setUp('off');
  open('lobby', ['Ada']);
  t.throws(() => list.watch(new Watcher()), { code: 'not_allowed' });
  t.equal(list.snapshot, 'null');
  t.equal(clock.pendingTimers, 0);
});

test('changes come once a second, whatever happens in between, and only while somebody watches', async (t) => {
  const { list, open, rooms, clock } = setUp('public');
  const lobby = open('lobby', ['Ada']);
  open('other');
  t.equal(clock.pendingTimers, 0);
  const watchers = [new Watcher(), new Watcher()] as const;
  for (const watcher of watchers) list.watch(watcher);
  for (const watcher of watchers) t.same(watcher.take(), ['rooms']);
  clock.advance(5000);
  t.same(watchers[0].take(), [], 'nothing has changed');
  for (let n = 0; n < 100; n++) {
    lobby.people.push(`Guest ${n}`);
    if (n > 0) lobby.people.splice(1, 1);
    clock.advance(10);
  }
  for (const watcher of watchers) {
    t.same(watcher.take(), ['rooms_changed']);
    t.same(
      watcher.rooms.get('lobby')?.people.map(({ name }) => name),
      ['Ada', 'Guest 99'],
    );
  }
  lobby.speaking.add('Ada');
  rooms.delete('other');
  open('new', ['Cy']);
  clock.advance(1000);
  t.equal(watchers[0].events.at(-1), watchers[1].events.at(-1), 'it is one and the same object');
  t.same(watchers[0].take(), ['rooms_changed']);
  t.same([...watchers[0].rooms.keys()].sort(), ['lobby', 'new']);
  t.match(watchers[0].rooms.get('lobby'), { people: [{ name: 'Ada', speaking: true }] });
  list.unwatch(watchers[0]);
  lobby.people.push('Dan');
  clock.advance(1000);
  t.same(watchers[0].take(), []);
  list.unwatch(watchers[1]);
  t.equal(clock.pendingTimers, 0);
});

test('a list of very many rooms and people has a bound, and keeps those of the operator', async (t) => {
  const { list, open } = setUp('public');
  const longName = '部'.repeat(60);
  for (let n = 0; n < 520; n++)
    open(
      `a${n}-${longName}`,
      Array.from({ length: 40 }, (_, who) => `${who} ${longName}`),
    );
  open('zz operator', ['Ada'], { permanent: true, order: 9 });
  const crowd = open(
    'zz crowd',
    Array.from({ length: 50 }, (_, who) => `${who}`),
    { permanent: true },
  );
  crowd.speaking.add('49');
  const watcher = new Watcher();
  list.watch(watcher);
  t.equal(watcher.rooms.size, MAX_LISTED_ROOMS);
  t.same([...watcher.rooms.keys()].slice(0, 2), ['zz crowd', 'zz operator']);
  const people = watcher.rooms.get('zz crowd')?.people ?? [];
  t.equal(people.length, MAX_LISTED_PEOPLE);
  t.match(people[0], { name: '49', speaking: true }, 'whoever speaks comes first');
  t.match([...watcher.rooms.values()].at(-1), { participants: 40, people: [] });
  t.ok(Buffer.byteLength(JSON.stringify(watcher.events)) < 300_000);
  list.close();
});

test('in a storm everyone learns everything in the end, and each gets no more than the budget', async (t) => {
  const { list, open, clock, limitCounts } = setUp('public');
  const rooms = Array.from({ length: 200 }, (_, n) => open(`room ${n}`, ['Ada', 'Ben', 'Cy']));
  const watchers = Array.from({ length: 3 }, () => new Watcher());
  for (const watcher of watchers) list.watch(watcher);
  for (let n = 0; n < 160; n++) list.watch({ event() {} });
  clock.advance(10_000);
  for (const watcher of watchers) watcher.take();
  const seconds = 20;
  for (let second = 0; second < seconds; second++) {
    for (const [index, room] of rooms.entries()) room.people[0] = `Ada ${second} ${index}`;
    clock.advance(1000);
  }
  const [watcher] = watchers as [Watcher];
  t.ok(watcher.bytes / seconds < 20_000, `${watcher.bytes / seconds} bytes a second`);
  t.ok((limitCounts.counts.get('room_update_bytes') ?? 0) > 0);
  const seen = [...watcher.rooms.values()].map(({ people }) => Number(people[0]?.name.split(' ')[1]));
  t.ok(Math.min(...seen) > seconds - 15, 'no room waits for ever');
  clock.advance(20_000);
  for (const { rooms: known } of watchers)
    if (rooms.some(({ info, people }) => known.get(info.name)?.people[0]?.name !== people[0]))
      throw new Error('somebody does not know the last state');
  list.close();
});

test('whoever opens and closes the list all the time gets it once in five seconds', async (t) => {
  const { list, open, clock } = setUp('public');
  open('lobby', ['Ada']);
  const watcher = new Watcher();
  for (let n = 0; n < 200; n++) {
    list.watch(watcher);
    list.unwatch(watcher);
    clock.advance(50);
  }
  t.equal(watcher.take().length, 2);
  list.watch(watcher);
  clock.advance(6000);
  t.same(watcher.take(), ['rooms'], 'in the end they have it');
  list.close();
});

test('whoever reads too slowly gets the whole list later instead of all changes', async (t) => {
  const { list, open, clock } = setUp('public');
  const lobby = open('lobby', ['Ada']);
  const watcher = new Watcher();
  list.watch(watcher);
  watcher.take();
  watcher.isBehind = true;
  for (let n = 0; n < 10; n++) {
    lobby.people.push(`Guest ${n}`);
    clock.advance(1000);
  }
  t.same(watcher.take(), []);
  watcher.isBehind = false;
  clock.advance(1000);
  t.same(watcher.take(), ['rooms']);
  t.equal(watcher.rooms.get('lobby')?.participants, 11);
  list.close();
  t.equal(clock.pendingTimers, 0);
});

test('rooms of other servers are among those of this one', async (t) => {
  const elsewhere = (name: string, change: Partial<ListedRoom> = {}): ListedRoom => ({
    name,
    description: '',
    entry: 'open',
    locked: false,
    permanent: false,
    order: 0,
    participants: 1,
    people: [{ name: 'Far', speaking: false }],
    ...change,
  });
  const closed = { participants: null, people: [] };
  let others = [
    elsewhere('beta'),
    elsewhere('Alpha', { permanent: true }),
    elsewhere('MOVING', { participants: 9 }),
    elsewhere('vault', { entry: 'password', ...closed }),
    elsewhere('shut', { locked: true, ...closed }),
    elsewhere('beta', { participants: 7 }),
  ];
  for (const mode of ['public', 'all'] as const) {
    const { clock, list, open } = setUp(mode, {}, () => others);
    open('gamma', ['Ada']);
    open('moving', ['Ben']);
    const watcher = new Watcher();
    list.watch(watcher);
    const names = [...watcher.rooms.keys()];
    const all = ['Alpha', 'beta', 'gamma', 'moving', 'shut', 'vault'];
    t.same(names, mode === 'all' ? all : all.slice(0, 4));
    t.equal(watcher.rooms.get('beta')?.participants, 1);
    t.same(JSON.parse(list.snapshot), [...watcher.rooms.values()]);
    t.same(
      list.own.map(({ name }) => name),
      ['gamma', 'moving'],
    );
    t.same(list.preview('BETA'), { names: ['Far'], participants: 1 });
    t.equal(list.preview('vault'), null);
    t.same(list.preview('nowhere'), { names: [], participants: 0 });
    const before = others;
    others = others.slice(1, 5);
    clock.advance(1000);
    t.notOk(watcher.rooms.has('beta'));
    others = before;
    list.close();
    t.same(list.own, []);
  }
  t.same(setUp('off').list.own, []);
});

import pino from 'pino';
import { test } from 'tap';
import { AccessControl } from '../../src/rooms/access.ts';
import { GUEST } from '../../src/rooms/admission.ts';
import type { EndReason, ParticipantListener, RoomEvent } from '../../src/rooms/events.ts';
import type { Directory } from '../../src/rooms/ports.ts';
import { RoomRegistry } from '../../src/rooms/registry.ts';
import { RoomMover } from '../../src/server/room-mover.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { FakeMediaPlane } from '../helpers/fake-media-plane.ts';

const URL = 'wss://n2/ws';

class Listener implements ParticipantListener {
  readonly events: RoomEvent[] = [];
  endedBy: EndReason | undefined;
  readonly takesRedirects: boolean;

  constructor(takesRedirects: boolean) {
    this.takesRedirects = takesRedirects;
  }

  event(...events: readonly RoomEvent[]): void {
    this.events.push(...events);
  }

  ended(reason: EndReason): void {
    this.endedBy = reason;
  }

  get ledTo(): string[] {
    return this.events.flatMap((event) => (event.type === 'redirect' ? [event.url] : []));
  }
}

function setUp(t: { teardown(run: () => void): void }, takes: (room: string) => boolean = () => true) {
  const clock = new FakeClock();
  const access = new AccessControl({ mode: 'open', tokenSecret: '', roomPasswords: {}, clock });
  const moved = new Set<string>();
  const order: string[] = [];
  const released: string[] = [];
  let isDrained = false;
  const directory: Directory = {
    place: async (room) => (moved.has(room) ? { at: 'elsewhere', url: URL } : { at: 'here' }),
    opened() {},
    released: (room) => void released.push(room),
  };
  const registry = new RoomRegistry({
    plane: new FakeMediaPlane(),
    access,
    directory,
    clock,
    log: pino({ level: 'silent' }),
    limits: { maxRooms: 30, maxRoomsPerAddress: 0, maxParticipants: 10, resumeTimeoutMs: 30_000 },
    onDrained: () => {
      isDrained = true;
    },
  });
  const handOver = async (room: string) => {
    if (!takes(room)) return undefined;
    moved.add(room);
    order.push(room);
    return URL;
  };
  const mover = new RoomMover({ registry, handOver, clock });
  mover.start();
  t.teardown(() => mover.close());
  const join = (room: string, takesRedirects = true) => {
    const listener = new Listener(takesRedirects);
    const state = { muted: false, deafened: false };
    const { participant } = registry.join({ room, name: 'X', admission: GUEST, state, listener });
    return { participant, listener };
  };
  const pass = async (ms: number) => {
    for (let i = 0; i < ms; i += 250) {
      clock.advance(250);
      for (let n = 0; n < 50; n++) await Promise.resolve();
    }
  };
  return { clock, registry, mover, moved, order, released, join, pass, drained: () => isDrained };
}

test('a server that drains gives its rooms away and leads its people there, who hear each other meanwhile', async (t) => {
  const { registry, join, pass, order, drained } = setUp(t);
  const [ada, ben] = [join('large'), join('large')];
  const old = join('large', false);
  join('small');
  await pass(1000);
  t.same(order, [], 'not before it drains');
  registry.drain(null);
  await pass(750);
  t.same(order, ['small', 'large'], 'those with few people first');
  for (const { listener } of [ada, ben]) t.same([listener.ledTo, listener.endedBy], [[URL], undefined]);
  t.same(old.listener.ledTo, [], 'who does not understand it is not told');
  t.equal(registry.known('large'), undefined);
  await t.rejects(
    registry.admit({ room: 'large', resumeToken: ada.participant.resumeToken }, () => true),
    { code: 'room_elsewhere', url: URL },
    'nobody resumes here any more',
  );
  t.equal(ada.participant.roomName, 'large', 'the room goes on until all have let go of it');
  ada.participant.leave('left');
  ben.participant.leave('left');
  await pass(4000);
  t.equal(old.listener.endedBy, undefined);
  t.equal(drained(), false);
  await pass(1500);
  t.equal(old.listener.endedBy, 'server_closing');
  await pass(1000);
  t.equal(drained(), true);
});

test('what nobody takes stays until the deadline, as on a server by itself', async (t) => {
  const { registry, join, pass, mover, clock } = setUp(t, (room) => room !== 'stays');
  const ada = join('stays');
  join('goes');
  registry.drain(null);
  await pass(3000);
  t.strictSame(
    Array.from(registry.rooms, ({ key }) => key),
    ['stays'],
  );
  t.equal(ada.listener.endedBy, undefined);
  registry.undrain();
  const before = clock.now();
  const left = mover.leave();
  await pass(8000);
  await left;
  t.ok(clock.now() > before);
  t.equal(ada.listener.endedBy, undefined, 'the server itself ends it');
});

test('a server that is told to end tries again if nobody takes a room at first', async (t) => {
  let asked = 0;
  const { join, pass, mover } = setUp(t, () => ++asked > 3);
  const ada = join('lobby');
  const left = mover.leave();
  await pass(1000);
  t.same(ada.listener.ledTo, [URL]);
  ada.participant.leave('left');
  await pass(500);
  await left;
  t.equal(asked, 4);
});

test('a server that is told to end waits until its people have gone, and not for ever', async (t) => {
  const { registry, join, pass, mover } = setUp(t);
  const [ada, ben] = [join('lobby'), join('lobby')];
  let isDone = false;
  const left = mover.leave().then(() => {
    isDone = true;
  });
  await pass(250);
  t.same([ada.listener.ledTo, isDone], [[URL], false]);
  ada.participant.leave('left');
  ben.participant.leave('left');
  await pass(500);
  await left;
  t.equal(isDone, true);
  t.equal(registry.figures.rooms, 0);
});

test('many rooms are moved a few at a time', async (t) => {
  const { registry, join, pass, order } = setUp(t);
  for (let i = 0; i < 25; i++) join(`room-${i}`);
  registry.drain(null);
  await pass(750);
  t.equal(order.length, 10);
  await pass(12_000);
  t.equal(order.length, 25);
});

test('what is left of a room that was led away takes nothing from one that is here again', async (t) => {
  const { registry, join, pass, moved, released } = setUp(t);
  const ada = join('lobby');
  registry.drain(null);
  await pass(750);
  registry.undrain();
  // The other server drains as well, and gives it back.
  moved.delete('lobby');
  const ben = join('lobby');
  ada.participant.leave('left');
  await pass(1000);
  t.strictSame([registry.known('lobby')?.size, released], [1, []]);
  ben.participant.leave('left');
  t.strictSame(released, ['lobby']);
});

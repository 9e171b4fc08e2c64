import pino from 'pino';
import { type Test, test } from 'tap';
import { SILENCE_PACKET } from '../../../src/formats/opus-packet.ts';
import { Routes } from '../../../src/gateways/routes/routes.ts';
import type { RecordingStart, RunningRecording } from '../../../src/rooms/recording/recorder.ts';
import { openRegistry } from '../../helpers/open-registry.ts';

const SOUND = Uint8Array.of(0xf8, 1, 2, 3);
const THERE = { direction: 'there', gainDb: 0 } as const;
const BOTH = { direction: 'both', gainDb: 0 } as const;

/** Resolves when every seat that there is works. */
const connected = () => new Promise<void>((resolve) => setImmediate(resolve));

function setUp(t: Test, names: readonly string[]) {
  const recorder = {
    consent: 'notice' as const,
    start: async (_: RecordingStart): Promise<RunningRecording> => ({
      id: 'r',
      startedAtMs: 0,
      entered: () => {},
      left: () => {},
      agreed: () => {},
      setMuted: () => {},
      voice: () => {},
      mix: () => {},
      stop: () => {},
    }),
  };
  const { registry, clock, plane } = openRegistry(100, [], { recorder });
  t.teardown(() => registry.close());
  const rooms = names.map((name) => registry.create({ name, locked: false }));
  // In this order.
  for (const room of rooms) void room.media;
  const routes = new Routes({ clock, log: pino({ level: 'silent' }) });
  const seatsIn = (index: number) => plane.rooms[index]?.relayed.filter(({ open }) => open) ?? [];
  /** Somebody says something in a room. */
  const say = (index: number, payload: Uint8Array = SOUND, timestamp = 960) => {
    for (const seat of seatsIn(index))
      if (!seat.options.state.deafened) seat.options.sink.mix(payload, timestamp, false);
  };
  return { registry, clock, plane, rooms, routes, seatsIn, say };
}

test('what is said in one room is said in the other, and not the other way round', async (t) => {
  const { rooms, routes, seatsIn, say } = setUp(t, ['a', 'b']);
  const [a, b] = rooms;
  const route = routes.start(a!, b!, { to: 'b', direction: 'there', gainDb: -6 });
  t.match(route, { from: 'a', to: 'b', direction: 'there', gainDb: -6, state: 'connected' });
  const [heard] = seatsIn(0);
  const [speaker] = seatsIn(1);
  t.match(heard?.options, { speaks: false, listens: true, takesStereo: true, kind: 'music' });
  t.match(speaker?.options, { speaks: true, listens: false, state: { muted: false, deafened: true } });
  t.ok(Math.abs((speaker?.options.loudness?.gain ?? 0) - 0.501) < 0.001);
  say(0);
  say(0, SILENCE_PACKET, 1920);
  say(1);
  t.match(speaker?.sent, [
    { sequenceNumber: 1, timestamp: 960, payload: SOUND, levelDbov: null },
    { sequenceNumber: 2, timestamp: 1920, payload: SILENCE_PACKET },
  ]);
  t.equal(speaker?.sent.length, 2);
  t.same(heard?.sent, []);
  await connected();
  t.equal(a?.listeners.count, 1, 'the people who are heard are told');
  t.equal(b?.listeners.count, 0);
  t.same(routes.list(a!), [route]);
  t.same(routes.list(b!), [route]);
  routes.end(b!, route.id);
  t.throws(() => routes.end(b!, route.id), { code: 'unknown_route' });
  t.same([...seatsIn(0), ...seatsIn(1)], []);
  t.equal(a?.listeners.count, 0);
});

test('two rooms that hear each other have one seat each, whose mix leaves out what it brings', async (t) => {
  const { rooms, routes, seatsIn, say } = setUp(t, ['a', 'b']);
  const [a, b] = rooms;
  routes.start(a!, b!, { to: 'b', ...BOTH });
  t.equal(seatsIn(0).length, 1);
  t.equal(seatsIn(1).length, 1);
  for (const index of [0, 1]) {
    const [seat] = seatsIn(index);
    t.match(seat?.options, { speaks: true, listens: true, state: { muted: false, deafened: false } });
  }
  say(0);
  t.equal(seatsIn(1)[0]?.sent.length, 1);
  t.equal(seatsIn(0)[0]?.sent.length, 0);
  say(1);
  t.equal(seatsIn(0)[0]?.sent.length, 1);
  await connected();
  t.same([a?.listeners.count, b?.listeners.count], [1, 1]);
});

test('no sound can come to a room on two ways', async (t) => {
  const { rooms, routes } = setUp(t, ['a', 'b', 'c', 'd']);
  const [a, b, c, d] = rooms;
  const start = (from = a, to = b) => routes.start(from!, to!, { to: '', ...THERE });
  t.throws(() => start(a, a), { code: 'route_loop' });
  start(a, b);
  t.throws(() => start(a, b), { code: 'route_loop' });
  t.throws(() => start(b, a), { code: 'route_loop' }, 'that is what "both" is for');
  const { id } = start(b, c);
  t.throws(() => start(c, a), { code: 'route_loop' });
  t.throws(() => start(a, c), { code: 'route_loop' }, 'an echo');
  start(d, b);
  t.throws(() => start(d, a), { code: 'route_loop' }, 'connected, whatever the directions');
  routes.end(c!, id);
  t.doesNotThrow(() => start(c, a));
});

test('a room has only so many routes', async (t) => {
  const { rooms, routes, seatsIn } = setUp(t, ['hub', 'b', 'c', 'd', 'e']);
  const [hub, ...others] = rooms;
  for (const room of others) routes.start(hub!, room, { to: '', ...THERE });
  t.equal(seatsIn(0).length, 4);
  const { rooms: more, routes: full, plane } = setUp(t, ['a', 'b']);
  plane.busy = true;
  t.throws(() => full.start(more[0]!, more[1]!, { to: '', ...BOTH }), { code: 'server_busy' });
  t.equal(more[0]?.listeners.count, 0, 'nothing is left of it');
  t.same(full.list(more[0]!), []);
});

test('nothing comes into a room that is recorded', async (t) => {
  const { rooms, routes, seatsIn, say } = setUp(t, ['a', 'b']);
  const [a, b] = rooms;
  routes.start(a!, b!, { to: 'b', ...BOTH });
  say(0);
  await b!.recording.start({ tracks: 'mix' }, { by: 'api' });
  say(0);
  say(1);
  const [inA] = seatsIn(0);
  const [inB] = seatsIn(1);
  t.equal(inB?.sent.length, 1);
  t.match(inB?.state, { muted: true, deafened: false }, 'muted at once, whatever still waits in the worker');
  t.equal(inA?.sent.length, 1, 'the other room still hears it');
  b!.recording.stop();
  say(0);
  t.equal(inB?.sent.length, 2);
  t.match(inB?.state, { muted: false });
});

test('a route ends with either room, and outlives a worker', async (t) => {
  const { rooms, routes, seatsIn, say, clock } = setUp(t, ['a', 'b', 'c']);
  const [a, b, c] = rooms;
  routes.start(a!, b!, { to: 'b', ...THERE });
  seatsIn(1)[0]?.options.events.closed('media_failed');
  t.match(routes.list(a!), [{ state: 'failed' }]);
  t.equal(a?.listeners.count, 0);
  clock.advance(1000);
  t.match(routes.list(a!), [{ state: 'connected' }]);
  say(0);
  t.equal(seatsIn(1)[0]?.sent.length, 1);
  seatsIn(0)[0]?.options.events.closed('media_failed');
  t.match(routes.list(a!), [{ state: 'failed' }]);
  clock.advance(1000);
  t.match(routes.list(a!), [{ state: 'connected' }]);
  b!.close('room_closed');
  say(0);
  t.same(routes.list(a!), [], 'at the next sound');
  routes.start(a!, c!, { to: 'c', ...THERE });
  a!.close('room_closed');
  t.same(routes.list(c!), []);
  t.same(seatsIn(2), []);
  routes.close();
  // The room may still have to tell how many listen.
  clock.advance(1000);
  t.equal(clock.pendingTimers, 0);
});

test('the operator ends the listener, and with it the route', async (t) => {
  const { rooms, routes, seatsIn } = setUp(t, ['a', 'b']);
  const [a, b] = rooms;
  routes.start(a!, b!, { to: 'b', ...BOTH });
  const [listener] = [...b!.listeners.all];
  t.match(listener, { via: 'route', address: null });
  listener?.end('ended');
  t.same(routes.list(a!), []);
  t.same([...seatsIn(0), ...seatsIn(1)], []);
});

test('nothing comes into a room in which a bot listens, which may keep it', async (t) => {
  const { rooms, routes, seatsIn, say } = setUp(t, ['a', 'b']);
  const [a, b] = rooms;
  routes.start(a!, b!, { to: 'b', ...BOTH });
  const shownNoMore = b!.recording.shownTo('mix');
  say(0);
  t.equal(seatsIn(1)[0]?.sent.length, 0, 'nobody in the first room was told');
  t.equal(seatsIn(1)[0]?.state.muted, true);
  say(1);
  t.equal(seatsIn(0)[0]?.sent.length, 1, 'the other way goes on');
  shownNoMore();
  say(0);
  t.equal(seatsIn(1)[0]?.sent.length, 1);
  t.equal(seatsIn(1)[0]?.state.muted, false);
});

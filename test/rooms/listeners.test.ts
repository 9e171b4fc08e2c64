import pino from 'pino';
import { test } from 'tap';
import { toAppError } from '../../src/lib/errors.ts';
import { AccessControl } from '../../src/rooms/access.ts';
import { GUEST } from '../../src/rooms/admission.ts';
import { RoomRegistry } from '../../src/rooms/registry.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { FakeMediaPlane } from '../helpers/fake-media-plane.ts';
import { openRegistry } from '../helpers/open-registry.ts';
import { RecordingListener } from '../helpers/recording-listener.ts';

/** A room with Ada, and a way to listen to it. */
function setUp() {
  const { registry, plane, clock } = openRegistry();
  const ada = new RecordingListener();
  const join = (listener = ada) =>
    registry.join({
      room: 'lobby',
      name: 'Ada',
      admission: GUEST,
      listener,
      state: { muted: false, deafened: false },
    });
  const { participant } = join();
  const ends: string[] = [];
  const listen = () => {
    const listener = registry.listen('Lobby', GUEST, {
      via: 'whep',
      address: '192.0.2.7',
      ended: (reason) => ends.push(reason),
    });
    listener.sit((media, options) => media.connectWebRtc({ sdp: 'x', address: '' }, options));
    return { listener, seat: plane.openSeats.at(-1)! };
  };
  const told = () => ada.take('listeners').map(({ listeners }) => listeners);
  return { registry, plane, clock, ada, participant, join, listen, ends, told, room: registry.room('lobby') };
}

function codeOf(run: () => unknown): string {
  try {
    run();
    return 'none';
  } catch (thrown) {
    return toAppError(thrown).code;
  }
}

test('a listener hears the room without a voice, and is no participant', (t) => {
  const { room, registry, plane, listen, told } = setUp();
  const { listener, seat } = listen();
  t.match(seat.state, { muted: true, deafened: false, hearing: [] });
  t.equal(plane.rooms.length, 1, 'in the media of the room');
  t.equal(room.size, 1);
  t.equal(registry.figures.participants, 1);
  t.same(told(), [], 'not before they hear anything');
  seat.connect();
  t.same(told(), [1]);
  t.match([...room.listeners.all], [{ id: listener.id, connected: true, address: '192.0.2.7' }]);
  t.equal(room.info.listeners, 1);
  t.end();
});

test('the room is told how many listen, at most once a second', (t) => {
  const { clock, listen, told, join, room } = setUp();
  const [first, second, third] = [listen(), listen(), listen()];
  t.equal(join(new RecordingListener()).listeners, 0);
  for (const { seat } of [first, second, third]) seat.connect();
  t.same(told(), [1]);
  clock.advance(1000);
  t.same(told(), [3]);
  t.equal(join(new RecordingListener()).listeners, 3, 'newcomers know it at once');
  second.listener.end('left');
  third.seat.silent(true);
  clock.advance(500);
  t.same(told(), []);
  clock.advance(500);
  t.same(told(), [1]);
  third.seat.silent(false);
  third.seat.silent(true);
  clock.advance(2000);
  t.same(told(), [], 'the same number is no news');
  t.equal([...room.listeners.all].length, 2);
  t.end();
});

test('a listener ends with the media, the room, the server, or by the operator', (t) => {
  const { registry, room, listen, ends, participant, plane } = setUp();
  listen().seat.end('silent');
  listen().seat.end('handshake_failed');
  const { listener, seat } = listen();
  room.listeners.listener(listener.id).end('ended');
  t.equal(seat.open, false);
  t.equal(
    codeOf(() => room.listeners.listener(listener.id)),
    'unknown_listener',
  );
  listener.end('left');
  t.same(ends.splice(0), ['silent', 'handshake_failed', 'ended'], 'each once');
  listen();
  participant.leave('left');
  t.same(ends.splice(0), ['room_closed'], 'the room ends with its last participant');
  t.same(plane.openSeats, []);
  const again = setUp();
  again.listen();
  again.registry.close();
  t.same(again.ends, ['server_closing']);
  t.equal(
    codeOf(() => registry.listen('lobby', GUEST, { via: 'http', address: null, ended: () => {} })),
    'nothing_to_hear',
  );
  t.end();
});

test('nobody new listens to a locked room, or while the server drains or closes', (t) => {
  const { registry, room } = setUp();
  const listen = (mayModerate = false) =>
    codeOf(() => registry.listen('lobby', { ...GUEST, mayModerate }, { via: 'http', address: null, ended: () => {} }));
  room.moderate({ type: 'lock', locked: true });
  t.equal(listen(), 'room_locked');
  t.equal(listen(true), 'none');
  registry.drain(null);
  t.equal(listen(true), 'server_draining');
  registry.undrain();
  registry.close();
  t.equal(listen(true), 'server_closing');
  t.end();
});

test('those who listen in one way can be ended together', (t) => {
  const { registry, room, listen, ends } = setUp();
  listen();
  registry.listen('lobby', GUEST, { via: 'http', address: null, ended: (reason) => ends.push(`http ${reason}`) });
  registry.change('lobby', { live: 'public' });
  t.same(ends, []);
  registry.change('lobby', { live: 'off' });
  t.same(ends, ['http ended']);
  t.equal([...room.listeners.all].length, 1);
  t.end();
});

test('programs do not keep a draining server waiting', (t) => {
  const clock = new FakeClock();
  let drained = 0;
  const registry = new RoomRegistry({
    plane: new FakeMediaPlane(),
    access: new AccessControl({ mode: 'open', tokenSecret: '', roomPasswords: {}, clock }),
    limits: { maxRooms: 5, maxRoomsPerAddress: 0, maxParticipants: 10, resumeTimeoutMs: 1000 },
    clock,
    log: pino({ level: 'silent' }),
    onDrained: () => drained++,
  });
  const join = (via?: 'whip') =>
    registry.join({
      room: 'radio',
      name: 'Ada',
      admission: GUEST,
      listener: new RecordingListener(),
      state: { muted: false, deafened: false },
      ...(via && { via }),
    }).participant;
  const [person, program] = [join(), join('whip')];
  t.same([person.view.via, program.view.via], [undefined, 'whip']);
  registry.drain(null);
  clock.advance(60_000);
  t.equal(drained, 0);
  person.leave('left');
  clock.advance(1000);
  t.equal(drained, 1);
  t.equal(registry.room('radio').size, 1);
  t.end();
});

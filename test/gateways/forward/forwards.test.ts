import { once } from 'node:events';
import { createServer } from 'node:net';
import pino from 'pino';
import { type Test, test } from 'tap';
import { Forwards, isTarget } from '../../../src/gateways/forward/forwards.ts';
import { RoomStreams } from '../../../src/gateways/live/room-streams.ts';
import type { ForwardInfo } from '../../../src/rooms/forwarding.ts';
import { eventually } from '../../helpers/eventually.ts';
import { openRegistry } from '../../helpers/open-registry.ts';

const WANTED = { kind: 'icecast', user: 'source', password: 'secret!', description: '', public: false } as const;

async function setUp(t: Test) {
  const hanging = createServer().listen(0, '127.0.0.1');
  await once(hanging, 'listening');
  const address = hanging.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  t.teardown(() => hanging.close());
  const { registry, clock } = openRegistry();
  t.teardown(() => registry.close());
  const failed: ForwardInfo[] = [];
  const forwards = new Forwards({
    targets: ['127.0.0.1'],
    streams: new RoomStreams(clock),
    clock,
    log: pino({ level: 'silent' }),
    onFailed: (forward) => failed.push(forward),
  });
  return { clock, registry, forwards, failed, wanted: { ...WANTED, url: `http://127.0.0.1:${port}/a` } };
}

test('a room is sent only where the operator allows it', (t) => {
  const targets = ['icecast.example.org:8000', '192.0.2.1', '[2001:db8::1]:8000', 'Radio.example:443'];
  for (const [url, allowed] of [
    ['http://icecast.example.org:8000/a', true],
    ['http://ICECAST.example.org:8000/a', true],
    ['http://icecast.example.org:8001/a', false],
    ['http://icecast.example.org/a', false],
    ['http://other.example.org:8000/a', false],
    ['http://192.0.2.1:9/a', true],
    ['https://192.0.2.1/a', true],
    ['http://192.0.2.2/a', false],
    ['http://[2001:db8::1]:8000/a', true],
    ['https://radio.example/a', true],
    ['http://radio.example/a', false],
    ['http://user:pw@192.0.2.1/a', false],
    ['http://icecast.example.org:8000@evil.example/a', false],
    ['ftp://192.0.2.1/a', false],
    ['http://192.0.2.1/a#b', false],
  ] as const)
    t.equal(isTarget(new URL(url), targets), allowed, url);
  t.equal(isTarget(new URL('http://127.0.0.1/'), []), false);
  t.end();
});

test('a forward is a listener of its room, is listed without its password, and ends with the room', async (t) => {
  const { registry, forwards, wanted, clock } = await setUp(t);
  const room = registry.create({ name: 'Lobby', locked: true });
  const other = registry.create({ name: 'Other', locked: false });
  t.throws(() => forwards.start(room, { ...wanted, url: 'http://192.0.2.1/a' }), { code: 'forbidden_target' });
  t.equal(room.listeners.count, 0);
  const one = forwards.start(room, wanted);
  t.match(one, { kind: 'icecast', room: 'Lobby', name: 'Lobby', user: 'source', state: 'connecting', error: null });
  t.notMatch(JSON.stringify(one), /secret/);
  t.equal(room.listeners.count, 1);
  t.same(forwards.list(room), [forwards.get(room, one.id)]);
  t.same(forwards.list(other), []);
  t.throws(() => forwards.get(other, one.id), { code: 'unknown_forward' });
  t.throws(() => forwards.end(other, one.id), { code: 'unknown_forward' });
  for (let n = 0; n < 4; n++) forwards.start(room, wanted);
  t.throws(() => forwards.start(room, wanted), { code: 'too_many_forwards' });
  forwards.start(other, wanted);
  t.same(forwards.figures, { forwards: 6, connected: 0, failures: 0 });
  forwards.end(room, one.id);
  t.throws(() => forwards.end(room, one.id), { code: 'unknown_forward' });
  t.equal(room.listeners.count, 4);
  room.close('room_closed');
  other.close('room_closed');
  t.equal(forwards.figures.forwards, 0);
  t.equal(clock.pendingTimers, 0);
});

test('a failure is counted and reported with all that is known', async (t) => {
  const { registry, forwards, wanted, clock, failed } = await setUp(t);
  const room = registry.create({ name: 'Lobby', locked: false });
  const { id } = forwards.start(room, { ...wanted, name: 'Radio' });
  clock.advance(10_000);
  await eventually(() => failed.length === 1);
  t.match(failed, [{ id, name: 'Radio', state: 'failed', error: { code: 'no_answer' }, failures: 1 }]);
  t.match(failed[0]?.retryAt, /^2026-01-01T00:00:11/);
  t.equal(forwards.figures.failures, 1);
});

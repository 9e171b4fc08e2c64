import { test } from 'tap';
import type { Placement } from '../../src/rooms/ports.ts';
import { PermanentRooms } from '../../src/server/permanent-rooms.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { openRegistry } from '../helpers/open-registry.ts';

function setUp(limit = 5) {
  const clock = new FakeClock();
  const { registry } = openRegistry();
  registry.keeper.setNamed(
    Array.from({ length: limit }, (_, i) => ({ name: `Room ${i}`, key: `room-${i}`, settings: {} })),
  );
  const asked: string[] = [];
  const places = new Map<string, Placement>();
  const directory = {
    nodes: [{ node: 'n1', incarnation: '1' }],
    place: async (key: string): Promise<Placement> => {
      asked.push(key);
      return places.get(key) ?? { at: 'here' };
    },
    opened() {},
    released() {},
  };
  const rooms = new PermanentRooms({ registry, directory, clock });
  const pass = async (ms: number) => {
    clock.advance(ms);
    for (let i = 0; i < 200; i++) await Promise.resolve();
  };
  const open = () => Array.from(registry.rooms, ({ key }) => key);
  return { clock, registry, asked, places, directory, rooms, pass, open };
}

test('what is nowhere is opened here, what is elsewhere is not, and neither is asked for again', async (t) => {
  const { places, rooms, pass, open, asked, directory } = setUp(4);
  places.set('room-1', { at: 'elsewhere', url: '/n/n2/ws' });
  places.set('room-2', { at: 'unknown', retryAfterMs: 500 });
  await rooms.start();
  t.teardown(() => rooms.close());
  t.strictSame(open(), ['room-0', 'room-3']);
  t.equal(asked.length, 4);
  await pass(2000);
  t.strictSame(asked.slice(4), ['room-2'], 'nobody knew that one');
  places.delete('room-2');
  await pass(2000);
  t.strictSame(open(), ['room-0', 'room-3', 'room-2']);
  const before = asked.length;
  await pass(2000);
  t.equal(asked.length, before);
  places.delete('room-1');
  directory.nodes = [{ node: 'n1', incarnation: '2' }];
  await pass(2000);
  t.strictSame(open(), ['room-0', 'room-3', 'room-2', 'room-1'], 'when another server is gone');
});

test('a server that drains opens nothing, and one that has too many rooms goes on', async (t) => {
  const { rooms, registry, pass, open } = setUp(8);
  registry.drain(null);
  await rooms.start();
  t.teardown(() => rooms.close());
  t.strictSame(open(), []);
  registry.undrain();
  await pass(2000);
  t.equal(open().length, 5, 'as many as it may have');
});

test('what was kept of a room to which nobody came back is forgotten after an hour', async (t) => {
  const { rooms, registry, pass, places } = setUp(0);
  const kept = { locked: true, muted: [], mutedInChat: [] };
  const room = (key: string) => ({ key, name: key, permanent: true, decisions: kept });
  registry.keeper.changed(room('lasting'), {});
  registry.keeper.changed(room('stranded'), {});
  registry.keeper.changed(room('elsewhere'), {});
  for (const key of ['stranded', 'elsewhere']) {
    const record = registry.keeper.rooms.get(key)!;
    (registry.keeper.rooms as Map<string, unknown>).set(key, { ...record, permanent: false });
  }
  places.set('elsewhere', { at: 'elsewhere', url: '/n/n2/ws' });
  await rooms.start();
  t.teardown(() => rooms.close());
  for (let i = 0; i < 59; i++) await pass(60_000);
  t.equal(registry.keeper.rooms.size, 3);
  await pass(60_000);
  await pass(2000);
  t.strictSame([...registry.keeper.rooms.keys()], ['lasting', 'elsewhere']);
});

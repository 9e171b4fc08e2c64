import { test } from 'tap';
import { UnusedRooms } from '../../src/cluster/unused-rooms.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { MemoryEngine, MemoryStorage } from '../helpers/memory-engine.ts';

const settle = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

function setUp() {
  const clock = new FakeClock();
  const storage = new MemoryStorage(clock);
  const engine = new MemoryEngine(storage);
  const here = new Set(['open']);
  const unused = new UnusedRooms({ engine, node: 'n1', concerns: (room) => here.has(room), clock });
  for (const room of ['open', 'unused', 'entered']) storage.own(room, { node: 'n1', epoch: 7 });
  storage.own('of another', { node: 'n2', epoch: 7 });
  const pass = async () => {
    clock.advance(30_000);
    await settle();
  };
  return { clock, storage, engine, here, unused, pass };
}

test('a room that nobody has entered for half a minute is given back', async (t) => {
  const { storage, here, unused, pass } = setUp();
  unused.start();
  t.teardown(() => unused.close());
  await pass();
  t.equal(storage.rooms.size, 4, 'somebody may be on the way');
  here.add('entered');
  await pass();
  t.same([...storage.rooms.keys()], ['open', 'entered', 'of another']);
});

test('one that has been given to it again is another one, and the engine may be away meanwhile', async (t) => {
  const { storage, engine, unused, pass } = setUp();
  unused.start();
  await pass();
  storage.own('unused', { node: 'n1', epoch: 8 });
  await pass();
  t.ok(storage.rooms.has('unused'));
  engine.isUp = false;
  await pass();
  engine.isUp = true;
  for (let i = 0; i < 2; i++) await pass();
  t.notOk(storage.rooms.has('unused'));
  storage.own('late', { node: 'n1', epoch: 9 });
  unused.close();
  for (let i = 0; i < 3; i++) await pass();
  t.ok(storage.rooms.has('late'), 'it has ended');
});

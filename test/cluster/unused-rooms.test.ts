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
  const concerns = (room: string) => here.has(room);
  const unused = new UnusedRooms({ engine, node: 'n1', concerns, nowMs: () => storage.nowMs, clock });
  const place = (room: string, node = 'n1') => storage.own(room, { node, epoch: storage.nowMs });
  for (const room of ['open', 'unused', 'entered']) place(room);
  place('of another', 'n2');
  const pass = async (ms = 30_000) => {
    clock.advance(ms);
    await settle();
  };
  return { clock, storage, engine, here, unused, place, pass };
}

test('a room that nobody has entered for half a minute is given back', async (t) => {
  const { storage, here, unused, place, pass } = setUp();
  unused.start();
  t.teardown(() => unused.close());
  await pass(29_000);
  here.add('entered');
  place('just placed');
  await pass(1000);
  t.same([...storage.rooms.keys()], ['open', 'entered', 'of another', 'just placed'], 'somebody may be on the way');
  await pass();
  t.same([...storage.rooms.keys()], ['open', 'entered', 'of another']);
});

test('one that has been given to it again is another one, and the engine may be away meanwhile', async (t) => {
  const { storage, engine, unused, place, pass } = setUp();
  unused.start();
  await pass(29_000);
  place('unused');
  await pass(1000);
  t.ok(storage.rooms.has('unused'));
  engine.isUp = false;
  await pass();
  engine.isUp = true;
  await pass();
  t.notOk(storage.rooms.has('unused'));
  place('late');
  unused.close();
  for (let i = 0; i < 3; i++) await pass();
  t.ok(storage.rooms.has('late'), 'it has ended');
});

test('whoever asks for ever more rooms does not fill the engine', async (t) => {
  const { storage, engine, unused, place, pass } = setUp();
  unused.start();
  t.teardown(() => unused.close());
  const some = engine.someOwned.bind(engine);
  engine.someOwned = async (node) => new Map([...(await some(node))].slice(0, 100));
  let most = 0;
  for (let second = 0; second < 300; second++) {
    for (let i = 0; i < 50; i++) place(`room ${second} ${i}`);
    await pass(1000);
    most = Math.max(most, storage.rooms.size);
  }
  t.ok(most < 2 * 30 * 50 + 1000, `${most} rooms`);
});

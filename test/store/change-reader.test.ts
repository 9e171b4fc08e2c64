import { test } from 'tap';
import { KEPT_LAYOUT } from '../../src/cluster/engine.ts';
import { ChangeReader } from '../../src/store/change-reader.ts';
import { KnownRecords } from '../../src/store/known-records.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { MemoryKeptLog, MemoryKeptStorage } from '../helpers/memory-kept-log.ts';

function setUp() {
  const storage = new MemoryKeptStorage(new FakeClock(), { records: 100, deleted: 2, page: 2 });
  const engine = new MemoryKeptLog(storage);
  const waiting = new Set<string>();
  const taken: string[] = [];
  const reader = new ChangeReader({
    engine,
    known: new KnownRecords(),
    take: (name, value) => taken.push(`${name}=${value}`),
    keeps: (name) => waiting.has(name),
  });
  const read = async () => {
    await reader.read();
    return taken.splice(0);
  };
  return { storage, engine, waiting, reader, read };
}

test('reads all pages, then only what is new', async (t) => {
  const { storage, reader, read } = setUp();
  for (let i = 0; i < 5; i++) storage.put({ key: `b${i}`, value: 'x' });
  t.notOk(reader.isRead);
  t.strictSame(await read(), ['b0=x', 'b1=x', 'b2=x', 'b3=x', 'b4=x']);
  t.ok(reader.isRead);
  storage.put({ key: 'b2', value: null });
  t.strictSame(await read(), ['b2=null']);
  t.strictSame(await read(), []);
});

test('an engine that is empty is told everything, and one that has lost a little, that', async (t) => {
  const { storage, read } = setUp();
  storage.put({ key: 'b1', value: 'x' });
  await read();
  const fail = storage.copy();
  storage.put({ key: 'b2', value: 'x' });
  await read();
  fail();
  t.equal(storage.get('b2'), undefined);
  t.strictSame(await read(), []);
  t.ok(storage.get('b2'));
  storage.empty();
  t.strictSame(await read(), []);
  t.strictSame(storage.entries.map(({ key }) => key).sort(), ['b1', 'b2']);
});

test('what was deleted so long ago that the engine does not know it is taken for deleted, unless a change of it waits', async (t) => {
  const { storage, waiting, read } = setUp();
  for (let i = 0; i < 6; i++) storage.put({ key: `b${i}`, value: 'x' });
  await read();
  waiting.add('b1');
  for (let i = 0; i < 5; i++) storage.put({ key: `b${i}`, value: null });
  t.strictSame((await read()).sort(), ['b0=null', 'b2=null', 'b3=null', 'b4=null']);
});

test('an engine that goes away while everything is read is read from there when it is back', async (t) => {
  const { storage, engine, reader, read } = setUp();
  for (let i = 0; i < 6; i++) storage.put({ key: `b${i}`, value: 'x' });
  const readKept = engine.readKept.bind(engine);
  let pages = 0;
  engine.readKept = (since) => (++pages === 2 ? Promise.reject(new Error('away')) : readKept(since));
  await t.rejects(reader.read(), { message: 'away' });
  t.notOk(reader.isRead);
  t.strictSame(await read(), ['b0=x', 'b1=x', 'b2=x', 'b3=x', 'b4=x', 'b5=x']);
  t.equal(pages, 5, 'the first page was not read again');
});

test('nothing of a newer version is used', async (t) => {
  const { storage, reader } = setUp();
  storage.put({ key: 'b1', value: 'x' });
  storage.layout = KEPT_LAYOUT + 1;
  await t.rejects(reader.read(), { message: /a newer version/ });
});

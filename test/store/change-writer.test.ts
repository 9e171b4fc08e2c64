import pino from 'pino';
import { test } from 'tap';
import { ChangeWriter } from '../../src/store/change-writer.ts';
import { KnownRecords } from '../../src/store/known-records.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { MemoryKeptLog, MemoryKeptStorage } from '../helpers/memory-kept-log.ts';

function setUp({ limit = 4, records = 1000 } = {}) {
  const storage = new MemoryKeptStorage(new FakeClock(), { records, deleted: 100, page: 100 });
  const engine = new MemoryKeptLog(storage);
  const known = new KnownRecords();
  const lines: { msg: string }[] = [];
  const log = pino({}, { write: (line) => lines.push(JSON.parse(line)) });
  const taken: unknown[] = [];
  const take = (name: string, value: string | null) => taken.push([name, value]);
  const writer = new ChangeWriter({ engine, known, log, take, limit });
  const set = (name: string, value: string | null) => writer.add(name, { fence: undefined, value });
  const kept = () => storage.entries.map(({ key, value }) => `${key}=${value}`);
  return { storage, engine, known, lines, taken, writer, set, kept };
}

test('of each record the newest change waits, however often it changes while the engine is away', async (t) => {
  const { engine, writer, set, kept, lines } = setUp();
  engine.isUp = false;
  for (let i = 0; i < 1000; i++) set(`b${i % 3}`, `${i}`);
  await t.rejects(writer.write(), { name: 'EngineDown' });
  t.equal(writer.size, 3);
  t.equal(writer.forgotten, 0);
  engine.isUp = true;
  await writer.write();
  t.strictSame(kept(), ['b1=997', 'b2=998', 'b0=999'], 'in the order of the changes');
  t.equal(writer.size, 0);
  t.strictSame(lines, []);
});

test('too many changes: deletions are forgotten before all else, first of what the engine never had', async (t) => {
  const { engine, writer, set, kept, lines } = setUp();
  set('old', 'x');
  set('older', 'x');
  await writer.write();
  engine.isUp = false;
  set('b1', 'x');
  set('old', null);
  set('new', null);
  set('newer', null);
  t.equal(writer.forgotten, 0, 'as many as may wait');
  t.strictSame(lines, []);
  set('b2', 'x');
  t.notOk(writer.has('new'));
  set('b3', 'x');
  t.notOk(writer.has('newer'));
  t.ok(writer.has('old'));
  set('b4', 'x');
  t.notOk(writer.has('old'));
  t.equal(writer.size, 4);
  set('b5', 'x');
  t.notOk(writer.has('b1'), 'in the end the oldest change');
  t.equal(writer.forgotten, 4);
  t.equal(lines.length, 1, 'said once');
  t.match(lines[0], { msg: 'too many changes wait for the engine, and some are forgotten', limit: 4 });
  engine.isUp = true;
  await writer.write();
  t.strictSame(kept(), ['old=x', 'older=x', 'b2=x', 'b3=x', 'b4=x', 'b5=x']);
  engine.isUp = false;
  for (let i = 0; i < 5; i++) set(`c${i}`, 'x');
  t.equal(lines.length, 2, 'and once more when the engine is away again');
});

test('what is made and deleted all the time pushes nothing out that exists', async (t) => {
  const { engine, writer, set, kept } = setUp();
  engine.isUp = false;
  set('ban', 'x');
  for (let i = 0; i < 1000; i++) {
    set(`b${i}`, 'x');
    set(`b${i}`, null);
  }
  t.equal(writer.size, 4);
  engine.isUp = true;
  await writer.write();
  t.strictSame(kept()[0], 'ban=x');
});

test('a deletion that was taken back is no deletion any more', (t) => {
  const { writer, set } = setUp({ limit: 2 });
  set('b1', null);
  set('b1', 'x');
  set('b2', 'x');
  set('b3', null);
  t.strictSame(
    ['b1', 'b2', 'b3'].map((name) => writer.has(name)),
    [true, true, false],
  );
  t.end();
});

test('what the engine refuses is replaced by what it has', async (t) => {
  const { writer, set, lines, taken } = setUp({ records: 1 });
  set('b1', 'x');
  await writer.write();
  set('b2', 'y');
  await writer.write();
  t.strictSame(taken, [['b2', null]]);
  t.equal(writer.size, 0);
  t.match(lines, [{ msg: 'a change could not be kept', record: 'b2', why: 'full' }]);
});

test('a change that comes while the one before is written is written as well', async (t) => {
  const { writer, set, kept } = setUp();
  set('b1', 'x');
  const writing = writer.write();
  set('b1', 'y');
  await writing;
  t.strictSame(kept(), ['b1=y']);
});

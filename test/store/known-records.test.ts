import { test } from 'tap';
import type { KeptChange } from '../../src/cluster/engine.ts';
import { KnownRecords } from '../../src/store/known-records.ts';

function setUp(maxDeleted?: number) {
  const known = new KnownRecords(maxDeleted);
  const told: KeptChange[] = [];
  const engine = { restoreKept: async (change: KeptChange) => void told.push(change) };
  return { known, told, engine };
}

test('of those that were deleted the last are remembered', (t) => {
  const { known } = setUp(2);
  for (const [version, name] of ['a', 'b', 'c'].entries()) known.know(name, { version, value: null });
  known.know('d', { version: 4, value: 'x' });
  t.equal(known.get('a'), undefined);
  t.strictSame(known.get('b'), { version: 1, value: null });
  known.know('b', { version: 5, value: 'x' });
  known.know('e', { version: 6, value: null });
  t.ok(known.get('c'), 'one that is there again does not count');
  t.ok(known.get('d'));
  t.end();
});

test('an engine is told what it has lost, and what it deleted long ago is forgotten', async (t) => {
  const { known, told, engine } = setUp();
  known.know('shown', { version: 9, value: 'x' });
  known.know('lost', { version: 8, value: 'y' });
  known.know('deleted and lost', { version: 7, value: null });
  known.know('gone', { version: 6, value: 'z' });
  known.know('changed here', { version: 5, value: 'z' });
  const repair = { shown: new Set(['shown']), lostAfter: 6 };
  t.strictSame(await known.repair(repair, engine, (name) => name === 'changed here'), ['gone']);
  t.strictSame(told, [
    { key: 'lost', version: 8, value: 'y' },
    { key: 'deleted and lost', version: 7, value: null },
  ]);
  t.equal(known.get('gone'), undefined);
  t.ok(known.get('changed here'));
});

test('a repair that breaks off forgets nothing, and can be repeated', async (t) => {
  const { known, engine } = setUp();
  known.know('gone', { version: 1, value: 'x' });
  known.know('lost', { version: 3, value: 'x' });
  const repair = { shown: new Set<string>(), lostAfter: 2 };
  const down = { restoreKept: () => Promise.reject(new Error('down')) };
  await t.rejects(
    known.repair(repair, down, () => false),
    { message: 'down' },
  );
  t.strictSame(await known.repair(repair, engine, () => false), ['gone']);
});

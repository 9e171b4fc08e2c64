import { test } from 'tap';
import { type Part, Parts } from '../../src/server/parts.ts';

function recorded(names: readonly string[], faults: ReadonlySet<string> = new Set()) {
  const events: string[] = [];
  const note = (event: string) => {
    events.push(event);
    if (faults.has(event)) throw new Error(`fault of ${event}`);
  };
  const parts = names.map(
    (name): Part => ({
      name,
      start: async () => {
        await Promise.resolve();
        note(`start ${name}`);
      },
      stop: () => note(`stop ${name}`),
      close: async () => {
        await Promise.resolve();
        note(`close ${name}`);
      },
    }),
  );
  return { events, parts: new Parts(parts) };
}

test('parts start in order, one after the other', async (t) => {
  const { events, parts } = recorded(['a', 'b', 'c']);
  await parts.start();
  t.strictSame(events, ['start a', 'start b', 'start c']);
});

test('after a part that cannot start, no other part starts', async (t) => {
  const { events, parts } = recorded(['a', 'b', 'c'], new Set(['start b']));
  await t.rejects(parts.start(), { message: 'fault of start b' });
  t.strictSame(events, ['start a', 'start b']);
});

test('all parts stop before the first one closes, both from last to first', async (t) => {
  const { events, parts } = recorded(['a', 'b', 'c']);
  await parts.close();
  t.strictSame(events, ['stop c', 'stop b', 'stop a', 'close c', 'close b', 'close a']);
});

test('a part that fails to close does not keep others open, and is named', async (t) => {
  const { events, parts } = recorded(['a', 'b', 'c'], new Set(['stop c', 'close b']));
  await t.rejects(parts.close(), { message: 'cannot close: c', cause: { message: 'fault of stop c' } });
  t.strictSame(events, ['stop c', 'stop b', 'stop a', 'close c', 'close b', 'close a']);
});

test('a part needs none of the three methods', async (t) => {
  const parts = new Parts([{ name: 'a' }]);
  await parts.start();
  await t.resolves(parts.close());
});

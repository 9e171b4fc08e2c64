import fc from 'fast-check';
import { test } from 'tap';
import type { ChatLine } from '../../../src/protocol/chat.ts';
import { ChatHistory, MAX_KEPT_BYTES } from '../../../src/rooms/chat/chat-history.ts';
import type { EventOf } from '../../../src/rooms/events.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const HOUR_MS = 3_600_000;

function setUp({ keptLines = 100, keptMs = HOUR_MS } = {}) {
  const clock = new FakeClock();
  const history = new ChatHistory({ keptLines, keptMs, clock });
  const add = (text: string) =>
    history.add(
      { from: 'p1', identity: null, name: 'Ada', text, atMs: clock.wallNow(), mentions: [], edited: false },
      'p1',
    );
  return { clock, history, add };
}

const texts = ({ lines }: EventOf<'chat_history'>) => lines.map(({ text }) => text);

/** What a client shows after it received this. */
function applied(before: ReadonlyMap<string, ChatLine>, event: EventOf<'chat_history'>): Map<string, ChatLine> {
  const after = new Map(event.complete ? [] : before);
  for (const line of event.lines) after.set(line.id, line);
  for (const id of event.unsaid) after.delete(id);
  return after;
}

test('a newcomer receives the latest lines, as they are now, and nothing that was deleted', async (t) => {
  const { history, add } = setUp({ keptLines: 3 });
  const [, second, third] = ['1', '2', '3', '4', '5'].map(add);
  t.same(texts(history.since(undefined)), ['3', '4', '5']);
  history.replace({ ...third!, text: 'three', edited: true });
  t.match(history.since(undefined), { complete: true, unsaid: [], lines: [{ text: 'three', edited: true }, {}, {}] });
  history.delete(third!.id);
  t.same(texts(history.since(undefined)), ['2', '4', '5']);
  history.delete(second!.id);
  t.notMatch(JSON.stringify(history.since(undefined)), /three|"2"/);
});

test('the same event is given until something changes, so that it is encoded once', async (t) => {
  const { history, add } = setUp();
  add('1');
  t.equal(history.since(undefined), history.since(undefined));
  const before = history.since(undefined);
  add('2');
  t.not(history.since(undefined), before);
});

test('after a pause a client receives what is new, what has changed, and what is gone', async (t) => {
  const { history, add } = setUp();
  const [first, second] = ['1', '2', '3'].map(add);
  const { mark } = history;
  t.match(history.since(mark), { complete: false, lines: [], unsaid: [] });
  history.replace({ ...first!, text: 'one' });
  history.delete(second!.id);
  add('4');
  t.match(history.since(mark), { complete: false, lines: [{ text: 'one' }, { text: '4' }], unsaid: [second!.id] });
  t.match(history.since(history.mark), { complete: false, lines: [], unsaid: [] });
});

test('a mark of another room, of the future or of nobody leads to everything', async (t) => {
  const { history, add } = setUp();
  add('1');
  const other = setUp();
  for (let n = 0; n < 5; n++) other.add('x');
  const [life] = history.mark.split('.');
  for (const mark of [
    other.history.mark,
    `${life}.2`,
    `${life}.-1`,
    `${life}.1e0`,
    `${life}`,
    '',
    '.',
    'x.y.z',
    '__proto__',
  ])
    t.match(history.since(mark), { complete: true, lines: [{ text: '1' }] }, mark);
});

test('a client that missed more than is known receives everything', async (t) => {
  const { history, add } = setUp({ keptLines: 100 });
  add('first');
  const { mark } = history;
  for (let n = 0; n < 101; n++) add(`${n}`);
  t.equal(history.since(mark).complete, true);
  const late = history.mark;
  for (let n = 0; n < 250; n++) history.delete(add('x').id);
  t.equal(history.since(late).complete, true);
});

test('old lines are forgotten at their time, also if nobody asks', async (t) => {
  const { clock, history, add } = setUp({ keptMs: HOUR_MS });
  const first = add('1');
  clock.advance(HOUR_MS / 2);
  add('2');
  clock.advance(HOUR_MS / 2);
  t.equal(history.find(first.id), undefined);
  t.same(texts(history.since(undefined)), ['2']);
  clock.advance(HOUR_MS / 2);
  t.same(texts(history.since(undefined)), []);
  t.equal(clock.pendingTimers, 0);
});

test('long lines push out others, so that the bytes have a bound', async (t) => {
  const { history, add } = setUp({ keptLines: 1000 });
  for (let n = 0; n < 300; n++) add('\u6f22'.repeat(2000));
  const bytes = Buffer.byteLength(JSON.stringify(history.since(undefined)));
  t.ok(bytes > MAX_KEPT_BYTES / 2 && bytes < MAX_KEPT_BYTES + 200, `${bytes}`);
});

test('without a history no text is kept, but one can still edit and delete', async (t) => {
  const { history, add } = setUp({ keptLines: 0 });
  const line = add('secret');
  t.equal(line.text, 'secret');
  t.same(texts(history.since(undefined)), []);
  t.match(history.find(line.id), { author: 'p1', line: { text: '' } });
  history.replace({ ...line, text: 'other secret' });
  t.match(history.find(line.id), { line: { text: '' } });
});

test('nothing and no timer is left when it is cleared, and old marks lead to everything', async (t) => {
  const { clock, history, add } = setUp();
  const line = add('1');
  const { mark } = history;
  history.clear();
  t.equal(clock.pendingTimers, 0);
  t.equal(history.find(line.id), undefined);
  t.match(history.since(mark), { complete: true, lines: [] });
});

test('whatever happens during a pause, a client that comes back shows what a newcomer sees', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), text: fc.string({ maxLength: 5 }) }),
    fc.record({ kind: fc.constant('edit' as const), of: fc.nat() }),
    fc.record({ kind: fc.constant('delete' as const), of: fc.nat() }),
    fc.record({ kind: fc.constant('pause' as const), ms: fc.integer({ min: 0, max: HOUR_MS }) }),
    fc.record({ kind: fc.constant('return' as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), fc.integer({ min: 1, max: 120 }), (steps, keptLines) => {
      const { clock, history, add } = setUp({ keptLines });
      const ids: string[] = [];
      let shown = new Map<string, ChatLine>();
      let mark: string | undefined;
      const comeBack = (): boolean => {
        shown = applied(shown, history.since(mark));
        ({ mark } = history);
        // What the client still shows of what others have forgotten may stay.
        return history
          .since(undefined)
          .lines.every((line) => JSON.stringify(shown.get(line.id)) === JSON.stringify(line));
      };
      const isWithoutDeleted = () => ids.every((id) => !deleted.has(id) || !shown.has(id));
      const deleted = new Set<string>();
      for (const each of steps) {
        if (each.kind === 'add') ids.push(add(each.text).id);
        else if (each.kind === 'pause') clock.advance(each.ms);
        else if (each.kind === 'return') {
          if (!comeBack() || !isWithoutDeleted()) return false;
        } else {
          const id = ids[each.of % Math.max(1, ids.length)] ?? '';
          const line = history.find(id)?.line;
          if (line === undefined) continue;
          if (each.kind === 'edit') history.replace({ ...line, text: `${line.text}!`, edited: true });
          else {
            history.delete(id);
            deleted.add(id);
          }
        }
      }
      return comeBack() && isWithoutDeleted();
    }),
  );
});

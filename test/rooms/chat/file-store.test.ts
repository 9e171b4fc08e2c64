import fc from 'fast-check';
import { test } from 'tap';
import { LimitCounts } from '../../../src/lib/rates/limit-counts.ts';
import { FileStore } from '../../../src/rooms/chat/file-store.ts';
import { cases } from '../../helpers/cases.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const PNG = Buffer.from('\x89PNG\r\n\x1a\n and pixels', 'latin1');
const ADA = { id: 'ada', address: '192.0.2.1' };
const EVERYONE = () => true;

function setUp({ maxBytes = 1000, maxTotalBytes = 5000, keptMinutes = 60 } = {}) {
  const clock = new FakeClock();
  const limitCounts = new LimitCounts();
  const store = new FileStore({ limits: { maxBytes, maxTotalBytes, keptMinutes }, clock, limitCounts });
  const upload = (content: Buffer, sender = ADA, name = 'cat.png') =>
    store.append(store.offer(sender, { name, bytes: content.length }), 0, content)!;
  return { clock, limitCounts, store, upload };
}

test('a file arrives in pieces, is sent with a line, and is read by those who may', (t) => {
  const { store } = setUp();
  const grant = store.offer(ADA, { name: 'cat.png', bytes: PNG.length });
  t.equal(store.append(grant, 0, PNG.subarray(0, 5)), null);
  t.equal(store.missing(grant), PNG.length - 5);
  const file = store.append(grant, 5, PNG.subarray(5))!;
  t.match(file, { name: 'cat.png', bytes: PNG.length, type: 'image/png' });
  t.ok(file.id.length >= 22 && file.id !== grant);
  t.throws(() => store.read(file.id, EVERYONE), { code: 'unknown_chat_file' }, 'no line has it yet');
  t.throws(
    () => store.send('ben', file.id, 'lobby', null),
    { code: 'unknown_chat_file' },
    'it is for its sender to send',
  );
  t.same(store.send('ada', file.id, 'lobby', new Set(['ada', 'ben'])), file);
  t.throws(() => store.send('ada', file.id, 'lobby', null), { code: 'unknown_chat_file' }, 'once');
  const { content } = store.read(file.id, (room, readers) => room === 'lobby' && readers?.has('ben') === true);
  t.ok(content.equals(PNG));
  t.throws(() => store.read(file.id, () => false), { code: 'unknown_chat_file' });
  store.delete(file.id);
  t.throws(() => store.read(file.id, EVERYONE), { code: 'unknown_chat_file' });
  t.same(store.figures, { files: 0, bytes: 0, received: 1 });
  t.end();
});

test('a name says nothing about the content', (t) => {
  const { upload } = setUp();
  const html = Buffer.from('<!doctype html><script>alert(1)</script>');
  t.match(upload(html, ADA, 'page.png'), { name: 'page.png', type: 'application/octet-stream' });
  t.match(upload(Buffer.from('<svg/>'), ADA, 'picture.svg'), { type: 'application/octet-stream' });
  t.end();
});

test('pieces come in order, and not more than was promised', (t) => {
  const { store } = setUp();
  const grant = store.offer(ADA, { name: 'x', bytes: 10 });
  for (const [at, bytes] of [
    [1, 1],
    [0, 11],
  ] as const)
    t.throws(() => store.append(grant, at, Buffer.alloc(bytes)), { code: 'invalid_request' });
  store.append(grant, 0, Buffer.alloc(4));
  t.throws(() => store.append(grant, 0, Buffer.alloc(4)), { code: 'invalid_request' });
  t.throws(() => store.append(grant, 4, Buffer.alloc(7)), { code: 'invalid_request' });
  t.throws(() => store.append('a guess', 0, Buffer.alloc(1)), { code: 'unknown_chat_file' });
  t.end();
});

test('too large, too many, or no space: refused before anything is sent', (t) => {
  const { store, limitCounts } = setUp();
  t.throws(() => store.offer(ADA, { name: 'x', bytes: 1001 }), { code: 'file_too_large' });
  for (let i = 0; i < 4; i++) store.offer(ADA, { name: 'x', bytes: 500 });
  t.throws(() => store.offer(ADA, { name: 'x', bytes: 1 }), { code: 'too_many_files' });
  const at = (host: number) => ({ id: `${host}`, address: `192.0.2.${host}` });
  for (const host of [2, 3, 4]) store.offer(at(host), { name: 'x', bytes: 1000 });
  t.throws(() => store.offer(at(5), { name: 'x', bytes: 1 }), { code: 'no_space_for_files' });
  t.equal(limitCounts.counts.get('chat_files'), 1);
  t.equal(limitCounts.counts.get('chat_file_bytes'), 1);
  t.throws(() => setUp({ maxBytes: 0 }).store.offer(ADA, { name: 'x', bytes: 1 }), { code: 'files_off' });
  t.end();
});

test('one address does not take every place', (t) => {
  const { store, upload } = setUp({ maxTotalBytes: 1e6 });
  for (let i = 0; i < 64; i++) store.send('ada', upload(Buffer.from('x')).id, 'lobby', null);
  t.throws(() => upload(Buffer.from('x'), { id: 'other', address: ADA.address }), { code: 'too_many_files' });
  upload(Buffer.from('x'), { id: 'ben', address: '192.0.2.2' });
  t.end();
});

test('what is broken off, not sent, or old gives its place back', (t) => {
  const { clock, store, upload } = setUp({ keptMinutes: 2 });
  const grant = store.offer(ADA, { name: 'x', bytes: 10 });
  store.abandon(grant);
  store.abandon(grant);
  store.offer(ADA, { name: 'x', bytes: 10 });
  const unsent = upload(PNG);
  const sent = upload(PNG);
  store.send('ada', sent.id, 'lobby', null);
  t.equal(store.figures.files, 3);
  clock.advance(60_000);
  t.equal(store.figures.files, 1, 'only the one that was sent');
  t.throws(() => store.send('ada', unsent.id, 'lobby', null), { code: 'unknown_chat_file' });
  clock.advance(60_000);
  t.same(store.figures, { files: 0, bytes: 0, received: 2 });
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('files go with their room, and what is not sent with its sender', (t) => {
  const { clock, store, upload } = setUp();
  store.send('ada', upload(PNG).id, 'lobby', null);
  const other = upload(PNG);
  store.send('ada', other.id, 'den', null);
  upload(PNG);
  store.senderLeft('ada');
  t.equal(store.figures.files, 2);
  store.forgetRoom('lobby');
  t.equal(store.figures.files, 1);
  t.ok(store.read(other.id, EVERYONE));
  store.close();
  t.equal(store.figures.bytes, 0);
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('whatever clients do, the bound holds and nothing is left', (t) => {
  const step = fc.record({
    act: fc.constantFrom('offer', 'append', 'send', 'delete', 'abandon', 'wait'),
    bytes: fc.integer({ min: 1, max: 1200 }),
    which: fc.nat(5),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { clock, store } = setUp({ maxTotalBytes: 2000 });
      const grants: string[] = [];
      const ids: string[] = [];
      for (const { act, bytes, which } of steps) {
        try {
          if (act === 'offer') grants.push(store.offer({ ...ADA, id: `p${which}` }, { name: 'x', bytes }));
          if (act === 'append') {
            const grant = grants[which] ?? '';
            const file = store.append(grant, 0, Buffer.alloc(Math.min(bytes, store.missing(grant))));
            if (file !== null) ids.push(file.id);
          }
          if (act === 'send') store.send(`p${which}`, ids[which] ?? '', 'lobby', null);
          if (act === 'delete') store.delete(ids[which] ?? '');
          if (act === 'abandon') store.abandon(grants[which] ?? '');
          if (act === 'wait') clock.advance(bytes * 50);
        } catch (error) {
          if (!(error instanceof Error && 'code' in error)) throw error;
        }
        if (store.figures.bytes > 2000 || store.figures.bytes < 0) return false;
      }
      clock.advance(2 * 3_600_000);
      return store.figures.bytes === 0 && store.figures.files === 0 && clock.pendingTimers === 0;
    }),
    { numRuns: cases(300) },
  );
  t.end();
});

test('one address cannot take all the space, but one file is always as large as the limit', (t) => {
  const { store, upload } = setUp({ maxBytes: 900, maxTotalBytes: 1000 });
  const ben = { id: 'ben', address: '192.0.2.2' };
  upload(Buffer.alloc(300));
  t.throws(() => store.offer(ADA, { name: 'x', bytes: 201 }), { code: 'too_many_files' });
  t.ok(store.offer(ADA, { name: 'x', bytes: 200 }));
  t.ok(store.offer(ben, { name: 'x', bytes: 500 }));
  const { store: other } = setUp({ maxBytes: 900, maxTotalBytes: 1000 });
  t.ok(other.offer(ADA, { name: 'x', bytes: 900 }), 'the first');
  t.end();
});

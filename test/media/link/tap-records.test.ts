import fc from 'fast-check';
import { test } from 'tap';
import { forEachTapRecord, type TapRecord, TapRecordWriter } from '../../../src/media/link/tap-records.ts';
import { cases } from '../../helpers/cases.ts';

const record: fc.Arbitrary<TapRecord> = fc.record({
  roomId: fc.nat(),
  memberId: fc.nat(),
  stream: fc.nat(0xffff),
  arrivalMs: fc.double({ min: 0, max: 1e12, noNaN: true }),
  timestamp: fc.nat(0xffff_ffff),
  levelDbov: fc.option(fc.integer({ min: -127, max: 0 }).map((level) => level || 0)),
  payload: fc.uint8Array({ maxLength: 1500 }),
});

function read(bytes: Uint8Array): TapRecord[] {
  const found: TapRecord[] = [];
  forEachTapRecord(bytes, (each) => found.push({ ...each, payload: Uint8Array.from(each.payload) }));
  return found;
}

test('records arrive as they were written, and once', (t) => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 200 }), (records) => {
      const writer = new TapRecordWriter();
      for (let round = 0; round < 2; round++) {
        for (const each of records) writer.add(each);
        const bytes = writer.take();
        fc.pre(bytes !== null);
        t.same(read(bytes), records);
      }
      return writer.take() === null && writer.dropped === 0;
    }),
    { numRuns: cases(30) },
  );
  t.end();
});

test('what is taken has memory of its own, as large as needed', (t) => {
  const writer = new TapRecordWriter();
  const [payload] = fc.sample(fc.uint8Array({ minLength: 100, maxLength: 100 }), { numRuns: 1, seed: 1 });
  const one = { roomId: 1, memberId: 2, stream: 0, arrivalMs: 1, timestamp: 3, levelDbov: null, payload: payload! };
  writer.add(one);
  const taken = writer.take()!;
  writer.add({ ...one, payload: new Uint8Array(100) });
  t.same(read(taken)[0]!.payload, payload);
  t.equal(taken.buffer.byteLength, taken.length);
  t.end();
});

test('a flood costs a bounded amount of memory', (t) => {
  const writer = new TapRecordWriter();
  const payload = new Uint8Array(1200);
  const one = { roomId: 1, memberId: 2, stream: 0, arrivalMs: 1, timestamp: 3, levelDbov: null, payload };
  for (let i = 0; i < 10_000; i++) writer.add(one);
  t.ok(writer.dropped > 0);
  t.ok(writer.take()!.length <= 8 * 1024 * 1024);
  t.end();
});

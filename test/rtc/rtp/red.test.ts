import * as fc from 'fast-check';
import { test } from 'tap';
import { createRedBlocks, MAX_RED_BLOCKS, parseRed, writeRed } from '../../../src/rtc/rtp/red.ts';
import { watchedBytes } from '../../fuzz/watched-bytes.ts';
import { cases } from '../../helpers/cases.ts';

const OPUS = 111;

/** As other senders may write it. */
function redOf(redundant: { offset: number; data: number[] }[], primary: number[], payloadType = OPUS): Uint8Array {
  const headers = redundant.flatMap(({ offset, data }) => [
    0x80 | payloadType,
    offset >> 6,
    ((offset & 0x3f) << 2) | (data.length >> 8),
    data.length & 0xff,
  ]);
  return Uint8Array.from([...headers, payloadType, ...redundant.flatMap(({ data }) => data), ...primary]);
}

test('blocks come out oldest first, the primary one last', (t) => {
  const blocks = createRedBlocks();
  const payload = redOf(
    [
      { offset: 1920, data: [1, 2] },
      { offset: 960, data: [3] },
    ],
    [4, 5, 6],
  );
  t.ok(parseRed(payload, OPUS, blocks));
  t.same(
    blocks.blocks
      .slice(0, blocks.count)
      .map(({ timestampOffset, start, end }) => [timestampOffset, ...payload.subarray(start, end)]),
    [
      [1920, 1, 2],
      [960, 3],
      [0, 4, 5, 6],
    ],
  );
  t.end();
});

test("any sender's blocks are parsed", (t) => {
  const data = fc.array(fc.nat({ max: 255 }), { minLength: 1, maxLength: 1023 });
  const redundant = fc.record({ offset: fc.nat({ max: 2 ** 14 - 1 }), data });
  const blocks = createRedBlocks();
  fc.assert(
    fc.property(fc.array(redundant, { maxLength: MAX_RED_BLOCKS - 1 }), data, (older, primary) => {
      const payload = redOf(older, primary);
      if (!parseRed(payload, OPUS, blocks) || blocks.count !== older.length + 1) return false;
      const read = blocks.blocks
        .slice(0, blocks.count)
        .map(({ timestampOffset: offset, start, end }) => ({ offset, data: [...payload.subarray(start, end)] }));
      return JSON.stringify(read) === JSON.stringify([...older, { offset: 0, data: primary }]);
    }),
  );
  t.end();
});

test('an empty redundant block is left out', (t) => {
  const blocks = createRedBlocks();
  t.ok(parseRed(redOf([{ offset: 960, data: [] }], [4]), OPUS, blocks));
  t.equal(blocks.count, 1);
  t.end();
});

test('malformed RED is refused', (t) => {
  const blocks = createRedBlocks();
  const good = redOf([{ offset: 960, data: [1, 2, 3] }], [4]);
  t.ok(parseRed(good, OPUS, blocks));
  for (let length = 0; length < good.length; length++)
    t.notOk(parseRed(good.subarray(0, length), OPUS, blocks), `${length} bytes`);
  t.equal(blocks.count, 0);
  t.notOk(parseRed(redOf([], [4], 96), OPUS, blocks), 'another primary payload type');
  t.notOk(parseRed(Uint8Array.from([0x80 | 96, 0, 0, 0, OPUS, 1]), OPUS, blocks), 'another redundant payload type');
  const many = Array.from({ length: MAX_RED_BLOCKS }, () => ({ offset: 1, data: [1] }));
  t.notOk(parseRed(redOf(many, [1]), OPUS, blocks), 'too many blocks');
  t.notOk(parseRed(new Uint8Array(1200).fill(0xff), OPUS, blocks));
  const tenth = Array.from({ length: MAX_RED_BLOCKS - 1 }, () => ({ offset: 1, data: [1] }));
  t.ok(parseRed(redOf(tenth, [1]), OPUS, blocks), 'ten blocks are not too many');
  t.notOk(parseRed(redOf([{ offset: 960, data: [1, 2, 3] }], []), OPUS, blocks), 'nothing is left for the primary one');
  t.end();
});

test('whatever bytes arrive, blocks stay within the payload and do not overlap', (t) => {
  const blocks = createRedBlocks();
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constantFrom(OPUS, 0x80 | OPUS, 0, 1), fc.nat({ max: 255 })), { maxLength: 60 }),
      (bytes) => {
        const payload = Uint8Array.from(bytes);
        if (!parseRed(watchedBytes(payload), OPUS, blocks)) return blocks.count === 0;
        let last = 0;
        for (const { start, end } of blocks.blocks.slice(0, blocks.count)) {
          if (start < last || end <= start) return false;
          last = end;
        }
        return last === payload.length;
      },
    ),
    { numRuns: cases(2000) },
  );
  t.end();
});

test('our own RED is parsed back: the older payload, then the current one', (t) => {
  const data = (maxLength: number) => fc.uint8Array({ minLength: 1, maxLength });
  const blocks = createRedBlocks();
  fc.assert(
    fc.property(data(500), fc.integer({ min: 1, max: 2 ** 14 - 1 }), data(500), (older, offset, primary) => {
      const payload = writeRed(older, offset, primary, OPUS);
      if (payload === null || !parseRed(payload, OPUS, blocks)) return false;
      const [first, second] = blocks.blocks;
      return (
        blocks.count === 2 &&
        first!.timestampOffset === offset &&
        Buffer.compare(payload.subarray(first!.start, first!.end), older) === 0 &&
        Buffer.compare(payload.subarray(second!.start, second!.end), primary) === 0
      );
    }),
  );
  t.end();
});

test('RED is not written beyond its limits', (t) => {
  const payload = (length: number) => new Uint8Array(length).fill(1);
  t.ok(writeRed(payload(120), 2 ** 14 - 1, payload(120), OPUS));
  t.ok(writeRed(payload(1), 1, payload(1), OPUS));
  t.equal(writeRed(payload(120), 2 ** 14, payload(120), OPUS), null, 'too old');
  t.equal(writeRed(payload(120), 0, payload(120), OPUS), null, 'not older');
  t.equal(writeRed(payload(120), -960, payload(120), OPUS), null, 'newer');
  t.equal(writeRed(payload(0), 960, payload(120), OPUS), null, 'nothing to repeat');
  t.ok(writeRed(payload(1023), 960, payload(120), OPUS));
  t.equal(writeRed(payload(1024), 960, payload(120), OPUS), null, 'too long for its header');
  t.ok(writeRed(payload(600), 960, payload(595), OPUS));
  t.equal(writeRed(payload(600), 960, payload(596), OPUS), null, 'too large for a packet');
  t.end();
});

test('blocks may be as long as their ten bits can say', (t) => {
  const blocks = createRedBlocks();
  for (const length of [255, 256, 300, 1023]) {
    const payload = redOf([{ offset: 960, data: new Array<number>(length).fill(7) }], [8, 9]);
    t.ok(parseRed(payload, OPUS, blocks));
    t.same(
      blocks.blocks.slice(0, blocks.count).map(({ start, end }) => end - start),
      [length, 2],
    );
  }
  t.end();
});

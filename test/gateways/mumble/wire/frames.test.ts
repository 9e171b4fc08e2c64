import * as fc from 'fast-check';
import { test } from 'tap';
import { encodeFrame, FrameReader } from '../../../../src/gateways/mumble/wire/frames.ts';

type Frame = readonly [type: number, payload: string];

function reading(maxLength = 100): { readonly reader: FrameReader; readonly frames: Frame[] } {
  const frames: Frame[] = [];
  const reader = new FrameReader(maxLength, (type, payload) => frames.push([type, Buffer.from(payload).toString()]));
  return { reader, frames };
}

test('a frame has a type, a length and a payload', async (t) => {
  t.equal(Buffer.from(encodeFrame(0x0102, Buffer.from('abc'))).toString('hex'), '010200000003616263');
});

test('frames are found however the bytes arrive', (t) => {
  const frames = fc.array(fc.tuple(fc.nat(0xffff), fc.string({ maxLength: 60 })), { maxLength: 8 });
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 40 })), (wanted, sizes) => {
      const all = Buffer.concat(wanted.map(([type, text]) => encodeFrame(type, Buffer.from(text))));
      const { reader, frames: found } = reading(400);
      let at = 0;
      for (const size of [...sizes, all.length]) {
        t.ok(reader.push(all.subarray(at, at + size)));
        at += size;
      }
      t.same(found, wanted);
    }),
  );
  t.end();
});

test('a frame that is too long ends the reading before its payload comes', async (t) => {
  const { reader, frames } = reading(3);
  t.ok(reader.push(encodeFrame(1, Buffer.from('abc'))));
  t.notOk(reader.push(encodeFrame(2, Buffer.from('abcd')).subarray(0, 6)));
  t.notOk(reader.push(encodeFrame(3, Buffer.from(''))));
  t.same(frames, [[1, 'abc']]);
});

test('the limit can change with a frame', async (t) => {
  const { reader, frames } = reading(3);
  reader.push(encodeFrame(1, Buffer.from('abc')));
  reader.maxLength = 4;
  t.ok(reader.push(encodeFrame(2, Buffer.from('abcd'))));
  t.equal(frames.length, 2);
});

test('a reader that is stopped by a frame reads none after it', async (t) => {
  const types: number[] = [];
  const reader = new FrameReader(10, (type) => {
    types.push(type);
    reader.stop();
  });
  const two = Buffer.concat([encodeFrame(1, Buffer.alloc(0)), encodeFrame(2, Buffer.alloc(0))]);
  t.notOk(reader.push(two));
  t.same(types, [1]);
});

import fc from 'fast-check';
import { test } from 'tap';
import { FrameReader, frame, MAX_FRAME_LENGTH } from '../../../src/rtc/net/stream-framing.ts';
import { cases } from '../../helpers/cases.ts';

const SEED = Number(process.env['SEED'] ?? 4571);
const PARAMETERS = { seed: SEED, numRuns: cases(500) };

const datagrams = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 });
const pieceLengths = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 30 });

/** The stream in pieces of these lengths, again and again. */
function* cut(stream: Buffer, lengths: readonly number[]): Generator<Buffer> {
  for (let at = 0, i = 0; at < stream.length; i++) {
    const end = at + lengths[i % lengths.length]!;
    yield Buffer.from(stream.subarray(at, end));
    at = end;
  }
}

function readAll(pieces: Iterable<Buffer>) {
  const frames: Buffer[] = [];
  const reader = new FrameReader((datagram) => frames.push(datagram) > 0);
  let ok = true;
  for (const piece of pieces) {
    ok = reader.read(piece);
    if (!ok) break;
  }
  return { frames, ok };
}

const hex = (list: readonly Uint8Array[]) => list.map((bytes) => Buffer.from(bytes).toString('hex'));

test('however a stream is split, the same datagrams come out, without the empty ones', (t) => {
  fc.assert(
    fc.property(datagrams, pieceLengths, (sent, lengths) => {
      const { frames, ok } = readAll(cut(Buffer.concat(sent.map(frame)), lengths));
      const expected = hex(sent.filter(({ length }) => length > 0));
      return ok && JSON.stringify(hex(frames)) === JSON.stringify(expected);
    }),
    PARAMETERS,
  );
  t.end();
});

test('an empty piece changes nothing, even in the middle of a frame', (t) => {
  const stream = frame(Buffer.from('whole'));
  for (let at = 0; at <= stream.length; at++) {
    const { frames, ok } = readAll([stream.subarray(0, at), Buffer.alloc(0), stream.subarray(at)]);
    t.ok(ok);
    t.same(frames, [Buffer.from('whole')]);
  }
  t.end();
});

test('the contents of a datagram do not change when others follow', (t) => {
  const sent = [1, 2, 3].map((value) => Buffer.alloc(1000, value));
  const stream = Buffer.concat(sent.map(frame));
  for (const length of [1, 2, 3, 999, 1003, stream.length]) {
    t.same(hex(readAll(cut(stream, [length])).frames), hex(sent), `in pieces of ${length}`);
  }
  const long = Buffer.concat(Array.from({ length: 10 }, () => stream));
  const { frames } = readAll([long]);
  t.equal(frames.length, 30);
  t.ok(
    frames.every(({ buffer }) => buffer !== long.buffer),
    'keeping a datagram does not keep a large piece in memory',
  );
  t.end();
});

test('any bytes are read without an exception, and nothing longer than allowed comes out', (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 20 }), (pieces) => {
      const { frames } = readAll(pieces.map((piece) => Buffer.from(piece)));
      return frames.every(({ length }) => length > 0 && length <= MAX_FRAME_LENGTH);
    }),
    PARAMETERS,
  );
  t.end();
});

test('a frame that is too long ends the stream, wherever a piece ends', (t) => {
  const good = Buffer.from('good');
  const stream = Buffer.concat([frame(good), frame(Buffer.alloc(MAX_FRAME_LENGTH + 1)), frame(good)]);
  for (let length = 1; length <= 12; length++) {
    const { frames, ok } = readAll(cut(stream, [length]));
    t.equal(ok, false);
    t.same(frames, [good]);
  }
  const longest = Buffer.alloc(MAX_FRAME_LENGTH, 7);
  t.same(readAll(cut(frame(longest), [500])).frames, [longest]);
  t.end();
});

test('a receiver that stops gets nothing more', (t) => {
  const stream = Buffer.concat([frame(Buffer.from('a')), frame(Buffer.from('b'))]);
  for (const length of [1, 2, 3, 6]) {
    const frames: string[] = [];
    const reader = new FrameReader((datagram) => frames.push(String(datagram)) < 1);
    for (const piece of cut(stream, [length])) {
      t.equal(reader.read(piece), true);
      if (frames.length > 0) break;
    }
    t.same(frames, ['a']);
  }
  t.end();
});

import { FrameReader, frame, MAX_FRAME_LENGTH } from '../../../src/rtc/net/stream-framing.ts';
import { integerBetween } from '../../helpers/prng.ts';
import { randomBytes } from '../mutate.ts';
import { type FuzzTarget, hold, joinFrames, splitFrames } from '../target.ts';

/** The pieces in which a stream of frames arrives over TCP. */
export const framing: FuzzTarget = {
  name: 'framing',
  files: ['src/rtc/net/stream-framing.ts'],
  framed: true,
  seeds: () => [joinFrames([frame(Buffer.from('abc')), frame(Buffer.from('defg')), Buffer.from([0, 0, 0, 1])])],
  generate: (prng) => {
    const datagrams = Array.from({ length: integerBetween(prng, 1, 8) }, () =>
      frame(randomBytes(prng, integerBetween(prng, 0, 80))),
    );
    const stream = Buffer.concat(datagrams);
    const pieces: Buffer[] = [];
    for (let at = 0; at < stream.length; ) {
      const size = integerBetween(prng, 1, 60);
      pieces.push(stream.subarray(at, at + size));
      at += size;
    }
    return joinFrames(pieces);
  },
  run: (input) => {
    const pieces = splitFrames(input).map((piece) => Buffer.from(piece));
    const stream = Buffer.concat(pieces);
    const expected = framesOf(stream);
    let index = 0;
    const reader = new FrameReader((content) => {
      const same = expected[index++]?.equals(content) === true;
      hold(same, 'a frame has the length it announces, however it was split');
      return true;
    });
    const wellFormed = pieces.every((piece) => reader.read(piece));
    hold(index === expected.length, 'every whole frame comes out');
    if (!wellFormed) hold(hasTooLong(stream), 'only a frame that is too long ends a stream');
  },
};

function framesOf(stream: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at + 2 <= stream.length; ) {
    const end = at + 2 + stream.readUInt16BE(at);
    if (end - at - 2 > MAX_FRAME_LENGTH || end > stream.length) return frames;
    if (end > at + 2) frames.push(stream.subarray(at + 2, end));
    at = end;
  }
  return frames;
}

function hasTooLong(stream: Buffer): boolean {
  for (let at = 0; at + 2 <= stream.length; at += 2 + stream.readUInt16BE(at)) {
    if (stream.readUInt16BE(at) > MAX_FRAME_LENGTH) return true;
  }
  return false;
}

import { test } from 'tap';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { opusCodec } from '../../../src/mixer/codec/opus.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { StereoDecoder } from '../../../src/mixer/source/stereo-decoder.ts';
import { encodeStereo } from '../../helpers/music.ts';
import { rms } from '../../helpers/signal.ts';

function setUp() {
  const pool = new CodecPool(opusCodec, () => 0);
  const decoder = new StereoDecoder(pool);
  /** The levels of both sides of the next frame. */
  const next = () => {
    const levels = decoder.isBlank ? [0, 0] : [rms(decoder.left.head), rms(decoder.right.head)];
    decoder.advance();
    return levels as [number, number];
  };
  return { pool, decoder, next };
}

test('what is missing is concealed on both sides, more and more quietly, and then silent', (t) => {
  const { pool, decoder, next } = setUp();
  const packets = encodeStereo({ leftHz: 440, rightHz: 880 }, 20);
  for (const packet of packets) {
    decoder.play(packet, FRAME_SAMPLES);
    next();
  }
  const levels = Array.from({ length: 6 }, () => {
    decoder.conceal();
    return next();
  });
  for (const side of [0, 1] as const) {
    t.ok(levels[0]![side] > 1000, `${side}: ${levels[0]![side]}`);
    for (let i = 1; i < 5; i++) t.ok(levels[i]![side] < levels[i - 1]![side]);
    t.equal(levels[5]![side], 0);
  }
  t.equal(pool.counters.framesConcealed, 6);
  decoder.release();
  t.equal(pool.decodersInUse, 0);
  t.end();
});

test('a packet that cannot be decoded is concealed, and counted', (t) => {
  const { pool, decoder, next } = setUp();
  decoder.play(Uint8Array.of(0xff, 0xff, 0xff), FRAME_SAMPLES);
  t.equal(pool.counters.packetsDiscarded, 1);
  t.same(next(), [0, 0]);
  t.notOk(decoder.fadeOut(), 'nothing sounded');
  decoder.release();
  t.end();
});

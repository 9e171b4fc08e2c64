import { test } from 'tap';
import type { Codec } from '../../../src/mixer/codec/codec.ts';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES, SAMPLES_PER_MS } from '../../../src/mixer/format.ts';
import { FADE_SAMPLES, VoiceDecoder } from '../../../src/mixer/source/voice-decoder.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';

const LEVEL = 1000;
const CORRUPT = Uint8Array.of(0);

/** Every packet of `20 * n` ms has n bytes, and every sample has the same value, also in concealed frames. */
function setUp() {
  let concealed = 0;
  const plain = new PlainCodec();
  const codec: Codec = {
    createEncoder: () => plain.createEncoder(),
    createDecoder: () => ({
      reset: () => {},
      decode: (payload) =>
        payload === CORRUPT ? undefined : new Int16Array(payload.length * FRAME_SAMPLES).fill(LEVEL),
      conceal: () => {
        concealed++;
        return new Int16Array(FRAME_SAMPLES).fill(LEVEL);
      },
    }),
  };
  const pool = new CodecPool(codec, () => 0);
  const decoder = new VoiceDecoder(pool);
  /** Both ends of this tick's frame, relative to the full level. */
  const next = () => {
    const { queue } = decoder;
    const ends = queue.isBlank ? null : [queue.head[0]! / LEVEL, queue.head[FRAME_SAMPLES - 1]! / LEVEL];
    queue.advance();
    return ends;
  };
  const play = (frames = 1) => decoder.play(new Uint8Array(frames), frames * FRAME_SAMPLES);
  return { pool, decoder, next, play, concealed: () => concealed };
}

const isNear = (a: number | undefined, b: number) => a !== undefined && Math.abs(a - b) < 0.01;

test('a voice that begins fades in over 5 ms, and then is as it was decoded', async (t) => {
  const { decoder, play, pool } = setUp();
  decoder.open();
  t.ok(decoder.isOpen);
  const written = play()!;
  t.ok(isNear(written[0]! / LEVEL, 0) && isNear(written[FADE_SAMPLES / 2]! / LEVEL, 0.5));
  t.equal(FADE_SAMPLES, 5 * SAMPLES_PER_MS);
  t.ok(written.subarray(FADE_SAMPLES).every((sample) => sample === LEVEL));
  t.ok(play()!.every((sample) => sample === LEVEL));
  t.equal(pool.counters.framesDecoded, 2);
  t.equal(decoder.queue.available, 2 * FRAME_SAMPLES);
});

test('a voice that others have heard until now continues at once, and more loudly if less was concealed', async (t) => {
  let before = 2;
  for (const missed of [0, 1, 2, 3, 4, 5, 6]) {
    const { decoder, play } = setUp();
    decoder.open(missed);
    t.equal(decoder.isConcealing, missed > 0);
    const written = play()!;
    const from = written[0]! / LEVEL;
    t.ok(missed < 2 ? from === 1 : from < before, `${missed}: ${from}`);
    if (missed > 4) t.ok(isNear(from, 0));
    if (missed > 1 && missed < 5) before = from;
    t.notOk(decoder.isConcealing);
  }
});

test('an open decoder stays as it is', async (t) => {
  const { decoder, play, pool } = setUp();
  decoder.open(0);
  decoder.open();
  t.equal(pool.decodersInUse, 1);
  t.equal(play()![0], LEVEL, 'it does not fade in');
  decoder.release();
  decoder.release();
  t.equal(pool.decodersInUse, 0);
  t.notOk(decoder.isOpen);
});

test('missing frames are first as loud as before, then quieter, without steps, and nothing is made up after 100 ms', async (t) => {
  const { decoder, play, next, pool, concealed } = setUp();
  decoder.open(0);
  play();
  next();
  let end = 1;
  for (let n = 1; n <= 5; n++) {
    decoder.conceal();
    t.ok(decoder.isConcealing);
    const frame = next()!;
    t.ok(isNear(frame[0], end), `frame ${n} joins the one before`);
    if (n === 1) t.ok(frame[1] === 1, 'the first one is heard in full');
    else t.ok(frame[1]! < end - 0.1, `frame ${n}`);
    end = frame[1]!;
  }
  t.ok(isNear(end, 0));
  for (let n = 0; n < 5; n++) {
    decoder.conceal();
    t.equal(decoder.queue.available, FRAME_SAMPLES, 'time goes on');
    t.equal(next(), null);
  }
  t.equal(concealed(), 5);
  t.equal(pool.counters.framesConcealed, 10);
  const back = play()!;
  t.ok(isNear(back[0]! / LEVEL, 0) && back[FADE_SAMPLES] === LEVEL, 'the next packet fades in');
});

test('after one or two missing frames the next packet continues where concealment was', async (t) => {
  for (const missing of [1, 2, 3]) {
    const { decoder, play, next } = setUp();
    decoder.open(0);
    play();
    next();
    let end = 1;
    for (let n = 0; n < missing; n++) {
      decoder.conceal();
      end = next()![1]!;
    }
    t.ok(isNear(play()![0]! / LEVEL, end), `${missing}`);
  }
});

test('a corrupt packet is counted, and each frame of its duration concealed', async (t) => {
  for (const frames of [0.5, 1, 2, 3]) {
    const { decoder, play, pool, concealed } = setUp();
    decoder.open(0);
    play();
    t.equal(decoder.play(CORRUPT, frames * FRAME_SAMPLES), undefined);
    t.equal(pool.counters.packetsDiscarded, 1);
    t.equal(pool.counters.framesDecoded, 1);
    t.equal(concealed(), Math.ceil(frames));
    t.equal(decoder.queue.available, (1 + Math.ceil(frames)) * FRAME_SAMPLES);
  }
});

test('without a decoder, a missing frame is only time', async (t) => {
  const { decoder, pool } = setUp();
  decoder.conceal();
  t.ok(decoder.queue.isBlank);
  t.equal(decoder.queue.available, FRAME_SAMPLES);
  t.equal(pool.counters.framesConcealed, 0);
  t.notOk(decoder.isConcealing);
});

test('a voice that ends fades out in one more frame, and the next one fades in', async (t) => {
  const { decoder, play, next } = setUp();
  decoder.open(0);
  play();
  next();
  t.ok(decoder.fadeOut(true));
  const last = next()!;
  t.ok(isNear(last[0], 1) && isNear(last[1], 0));
  t.notOk(decoder.fadeOut(true), 'it has ended');
  t.ok(isNear(play()![0]! / LEVEL, 0));
});

test('a voice that was not heard ends without a sound', async (t) => {
  const { decoder, play, next, concealed } = setUp();
  t.notOk(decoder.fadeOut(true), 'no decoder');
  decoder.open(0);
  // The rest of a frame is silent.
  decoder.queue.append(new Int16Array(FRAME_SAMPLES / 2).fill(LEVEL));
  t.notOk(decoder.fadeOut(false));
  t.strictSame(next(), [1, 0]);
  t.equal(concealed(), 0);
  t.ok(isNear(play()![0]! / LEVEL, 0));
});

import { test } from 'tap';
import { sideOf } from '../../../src/mixer/codec/complexity.ts';
import { opusCodec } from '../../../src/mixer/codec/opus.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../../../src/mixer/format.ts';
import { FLAT_ENCODERS, SPACE_ENCODERS } from '../../../src/mixer/mix/room-encoders.ts';
import { createPrng } from '../../helpers/prng.ts';

const ALL = [FLAT_ENCODERS, SPACE_ENCODERS];
const PACKETS_PER_SECOND = 1000 / PTIME_MS;

test('a listener gets as many bytes a second as the documents say, whatever is heard', (t) => {
  const prng = createPrng(4130);
  for (const { shared, own, stereo } of ALL) {
    for (const settings of [shared, own, stereo]) {
      const { bitrate, channels = 1 } = settings;
      t.equal(bitrate % (8 * PACKETS_PER_SECOND), 0, 'whole bytes in a packet');
      const encoder = opusCodec.createEncoder(channels);
      encoder.configure(settings);
      const noise = new Int16Array(FRAME_SAMPLES * channels);
      let bytes = 0;
      for (let n = 0; n < PACKETS_PER_SECOND; n++) {
        noise.set(Array.from(noise, () => 8000 * (prng() - 0.5)));
        bytes += encoder.encode(noise).length;
      }
      t.ok(Math.abs(8 * bytes - bitrate) < 0.15 * bitrate, `${8 * bytes} and ${bitrate} b/s`);
    }
  }
  t.same(
    ALL.flatMap(({ shared, own, stereo }) => [shared, own, stereo].map(({ bitrate }) => bitrate / 1000)),
    [48, 40, 72, 56, 48, 72],
    'kb/s',
  );
  t.end();
});

test('a mix for many is coded at least as well as one for a single listener', (t) => {
  for (const { shared, own, stereo } of ALL) {
    t.ok(shared.bitrate > own.bitrate && shared.complexity >= own.complexity);
    t.ok(stereo.bitrate > own.bitrate && stereo.bitrate < 2 * own.bitrate);
    t.strictSame([shared.channels ?? 1, own.channels ?? 1, stereo.channels], [1, 1, 2]);
  }
  t.end();
});

test('in a flat room all encoders are filtered until the worker is overloaded, and with space none is', (t) => {
  const sidesOf = ({ shared, own, stereo }: typeof FLAT_ENCODERS) =>
    [shared, own, stereo].map(({ complexity }) => sideOf(complexity));
  t.strictSame(sidesOf(FLAT_ENCODERS), ['filtered', 'filtered', 'filtered']);
  t.strictSame(sidesOf(SPACE_ENCODERS), ['plain', 'plain', 'plain']);
  for (const { shared, own, stereo } of ALL) {
    // Below 3, onsets get audible pre-echoes; above 10 there is nothing.
    for (const { complexity } of [shared, own, stereo]) t.ok(complexity >= 3 && complexity <= 10);
  }
  t.equal(FLAT_ENCODERS.shared.complexity, 10, 'one encoder for everyone may cost what it wants');
  for (const { own, stereo } of ALL) {
    t.equal(own.complexity, stereo.complexity);
    t.equal(sideOf(own.complexity - (own === FLAT_ENCODERS.own ? 1 : 0)), 'plain', 'no more than its side requires');
  }
  t.ok(SPACE_ENCODERS.own.complexity < 4, 'complexity 4 costs more for no more quality than 3');
  t.end();
});

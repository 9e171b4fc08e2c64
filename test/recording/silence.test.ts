import { test } from 'tap';
import { packetSamples } from '../../src/formats/opus-packet.ts';
import { fillWithSilence } from '../../src/recording/silence.ts';
import { createFrameDecoder } from '../helpers/opus.ts';

test('a gap of any multiple of 2.5 ms is filled exactly, and silent', (t) => {
  const decode = createFrameDecoder();
  for (let samples = 0; samples < 12_000; samples += 120) {
    let decoded = 0;
    const filled = fillWithSilence(samples, ({ payload, samples: duration }) => {
      t.equal(packetSamples(payload), duration);
      const pcm = decode(payload);
      decoded += pcm.length;
      t.ok(pcm.every((sample) => sample === 0));
    });
    t.equal(filled, samples);
    t.equal(decoded, samples);
  }
  t.end();
});

test('other gaps are rounded, and there are none before', (t) => {
  const filled = (samples: number) => fillWithSilence(samples, () => {});
  t.same([filled(59), filled(61), filled(-500), filled(1000)], [0, 120, 0, 960]);
  t.end();
});

import { test } from 'tap';
import { heardTone } from './heard-tone.ts';
import { SAMPLE_RATE, tone } from './signal.ts';

const SAMPLES = SAMPLE_RATE;

/** As a browser does that waits for packets: it repeats a few milliseconds, and leaves gaps. */
function stumble(samples: Float32Array): Float32Array {
  const stumbling = samples.slice();
  for (let at = 2880; at + 1200 < stumbling.length; at += 2880) {
    stumbling.copyWithin(at, at - 500, at - 164);
    stumbling.fill(0, at + 1000, at + 1096);
  }
  return stumbling;
}

function mix(...tones: readonly Float32Array[]): Float32Array {
  return Float32Array.from({ length: SAMPLES }, (_, index) => tones.reduce((sum, one) => sum + one[index]!, 0));
}

test('a voice that stumbles is not taken for another one', async (t) => {
  const voice = tone({ frequencyHz: 930, samples: SAMPLES, amplitude: 0.15 });
  const stumbling = stumble(voice);
  t.ok(heardTone(stumbling, 440).usuallyDbfs > -60, 'it has a part at the other frequency');
  t.ok(heardTone(stumbling, 440).atMostDbfs < -60);
  t.ok(heardTone(stumbling, 930).atMostDbfs > -20);
});

test('a quiet voice is heard beside one that stumbles', async (t) => {
  const voice = stumble(tone({ frequencyHz: 930, samples: SAMPLES, amplitude: 0.15 }));
  const quiet = tone({ frequencyHz: 440, samples: SAMPLES, amplitude: 0.01 });
  const { atMostDbfs } = heardTone(mix(voice, quiet), 440);
  t.ok(atMostDbfs > -43 && atMostDbfs < -36, `${atMostDbfs} dBFS`);
});

test('what is heard for a tenth of a second of a whole one does not count', async (t) => {
  const short = tone({ frequencyHz: 440, samples: SAMPLE_RATE / 10 });
  const sound = new Float32Array(SAMPLES);
  sound.set(short, SAMPLES / 2);
  t.ok(heardTone(sound, 440).usuallyDbfs < -60);
  t.equal(heardTone(new Float32Array(100), 440).atMostDbfs, Number.NEGATIVE_INFINITY, 'too short');
});

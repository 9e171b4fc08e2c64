import { test } from 'tap';
import { testSound } from '../../web/app/test-sound.ts';

test('the test sound is a WAV file of two tones that neither clip nor click', async (t) => {
  const bytes = testSound();
  const view = new DataView(bytes.buffer);
  const text = (at: number) => String.fromCharCode(...bytes.slice(at, at + 4));
  t.same([text(0), text(8), text(36)], ['RIFF', 'WAVE', 'data']);
  t.equal(view.getUint32(4, true), bytes.length - 8);
  t.equal(view.getUint32(40, true), bytes.length - 44);
  const samples = new Int16Array(bytes.buffer, 44);
  t.equal(samples.length / view.getUint32(24, true), 0.6);
  const levels = samples.map(Math.abs);
  t.ok(Math.max(...levels) > 8000 && Math.max(...levels) < 8400);
  for (let at = 1; at < samples.length; at += 1) {
    const step = Math.abs((samples[at] ?? 0) - (samples[at - 1] ?? 0));
    if (step > 1000) t.fail(`a step of ${step} at ${at}`);
  }
  const half = samples.length / 2;
  t.same([samples[0], samples[half - 1], samples[half], samples.at(-1)], [0, 0, 0, 0]);
});

import { test } from 'tap';
import { VoiceGate } from '../../../web/app/voice/voice-gate.ts';
import { createPrng, integerBetween } from '../../helpers/prng.ts';

const RATE = 48_000;
const DELAY = 0.04 * RATE;

/** A tone of this level, in dBFS. */
function tone(seconds: number, levelDbfs: number): Float32Array {
  const amplitude = Math.SQRT2 * 10 ** (levelDbfs / 20);
  return Float32Array.from(
    { length: Math.round(seconds * RATE) },
    (_, n) => amplitude * Math.sin((2 * Math.PI * 440 * n) / RATE),
  );
}

function join(...parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function through(gate: VoiceGate, input: Float32Array, blockLength = 128): Float32Array {
  const output = new Float32Array(input.length);
  for (let at = 0; at < input.length; at += blockLength)
    gate.process(input.subarray(at, at + blockLength), output.subarray(at, at + blockLength));
  return output;
}

function createGate(thresholdDbfs: number | null): VoiceGate {
  const gate = new VoiceGate(RATE);
  gate.chosenThresholdDbfs = thresholdDbfs;
  return gate;
}

/** Comparing millions of samples one by one would take a test seconds. */
const areEqual = (a: Float32Array, b: Float32Array) => Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
const bytesOf = (samples: Float32Array) => Buffer.from(samples.slice().buffer);
const isSilent = (samples: Float32Array) => samples.every((sample) => sample === 0);
const seconds = (samples: Float32Array, from: number, to: number) => samples.subarray(from * RATE, to * RATE);

test('what is quieter than the threshold is silence, and a voice comes through sample by sample, 40 ms later', async (t) => {
  const input = join(tone(1, -50), tone(1, -20), tone(1.5, -50));
  const output = through(createGate(-40), input);
  t.ok(isSilent(seconds(output, 0, 1)), 'a keyboard before');
  t.ok(
    areEqual(output.subarray(RATE + DELAY, 2 * RATE + DELAY), input.subarray(RATE, 2 * RATE)),
    'the voice from its first sample',
  );
  t.ok(isSilent(seconds(output, 2.5, 3.5)), 'a keyboard afterwards');
});

test('pauses between words do not close it, and longer ones do', async (t) => {
  const pause = (length: number) =>
    join(tone(0.5, -20), new Float32Array(length * RATE), tone(0.02, -60), tone(1, -20));
  const isOpenAfter = (length: number) => {
    const gate = createGate(-40);
    through(gate, pause(length).subarray(0, (0.5 + length) * RATE));
    return gate.isOpen;
  };
  t.equal(isOpenAfter(0.26), true);
  t.equal(isOpenAfter(0.34), false);
});

test('a voice that becomes a little quieter keeps it open, and does not open it', async (t) => {
  const quieter = tone(2, -44);
  const gate = createGate(-40);
  t.ok(isSilent(through(gate, quieter)), 'between the two levels it stays closed');
  through(gate, tone(0.5, -38));
  through(gate, quieter);
  t.equal(gate.isOpen, true, 'and open');
  through(gate, tone(1, -47));
  t.equal(gate.isOpen, false);
});

test('it opens and closes without a click', async (t) => {
  const steady = new Float32Array(3 * RATE).fill(0.001);
  steady.fill(0.5, RATE, 2 * RATE);
  const gate = createGate(-30);
  const output = through(gate, steady);
  // The steps of the input itself are not its fault.
  const own = output.map((sample, n) =>
    n > DELAY && steady[n - DELAY] === steady[n - DELAY - 1] ? Math.abs(sample - output[n - 1]!) : 0,
  );
  const largest = own.reduce((most, step) => Math.max(most, step), 0);
  t.ok(largest <= 0.5 / (0.005 * RATE) + 1e-6, `the largest step is ${largest}`);
});

test('the automatic threshold follows the noise, within limits', async (t) => {
  const gate = createGate(null);
  for (const noiseDbfs of [-70, -50, -40]) {
    through(gate, tone(6, noiseDbfs));
    const expectedDbfs = Math.max(-60, noiseDbfs + 12);
    t.ok(Math.abs(gate.thresholdDbfs - expectedDbfs) < 0.1, `${gate.thresholdDbfs} dBFS above ${noiseDbfs}`);
    t.equal(gate.isOpen, false, 'noise alone does not open it');
    through(gate, tone(0.5, expectedDbfs + 3));
    t.equal(gate.isOpen, true, 'a voice above it does');
    through(gate, tone(1, noiseDbfs));
  }
  through(gate, tone(6, -5));
  t.equal(gate.thresholdDbfs, -25, 'shouting is not taken for noise');
  t.equal(gate.isOpen, true);
  through(gate, new Float32Array(6 * RATE));
  t.equal(gate.thresholdDbfs, -60, 'digital silence is no noise');
});

test('it does not matter how long the blocks are', async (t) => {
  const seed = 20_261_130;
  t.comment(`seed ${seed}`);
  const prng = createPrng(seed);
  const input = join(
    ...Array.from({ length: 12 }, () => tone(integerBetween(prng, 1, 40) / 100, integerBetween(prng, -60, -10))),
  );
  const [whole, parts] = [through(createGate(-35), input, input.length), new Float32Array(input.length)];
  const gate = createGate(-35);
  for (let at = 0, length = 0; at < input.length; at += length) {
    length = integerBetween(prng, 1, 3000);
    gate.process(input.subarray(at, at + length), parts.subarray(at, at + length));
  }
  t.ok(areEqual(parts, whole));
  const inPlace = input.slice();
  createGate(-35).process(inPlace, inPlace);
  t.ok(areEqual(inPlace, whole), 'or whether the output is the input');
});

test('at other sample rates the times stay the same', async (t) => {
  const gate = new VoiceGate(44_100);
  gate.chosenThresholdDbfs = -30;
  const input = new Float32Array(44_100).fill(0.5);
  const output = new Float32Array(input.length);
  gate.process(input, output);
  t.equal(
    output.findIndex((sample) => sample !== 0),
    0.04 * 44_100,
  );
});

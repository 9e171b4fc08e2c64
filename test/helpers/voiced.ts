/**
 * Sound with the properties of speech that matter to a codec, made without a speech program: pulses through formants.
 */
import { SAMPLE_RATE } from '../../src/mixer/format.ts';
import { createPrng } from './prng.ts';

const VOWELS = [
  [730, 1090, 2440],
  [270, 2290, 3010],
  [300, 870, 2240],
  [530, 1840, 2480],
  [570, 840, 2410],
] as const;

/** `seconds` of syllables in one voice, which the seed determines, with an RMS of about -21 dBFS; full scale is 1. */
export function voiced(seed: number, seconds: number): Float32Array {
  const prng = createPrng(seed);
  const out = new Float32Array(Math.round(seconds * SAMPLE_RATE));
  const basePitchHz = 90 + 130 * prng();
  let at = 0;
  let phase = 0;
  // Two numbers for each formant, and the coefficients of its filter. Plain loops over numbers: every voice takes
  // millions of steps.
  const state = new Float64Array(6);
  const filters = new Float64Array(6);
  const radius = Math.exp((-Math.PI * 90) / SAMPLE_RATE);
  while (at < out.length) {
    const vowel = VOWELS[Math.floor(prng() * VOWELS.length)]!;
    const length = Math.round(SAMPLE_RATE * (0.12 + 0.12 * prng()));
    const glide = 0.9 + 0.2 * prng();
    for (let f = 0; f < 3; f++) {
      filters[2 * f] = 2 * radius * Math.cos((2 * Math.PI * vowel[f]!) / SAMPLE_RATE);
      filters[2 * f + 1] = -radius * radius;
    }
    for (let i = 0; i < length && at < out.length; i++, at++) {
      const part = i / length;
      phase += (basePitchHz * (1 + (glide - 1) * part)) / SAMPLE_RATE;
      let excitation = 0.02 * (prng() - 0.5);
      if (phase >= 1) {
        phase -= 1;
        excitation += 1;
      }
      let sum = 0;
      for (let f = 0; f < 3; f++) {
        const y = excitation + filters[2 * f]! * state[2 * f]! + filters[2 * f + 1]! * state[2 * f + 1]!;
        state[2 * f + 1] = state[2 * f]!;
        state[2 * f] = y;
        sum += y / (f + 1);
      }
      out[at] = sum * Math.min(1, 0.15 + 3 * Math.sin(Math.PI * part));
    }
  }
  let energy = 0;
  for (let i = 0; i < out.length; i++) energy += out[i]! * out[i]!;
  const gain = 0.09 / Math.sqrt(energy / out.length);
  for (let i = 0; i < out.length; i++) out[i]! *= gain;
  return out;
}

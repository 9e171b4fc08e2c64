/** How much of a tone ends up at other frequencies, because its level changes too fast. */
import { SAMPLE_RATE } from '../../src/mixer/format.ts';

/** 170 ms. */
const BLOCK_SAMPLES = 8160;
const BAND_HZ = 100;
const BIN_HZ = SAMPLE_RATE / BLOCK_SAMPLES;
/** Hann. */
const WINDOW = Float64Array.from(
  { length: BLOCK_SAMPLES },
  (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / BLOCK_SAMPLES),
);

export interface Splatter {
  /** Of the whole sound. */
  readonly meanDb: number;
  /** Of the worst block of 170 ms. */
  readonly worstDb: number;
}

/**
 * The energy more than 100 Hz away from the tone, compared with all energy. Blocks of 170 ms overlap by half, so that
 * each moment counts.
 */
export function splatterOf(samples: Int16Array, toneHz: number): Splatter {
  let [off, all, worst] = [0, 0, 0];
  for (let at = 0; at + BLOCK_SAMPLES <= samples.length; at += BLOCK_SAMPLES / 2) {
    const block = WINDOW.map((weight, i) => weight * samples[at + i]!);
    const energy = block.reduce((sum, sample) => sum + sample * sample, 0);
    const rest = Math.max(0, energy - energyNear(block, toneHz));
    off += rest;
    all += energy;
    worst = Math.max(worst, rest / energy);
  }
  return { meanDb: 10 * Math.log10(off / all), worstDb: 10 * Math.log10(worst) };
}

/** By Parseval: the energy of the bins around the tone. */
function energyNear(block: Float64Array, toneHz: number): number {
  const first = Math.ceil((toneHz - BAND_HZ) / BIN_HZ);
  const last = Math.floor((toneHz + BAND_HZ) / BIN_HZ);
  let energy = 0;
  for (let bin = first; bin <= last; bin++) {
    // Goertzel's recurrence.
    const coefficient = 2 * Math.cos((2 * Math.PI * bin) / BLOCK_SAMPLES);
    let [last, beforeLast] = [0, 0];
    for (let i = 0; i < BLOCK_SAMPLES; i++) {
      const next = block[i]! + coefficient * last - beforeLast;
      beforeLast = last;
      last = next;
    }
    const power = last * last + beforeLast * beforeLast - coefficient * last * beforeLast;
    energy += (2 * power) / BLOCK_SAMPLES;
  }
  return energy;
}

import { SAMPLE_RATE, toneLevelDbfs } from './signal.ts';

/** 85 ms: enough to separate neighbours 50 Hz apart. */
const WINDOW_SAMPLES = 4096;
/** What a steady tone has no part in, on both sides of it. */
const BESIDE_HZ = [-6, -5, -4, 4, 5, 6].map((bins) => (bins * SAMPLE_RATE) / WINDOW_SAMPLES);
/** A tone rises above what is beside it by more than that. */
const RISES_BY_DB = 6;

/** Level of one frequency over windows of 85 ms. */
export interface HeardTone {
  /** The median. */
  readonly usuallyDbfs: number;
  /**
   * The level that nine of ten windows do not exceed. Windows in which the frequency is not louder than what is beside
   * it do not have the tone: steps in any sound have all frequencies. Other tones have to be 100 Hz away.
   */
  readonly atMostDbfs: number;
}

/**
 * Windows are short because a browser's jitter buffer stretches time now and then. Over a whole second, a tone whose
 * phase has moved would seem weaker than it is.
 */
export function heardTone(samples: Float32Array | Int16Array, frequencyHz: number): HeardTone {
  const levels: number[] = [];
  const risingLevels: number[] = [];
  for (let start = 0; start + WINDOW_SAMPLES <= samples.length; start += WINDOW_SAMPLES / 2) {
    const window = samples.subarray(start, start + WINDOW_SAMPLES);
    const levelDbfs = toneLevelDbfs(window, frequencyHz);
    const besideDbfs = Math.max(...BESIDE_HZ.map((offsetHz) => toneLevelDbfs(window, frequencyHz + offsetHz)));
    levels.push(levelDbfs);
    risingLevels.push(levelDbfs > besideDbfs + RISES_BY_DB ? levelDbfs : Number.NEGATIVE_INFINITY);
  }
  return { usuallyDbfs: quantile(levels, 0.5), atMostDbfs: quantile(risingLevels, 0.9) };
}

function quantile(levels: number[], part: number): number {
  levels.sort((a, b) => a - b);
  return levels[Math.floor((levels.length - 1) * part)] ?? Number.NEGATIVE_INFINITY;
}

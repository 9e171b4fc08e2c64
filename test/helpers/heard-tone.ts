import { SAMPLE_RATE, toneLevelDbfs } from './signal.ts';

/** 85 ms: enough to separate neighbours 50 Hz apart. */
const WINDOW_SAMPLES = 4096;

/** Level of one frequency over windows of 85 ms. */
export interface HeardTone {
  /** The median. */
  readonly usuallyDbfs: number;
  /** The level that nine of ten windows do not exceed. */
  readonly atMostDbfs: number;
}

/**
 * Windows are short because a browser's jitter buffer stretches time now and then. Over a whole second, a tone whose
 * phase has moved would seem weaker than it is.
 */
export function heardTone(samples: Float32Array | Int16Array, frequencyHz: number): HeardTone {
  const levels: number[] = [];
  for (let start = 0; start + WINDOW_SAMPLES <= samples.length; start += WINDOW_SAMPLES / 2) {
    levels.push(toneLevelDbfs(samples.subarray(start, start + WINDOW_SAMPLES), frequencyHz, SAMPLE_RATE));
  }
  levels.sort((a, b) => a - b);
  const quantile = (part: number) => levels[Math.floor((levels.length - 1) * part)] ?? Number.NEGATIVE_INFINITY;
  return { usuallyDbfs: quantile(0.5), atMostDbfs: quantile(0.9) };
}

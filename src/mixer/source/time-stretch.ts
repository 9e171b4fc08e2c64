/**
 * Shortens or lengthens speech without changing its pitch (WSOLA): skips or repeats a piece as long as a period of the
 * voice, and cross-fades the joint. Works at the beginning of a queue of samples.
 */
import { FRAME_SAMPLES, SAMPLES_PER_MS } from '../format.ts';
import { crossFade } from '../kernels/pcm.ts';

/** 400 to 80 Hz; several periods of a higher voice. */
export const MIN_LAG = 2.5 * SAMPLES_PER_MS;
export const MAX_LAG = 12.5 * SAMPLES_PER_MS;
const FADE_SAMPLES = 5 * SAMPLES_PER_MS;
/** The compared samples; with the longest lag they fit into one frame. */
const WINDOW = FRAME_SAMPLES - MAX_LAG;
/** Below this similarity the ear would notice. */
const MIN_CORRELATION = 0.5;

/** The search first tries every sixth sample, then the neighbours of the best one. */
const DECIMATION = 6;
const coarse = new Float32Array(FRAME_SAMPLES / DECIMATION);

/** Temporary within one call: what would have followed. */
const before = new Float32Array(FADE_SAMPLES);

/** Temporary within one call: the correlation at the lag found. */
let bestCorrelation = 0;

/**
 * The lag in samples, from `MIN_LAG` to `maxLag`, at which the first frame in `pcm` is most similar to itself; 0 if it
 * is never similar enough.
 */
export function findLag(pcm: Float32Array, maxLag: number): number {
  decimate(pcm);
  const near =
    DECIMATION *
    bestLag(coarse, WINDOW / DECIMATION, MIN_LAG / DECIMATION, Math.floor(Math.min(maxLag, MAX_LAG) / DECIMATION));
  if (near === 0) return 0;
  const first = Math.max(MIN_LAG, near - DECIMATION + 1);
  const last = Math.min(maxLag, MAX_LAG, near + DECIMATION - 1);
  const lag = bestLag(pcm, WINDOW, first, last);
  return bestCorrelation >= MIN_CORRELATION ? lag : 0;
}

/** Skips `lag` samples at the beginning of the first `length` in `pcm`; returns the new length. */
export function shorten(pcm: Float32Array, length: number, lag: number): number {
  before.set(pcm.subarray(0, FADE_SAMPLES));
  pcm.copyWithin(0, lag, length);
  crossFade(pcm, before, FADE_SAMPLES);
  return length - lag;
}

/**
 * Repeats the first `lag` of the first `length` samples in `pcm`, which must have room for them; returns the new
 * length.
 */
export function lengthen(pcm: Float32Array, length: number, lag: number): number {
  before.set(pcm.subarray(lag, lag + FADE_SAMPLES));
  pcm.copyWithin(lag, 0, length);
  crossFade(pcm.subarray(lag), before, FADE_SAMPLES);
  return length + lag;
}

function decimate(pcm: Float32Array): void {
  for (let i = 0, at = 0; i < coarse.length; i++) {
    let sum = 0;
    for (let j = 0; j < DECIMATION; j++, at++) sum += pcm[at]!;
    coarse[i] = sum;
  }
}

/** The lag from `first` to `last` with the highest normalised correlation of the first `window` samples; 0 if none is positive. */
function bestLag(pcm: Float32Array, window: number, first: number, last: number): number {
  let energy = 0;
  for (let i = 0; i < window; i++) energy += pcm[i]! * pcm[i]!;
  let best = 0;
  bestCorrelation = 0;
  for (let lag = first; lag <= last; lag++) {
    let product = 0;
    let lagged = 0;
    for (let i = 0; i < window; i++) {
      const sample = pcm[lag + i]!;
      product += pcm[i]! * sample;
      lagged += sample * sample;
    }
    const scale = Math.sqrt(energy * lagged);
    if (product > bestCorrelation * scale && scale > 0) {
      bestCorrelation = product / scale;
      best = lag;
    }
  }
  return best;
}

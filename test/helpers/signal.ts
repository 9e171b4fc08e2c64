/**
 * Objective measures of sound. Samples are mono. `Float32Array` ranges from -1 to 1, `Int16Array` from -32768 to 32767,
 * and both are measured on the same scale: 0 dBFS is the full-scale sine for tones, and full scale for RMS.
 */
export type Samples = Float32Array | Int16Array;

export const SAMPLE_RATE = 48_000;

const QUIETEST_DB = -200;

/** Converts a ratio of amplitudes to decibels, never below -200. */
export function decibels(ratio: number): number {
  return ratio > 1e-10 ? 20 * Math.log10(ratio) : QUIETEST_DB;
}

export interface ToneOptions {
  readonly frequencyHz: number;
  readonly samples: number;
  /** Peak; 1 is full scale. Default 0.25. */
  readonly amplitude?: number;
  /** The index of the first sample in an endless tone, so that blocks join without a step. Default 0. */
  readonly startSample?: number;
  readonly sampleRate?: number;
}

export function tone(options: ToneOptions): Float32Array {
  const { frequencyHz, samples, amplitude = 0.25, startSample = 0, sampleRate = SAMPLE_RATE } = options;
  const step = (2 * Math.PI * frequencyHz) / sampleRate;
  const tone = new Float32Array(samples);
  for (let index = 0; index < samples; index++) tone[index] = amplitude * Math.sin(step * (startSample + index));
  return tone;
}

const sharedTones = new Map<string, Int16Array>();

/** A tone in 16 bits, the same array for all who ask for it, because many rooms are full of them. Do not change it. */
export function sharedTone(options: ToneOptions): Int16Array {
  const key = JSON.stringify(options);
  const shared = sharedTones.get(key) ?? toInt16(tone(options));
  sharedTones.set(key, shared);
  return shared;
}

/** Rounds and clips to 16 bits. */
export function toInt16(samples: Float32Array): Int16Array {
  const { length } = samples;
  const rounded = new Int16Array(length);
  for (let i = 0; i < length; i++) {
    rounded[i] = Math.max(-32_768, Math.min(32_767, Math.round(samples[i]! * 32_767)));
  }
  return rounded;
}

/** Rounds samples that already have the scale of 16 bits. */
export function roundToInt16(samples: Float32Array): Int16Array {
  const { length } = samples;
  // A loop takes a tenth of the time of `Int16Array.from`.
  const rounded = new Int16Array(length);
  for (let i = 0; i < length; i++) rounded[i] = Math.round(samples[i]!);
  return rounded;
}

export function toFloat32(samples: Samples): Float32Array {
  return samples instanceof Float32Array ? samples : Float32Array.from(samples).map((sample) => sample / 32_768);
}

export function concatInt16(blocks: readonly Int16Array[]): Int16Array {
  const joined = new Int16Array(blocks.reduce((length, block) => length + block.length, 0));
  let offset = 0;
  for (const block of blocks) {
    joined.set(block, offset);
    offset += block.length;
  }
  return joined;
}

/** Root mean square, 1 is full scale. */
export function rms(samples: Samples): number {
  if (samples.length === 0) return 0;
  let energy = 0;
  // Iterators take three times as long.
  for (let index = 0; index < samples.length; index++) energy += samples[index]! * samples[index]!;
  return Math.sqrt(energy / samples.length) * unit(samples);
}

export function rmsDbfs(samples: Samples): number {
  return decibels(rms(samples));
}

/**
 * Level of one frequency, computed with Goertzel's recurrence under a Hann window; 0 dBFS is the full-scale sine.
 * Neighbours more than `4 * sampleRate / samples.length` Hz away are suppressed by at least 70 dB, if they are steady
 * for all of `samples`.
 */
export function toneLevelDbfs(samples: Samples, frequencyHz: number, sampleRate = SAMPLE_RATE): number {
  const count = samples.length;
  if (count === 0) return QUIETEST_DB;
  const omega = (2 * Math.PI * frequencyHz) / sampleRate;
  const coefficient = 2 * Math.cos(omega);
  let previous = 0;
  let beforePrevious = 0;
  const { weights, sum } = hannWindow(count);
  for (let index = 0; index < count; index++) {
    const current = samples[index]! * weights[index]! + coefficient * previous - beforePrevious;
    beforePrevious = previous;
    previous = current;
  }
  const power = previous * previous + beforePrevious * beforePrevious - coefficient * previous * beforePrevious;
  return decibels((2 * Math.sqrt(Math.max(0, power)) * unit(samples)) / sum);
}

interface Window {
  readonly weights: Float64Array;
  readonly sum: number;
}

const windows = new Map<number, Window>();

/** Most of the work of measuring a tone, so it is done once for each length. */
function hannWindow(count: number): Window {
  const known = windows.get(count);
  if (known !== undefined) return known;
  const weights = new Float64Array(count);
  let sum = 0;
  for (let index = 0; index < count; index++) {
    weights[index] = 0.5 - 0.5 * Math.cos((2 * Math.PI * (index + 0.5)) / count);
    sum += weights[index]!;
  }
  windows.set(count, { weights, sum });
  return { weights, sum };
}

/**
 * Largest second difference `|x[n] - 2 x[n-1] + x[n-2]|` from `start` to `end`. A click makes it large, a smooth signal
 * keeps it small.
 */
export function maxSecondDifference(samples: Samples, start = 0, end = samples.length): number {
  let largest = 0;
  for (let index = Math.max(2, start); index < end; index++) {
    const difference = Math.abs(samples[index]! - 2 * samples[index - 1]! + samples[index - 2]!);
    if (difference > largest) largest = difference;
  }
  return largest * unit(samples);
}

/**
 * The largest second difference from `start` to `end`, divided by that of `reference`. Up to about 1.2, nobody hears a
 * click.
 */
export function clickRatio(samples: Samples, start: number, end: number, reference: Samples): number {
  return maxSecondDifference(samples, start, end) / Math.max(maxSecondDifference(reference), 1e-9);
}

export interface SegmentalSnrOptions {
  readonly frameSamples?: number;
  /** Frames of the reference below this level count as pauses and are left out. Default -50. */
  readonly activeDbfs?: number;
}

/** Mean SNR over the active frames (20 ms), each clamped to between -10 and 35 dB. NaN if nothing is active. */
export function segmentalSnrDb(reference: Samples, degraded: Samples, options: SegmentalSnrOptions = {}): number {
  const { frameSamples = 960, activeDbfs = -50 } = options;
  const length = Math.min(reference.length, degraded.length);
  const referenceUnit = unit(reference);
  const degradedUnit = unit(degraded);
  let sum = 0;
  let frames = 0;
  for (let start = 0; start + frameSamples <= length; start += frameSamples) {
    let signal = 0;
    let noise = 0;
    for (let index = start; index < start + frameSamples; index++) {
      const clean = reference[index]! * referenceUnit;
      const error = clean - degraded[index]! * degradedUnit;
      signal += clean * clean;
      noise += error * error;
    }
    if (decibels(Math.sqrt(signal / frameSamples)) < activeDbfs) continue;
    sum += Math.max(-10, Math.min(35, 10 * Math.log10(signal / Math.max(noise, 1e-12))));
    frames++;
  }
  return sum / frames;
}

export interface Delay {
  /** How much later `degraded` is than `reference`; negative if it is earlier. */
  readonly samples: number;
  /** Normalized correlation at that delay; 1 for the same shape. */
  readonly correlation: number;
}

const DECIMATION = 6;

/**
 * Finds the delay by cross-correlation: coarsely at 8 kHz, then to the sample. Searches from `minSamples` to
 * `maxSamples`.
 */
export function findDelay(reference: Samples, degraded: Samples, minSamples: number, maxSamples: number): Delay {
  const coarseReference = decimate(reference);
  const coarseDegraded = decimate(degraded);
  const coarse = bestLag(
    coarseReference,
    coarseDegraded,
    Math.floor(minSamples / DECIMATION),
    Math.ceil(maxSamples / DECIMATION),
  );
  const centre = coarse.samples * DECIMATION;
  const first = Math.max(minSamples, centre - 2 * DECIMATION);
  return bestLag(reference, degraded, first, Math.min(maxSamples, centre + 2 * DECIMATION));
}

/** Shifts `samples` earlier by `delay` samples, and cuts or zero-pads them to `length`. */
export function advance(samples: Samples, delay: number, length: number): Float32Array {
  const scale = unit(samples);
  return Float32Array.from({ length }, (_, index) => (samples[index + delay] ?? 0) * scale);
}

function bestLag(reference: Samples, degraded: Samples, first: number, last: number): Delay {
  let best: Delay = { samples: first, correlation: Number.NEGATIVE_INFINITY };
  for (let lag = first; lag <= last; lag++) {
    const correlation = correlationAt(reference, degraded, lag);
    if (correlation > best.correlation) best = { samples: lag, correlation };
  }
  return best;
}

function correlationAt(reference: Samples, degraded: Samples, lag: number): number {
  const start = Math.max(0, -lag);
  const end = Math.min(reference.length, degraded.length - lag);
  let product = 0;
  let referenceEnergy = 0;
  let degradedEnergy = 0;
  for (let index = start; index < end; index++) {
    const clean = reference[index]!;
    const other = degraded[index + lag]!;
    product += clean * other;
    referenceEnergy += clean * clean;
    degradedEnergy += other * other;
  }
  const scale = Math.sqrt(referenceEnergy * degradedEnergy);
  return scale > 0 ? product / scale : 0;
}

function decimate(samples: Samples): Float32Array {
  const decimated = new Float32Array(Math.floor(samples.length / DECIMATION));
  for (let index = 0; index < decimated.length; index++) {
    let sum = 0;
    for (let offset = 0; offset < DECIMATION; offset++) sum += samples[index * DECIMATION + offset]!;
    decimated[index] = sum / DECIMATION;
  }
  return decimated;
}

function unit(samples: Samples): number {
  return samples instanceof Float32Array ? 1 : 1 / 32_768;
}

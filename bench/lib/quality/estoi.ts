/**
 * Extended short-time objective intelligibility: J. Jensen and C. H. Taal, "An algorithm for predicting the
 * intelligibility of speech masked by modulated noise maskers", IEEE/ACM TASLP 24(11), 2016. About 1 for the same
 * speech, about 0 for speech that cannot be understood. The level of either signal does not matter.
 */
import { Fft } from './fft.ts';
import { resampleTo10k } from './resample.ts';

const SAMPLE_RATE = 10_000;
const FRAME = 256;
const HOP = 128;
const FFT_SIZE = 512;
const BANDS = 15;
const LOWEST_BAND_HZ = 150;
const SEGMENT_FRAMES = 30;
/** Frames this far below the loudest frame of the clean speech count as silence. */
const DYNAMIC_RANGE_DB = 40;
const EPSILON = 2 ** -52;

/** Hann window without its zeros at both ends. */
const WINDOW = Float64Array.from(
  { length: FRAME },
  (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 1)) / (FRAME + 1)),
);

/** First and last (exclusive) bins of the third-octave bands. */
const BAND_EDGES = Array.from({ length: BANDS }, (_, band) => {
  const binOf = (hz: number) => Math.round((hz * FFT_SIZE) / SAMPLE_RATE);
  return [
    binOf(LOWEST_BAND_HZ * 2 ** ((2 * band - 1) / 6)),
    binOf(LOWEST_BAND_HZ * 2 ** ((2 * band + 1) / 6)),
  ] as const;
});

/**
 * @param clean at 48 kHz
 * @param degraded at 48 kHz, aligned with `clean`
 * @returns NaN for less than 0.4 s of speech
 */
export function estoi(clean: Float32Array, degraded: Float32Array): number {
  const length = Math.min(clean.length, degraded.length);
  const [x, y] = removeSilence(resampleTo10k(clean.subarray(0, length)), resampleTo10k(degraded.subarray(0, length)));
  const cleanBands = bandFrames(x);
  const degradedBands = bandFrames(y);
  let sum = 0;
  let segments = 0;
  for (let end = SEGMENT_FRAMES; end <= cleanBands.length; end++) {
    const first = normalise(cleanBands.slice(end - SEGMENT_FRAMES, end));
    const second = normalise(degradedBands.slice(end - SEGMENT_FRAMES, end));
    for (let i = 0; i < first.length; i++) sum += (first[i]! * second[i]!) / SEGMENT_FRAMES;
    segments++;
  }
  return sum / segments;
}

/** Drops the frames in which the clean signal is silent from both signals, and joins the rest by overlap-add. */
function removeSilence(clean: Float64Array, degraded: Float64Array): [Float64Array, Float64Array] {
  const starts: number[] = [];
  for (let start = 0; start + FRAME <= clean.length; start += HOP) starts.push(start);
  const levels = starts.map((start) => {
    let energy = 0;
    for (let i = 0; i < FRAME; i++) energy += (WINDOW[i]! * clean[start + i]!) ** 2;
    return 10 * Math.log10(energy + EPSILON);
  });
  const threshold = levels.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY) - DYNAMIC_RANGE_DB;
  const kept = starts.filter((_, index) => levels[index]! > threshold);
  const length = kept.length === 0 ? 0 : (kept.length - 1) * HOP + FRAME;
  const join = (signal: Float64Array) => {
    const joined = new Float64Array(length);
    kept.forEach((start, index) => {
      for (let i = 0; i < FRAME; i++) joined[index * HOP + i]! += WINDOW[i]! * signal[start + i]!;
    });
    return joined;
  };
  return [join(clean), join(degraded)];
}

/** The amplitude in each band, frame by frame. */
function bandFrames(signal: Float64Array): Float64Array[] {
  const fft = new Fft(FFT_SIZE);
  const block = new Float64Array(FRAME);
  const powers = new Float64Array(FFT_SIZE / 2 + 1);
  const frames: Float64Array[] = [];
  for (let start = 0; start + FRAME <= signal.length; start += HOP) {
    for (let i = 0; i < FRAME; i++) block[i] = WINDOW[i]! * signal[start + i]!;
    fft.powers(block, powers);
    const amplitudes = BAND_EDGES.map(([first, end]) => {
      let power = 0;
      for (let bin = first; bin < end; bin++) power += powers[bin]!;
      return Math.sqrt(power);
    });
    frames.push(Float64Array.from(amplitudes));
  }
  return frames;
}

/**
 * Normalizes to mean 0 and length 1, first over time in each band, then over the bands in each frame. Returns frame
 * after frame.
 */
function normalise(frames: readonly Float64Array[]): Float64Array {
  const matrix = new Float64Array(frames.length * BANDS);
  frames.forEach((bands, frame) => {
    matrix.set(bands, frame * BANDS);
  });
  for (let band = 0; band < BANDS; band++) normaliseVector(matrix, band, BANDS, frames.length);
  for (let frame = 0; frame < frames.length; frame++) normaliseVector(matrix, frame * BANDS, 1, BANDS);
  return matrix;
}

function normaliseVector(matrix: Float64Array, first: number, stride: number, count: number): void {
  let mean = 0;
  for (let i = 0; i < count; i++) mean += matrix[first + i * stride]! / count;
  let energy = 0;
  for (let i = 0; i < count; i++) {
    matrix[first + i * stride]! -= mean;
    energy += matrix[first + i * stride]! ** 2;
  }
  const scale = 1 / (Math.sqrt(energy) + EPSILON);
  for (let i = 0; i < count; i++) matrix[first + i * stride]! *= scale;
}

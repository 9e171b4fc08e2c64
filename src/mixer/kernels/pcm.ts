/**
 * Sample arithmetic in TypeScript, without state or allocation. Arrays have equal lengths unless stated otherwise. Most
 * functions have a twin in `kernels.wat` with bit-identical results: change both together.
 */
import { FRAME_SAMPLES, FULL_SCALE, PTIME_MS, SAMPLES_PER_MS, SILENCE_DBOV } from '../format.ts';

const { fround } = Math;

/** `sum += frame` */
export function add(sum: Float32Array, frame: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += frame[i]!;
}

/** `out = total - own`: a talker's mix-minus, from the exact samples that were added to the total. */
export function subtract(out: Float32Array, total: Float32Array, own: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = total[i]! - own[i]!;
}

/** Applies a gain that moves linearly from `from` to `to` over the first `rampSamples` and stays at `to`. */
export function applyRamp(frame: Float32Array, from: number, to: number, rampSamples: number): void {
  const ramp = Math.min(rampSamples, frame.length);
  const step = (to - from) / ramp;
  for (let i = 0; i < ramp; i++) frame[i]! *= from + step * (i + 1);
  if (to === 1) return;
  for (let i = ramp; i < frame.length; i++) frame[i]! *= to;
}

/**
 * Cross-fades from `before` to `frame` over the first `fadeSamples`, in place; `before` is what would have followed the
 * last frame.
 */
export function crossFade(frame: Float32Array, before: Float32Array, fadeSamples: number): void {
  const step = 1 / (fadeSamples + 1);
  for (let i = 0; i < fadeSamples; i++) {
    const weight = step * (i + 1);
    frame[i] = frame[i]! * weight + before[i]! * (1 - weight);
  }
}

/** The level of a frame in dBov as in RFC 6464: 0 is a full-scale square wave, -127 is silence. */
export function levelDbov(frame: Float32Array): number {
  let energy = 0;
  for (let i = 0; i < frame.length; i++) energy += frame[i]! * frame[i]!;
  const rms = Math.sqrt(energy / frame.length) / FULL_SCALE;
  return rms > 0 ? Math.max(SILENCE_DBOV, 20 * Math.log10(rms)) : SILENCE_DBOV;
}

/**
 * `sum += gain * frame`, with a gain that moves linearly from `from` to `to` over the frame. Like all gains below, it
 * is computed in single precision, four at a time in the SIMD kernel.
 */
export function addRamped(sum: Float32Array, frame: Float32Array, from: number, to: number): void {
  const end = fround(to);
  const step = fround(fround(end - fround(from)) / FRAME_SAMPLES);
  for (let i = 0; i < FRAME_SAMPLES; i++) sum[i]! += fround(frame[i]! * gainAt(i, end, step));
}

/**
 * `sum += high * raw + (low - high) * muffled`: below the corner of the low pass that made the muffled copy the gain is
 * `low`, far above it `high`. Both move linearly over the frame.
 * @param gains from `at` on: low and high before the frame, low and high at its end
 */
export function addShelved(
  sum: Float32Array,
  raw: Float32Array,
  muffled: Float32Array,
  gains: Float32Array,
  at: number,
): void {
  const high = gains[at + 3]!;
  const highStep = fround(fround(high - gains[at + 1]!) / FRAME_SAMPLES);
  const rest = fround(gains[at + 2]! - high);
  const restStep = fround(fround(rest - fround(gains[at]! - gains[at + 1]!)) / FRAME_SAMPLES);
  for (let i = 0; i < FRAME_SAMPLES; i++) {
    const bright = fround(raw[i]! * gainAt(i, high, highStep));
    const dull = fround(muffled[i]! * gainAt(i, rest, restStep));
    sum[i]! += fround(bright + dull);
  }
}

/** Counted from the end, so that the result there is exact however the step was rounded. */
function gainAt(index: number, end: number, step: number): number {
  return fround(end - fround(step * (FRAME_SAMPLES - 1 - index)));
}

/**
 * A one-pole low pass, `y[i] = (1 - pole) * x[i] + pole * y[i - 1]`, with additions in the order in which the SIMD
 * kernel does four at a time. `out` may be `frame`.
 * @param last the result of the call for the previous frame
 */
export function lowPass(out: Float32Array, frame: Float32Array, pole: number, last: number): number {
  const one = fround(pole);
  const two = fround(one * one);
  const three = fround(two * one);
  const four = fround(two * two);
  const share = fround(1 - one);
  let y = fround(last);
  for (let i = 0; i < FRAME_SAMPLES; i += 4) {
    const x0 = fround(share * frame[i]!);
    const x1 = fround(share * frame[i + 1]!);
    const x2 = fround(share * frame[i + 2]!);
    const x3 = fround(share * frame[i + 3]!);
    // Shifted-in zeros are added as well, which turns -0 into 0.
    const first = x0 + 0;
    const second = fround(x1 + fround(one * x0));
    const third = fround(fround(x2 + fround(one * x1)) + fround(two * first));
    const fourth = fround(fround(x3 + fround(one * x2)) + fround(two * second));
    out[i] = first + fround(one * y);
    out[i + 1] = second + 0 + fround(two * y);
    out[i + 2] = third + fround(three * y);
    out[i + 3] = fourth + fround(four * y);
    y = out[i + 3]!;
  }
  return y;
}

/** The greatest magnitude in each millisecond of the frame. */
export function peaks(frame: Float32Array, out: Float32Array): void {
  for (let ms = 0; ms < PTIME_MS; ms++) {
    let peak = 0;
    for (let i = ms * SAMPLES_PER_MS; i < (ms + 1) * SAMPLES_PER_MS; i++) {
      const magnitude = Math.abs(frame[i]!);
      if (magnitude > peak) peak = magnitude;
    }
    out[ms] = peak;
  }
}

/** Rounds to 16-bit integers and clips. */
export function toInt16(frame: Float32Array, out: Int16Array): void {
  for (let i = 0; i < FRAME_SAMPLES; i++) out[i] = integer(frame[i]!);
}

/**
 * Like `toInt16`, after applying a gain that moves linearly over each millisecond from one of the 21 `gains` to the
 * next.
 */
export function limit(frame: Float32Array, gains: Float64Array, out: Int16Array): void {
  for (let ms = 0; ms < PTIME_MS; ms++) {
    const from = gains[ms]!;
    const step = (gains[ms + 1]! - from) / SAMPLES_PER_MS;
    const start = ms * SAMPLES_PER_MS;
    for (let i = 0; i < SAMPLES_PER_MS; i++) out[start + i] = integer(frame[start + i]! * (from + step * (i + 1)));
  }
}

/** Like `Math.round` with clipping, in a quarter of the time. */
export function integer(sample: number): number {
  if (sample >= 32_767) return 32_767;
  if (sample <= -32_768) return -32_768;
  return ((sample + 32_768.5) | 0) - 32_768;
}

/** Interleaves the samples of two frames. */
export function interleave(left: Int16Array, right: Int16Array, out: Int16Array): void {
  for (let i = 0; i < FRAME_SAMPLES; i++) {
    out[2 * i] = left[i]!;
    out[2 * i + 1] = right[i]!;
  }
}

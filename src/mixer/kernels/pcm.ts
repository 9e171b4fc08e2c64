/** Arithmetic on frames of samples: no state, no allocation. Frames have equal lengths unless said otherwise. */
import { FULL_SCALE, SILENCE_DBOV } from '../format.ts';

/** `sum += frame` */
export function add(sum: Float32Array, frame: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += frame[i]!;
}

/** `out = total - own`: the mix-minus of a talker, from the very samples that were added to the total. */
export function subtract(out: Float32Array, total: Float32Array, own: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = total[i]! - own[i]!;
}

/** Multiplies by a gain that goes linearly from `from` to `to` over the first `rampSamples` and stays at `to`. */
export function applyRamp(frame: Float32Array, from: number, to: number, rampSamples: number): void {
  const ramp = Math.min(rampSamples, frame.length);
  const step = (to - from) / ramp;
  for (let i = 0; i < ramp; i++) frame[i]! *= from + step * (i + 1);
  if (to === 1) return;
  for (let i = ramp; i < frame.length; i++) frame[i]! *= to;
}

/** Fades from `before` into `frame` over the first `fadeSamples`, in place: `before` is what would have followed the last frame. */
export function crossFade(frame: Float32Array, before: Float32Array, fadeSamples: number): void {
  const step = 1 / (fadeSamples + 1);
  for (let i = 0; i < fadeSamples; i++) {
    const weight = step * (i + 1);
    frame[i] = frame[i]! * weight + before[i]! * (1 - weight);
  }
}

/** The level of a frame in dBov as RFC 6464 means it: 0 is the level of a full-scale square wave, -127 is silence. */
export function levelDbov(frame: Float32Array): number {
  let energy = 0;
  for (let i = 0; i < frame.length; i++) energy += frame[i]! * frame[i]!;
  const rms = Math.sqrt(energy / frame.length) / FULL_SCALE;
  return rms > 0 ? Math.max(SILENCE_DBOV, 20 * Math.log10(rms)) : SILENCE_DBOV;
}

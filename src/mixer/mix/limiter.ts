/**
 * Keeps a mix below full scale without delay and without clipping. Within a frame the gain looks ahead by one
 * millisecond; a peak in the first millisecond of a frame gets a steep attack, as in WebRTC's AGC2 (limiter.cc).
 */
import { PTIME_MS, SAMPLES_PER_MS } from '../format.ts';
import type { Frame } from '../kernels/frame.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { integer } from '../kernels/pcm.ts';

/** -1 dBFS */
const CEILING = 29_204;
const RELEASE_MS = 100;
const RELEASE = 1 - Math.exp(-1 / RELEASE_MS);
/** (1 - i/n)^8: nearly the whole attack happens in the first samples. */
const ATTACK_CURVE = Float32Array.from({ length: SAMPLES_PER_MS }, (_, i) => (1 - i / SAMPLES_PER_MS) ** 8);

export class Limiter {
  readonly #kernels: Kernels;
  #gain = 1;
  #gainBefore = 1;
  readonly #wanted = new Float32Array(PTIME_MS);

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  /** The gain at the end of the last frame; 1 while nothing is too loud. */
  get gain(): number {
    return this.#gain;
  }

  /**
   * Starts this tick's frame in the state in which `other` starts it, or has started it if it `isAhead`.
   */
  follow(other: Limiter, isAhead = true): void {
    this.#gain = isAhead ? other.#gainBefore : other.#gain;
  }

  reset(): void {
    this.#gain = 1;
    this.#gainBefore = 1;
  }

  /** Converts a frame of floats to 16-bit samples; `mix` is unchanged. */
  process(mix: Frame, out: Int16Array): void {
    this.#wanted.fill(1);
    if (!this.#measure(mix) && this.#gain === 1) {
      this.#gainBefore = 1;
      this.#kernels.toInt16(mix, out);
      return;
    }
    const isSteep = this.#findGains();
    this.#kernels.limit(mix, out);
    if (isSteep) attack(mix.samples, out, 0, 1, this.#kernels.gains);
  }

  /** Like `process`, with the same gain for both sides, which are interleaved in `out`. */
  processStereo(left: Frame, right: Frame, out: Int16Array): void {
    this.#wanted.fill(1);
    const leftLimited = this.#measure(left);
    if (!this.#measure(right) && !leftLimited && this.#gain === 1) {
      this.#gainBefore = 1;
      this.#kernels.toInt16Stereo(left, right, out);
      return;
    }
    const isSteep = this.#findGains();
    this.#kernels.limitStereo(left, right, out);
    if (!isSteep) return;
    attack(left.samples, out, 0, 2, this.#kernels.gains);
    attack(right.samples, out, 1, 2, this.#kernels.gains);
  }

  /** Lowers each millisecond's target gain to what its peak requires; false if none requires it. */
  #measure(frame: Frame): boolean {
    const wanted = this.#wanted;
    const peaks = this.#kernels.peaks(frame);
    let limited = false;
    for (let ms = 0; ms < PTIME_MS; ms++) {
      const peak = peaks[ms]!;
      if (peak <= CEILING) continue;
      limited = true;
      wanted[ms] = Math.min(wanted[ms]!, CEILING / peak);
    }
    return limited;
  }

  /** Stores the gains at the millisecond boundaries in the kernels; true if the first needs a steep attack. */
  #findGains(): boolean {
    const wanted = this.#wanted;
    const { gains } = this.#kernels;
    let from = this.#gain;
    this.#gainBefore = from;
    // Later milliseconds are prepared by the look-ahead of the previous one; the first had none.
    const isSteep = wanted[0]! < from;
    gains[0] = from;
    for (let ms = 0; ms < PTIME_MS; ms++) {
      const ahead = ms + 1 < PTIME_MS ? wanted[ms + 1]! : 1;
      const lowest = Math.min(wanted[ms]!, ahead);
      from = lowest < from ? lowest : Math.min(lowest, from + (1 - from) * RELEASE);
      gains[ms + 1] = from;
    }
    this.#gain = from > 0.9999 ? 1 : from;
    return isSteep;
  }
}

/** Rewrites the first millisecond, in every `stride`th sample of `out` from `start` on. */
function attack(samples: Float32Array, out: Int16Array, start: number, stride: number, gains: Float64Array): void {
  const from = gains[0]!;
  const to = gains[1]!;
  for (let i = 0; i < SAMPLES_PER_MS; i++) {
    out[start + stride * i] = integer(samples[i]! * (to + (from - to) * ATTACK_CURVE[i]!));
  }
}

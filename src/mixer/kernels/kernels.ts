/**
 * The mixer's loops over samples, in WebAssembly SIMD if available, otherwise in TypeScript. Both give bit-identical
 * results, so a frame outside the kernels' memory can use TypeScript.
 */
import { FRAME_SAMPLES, PTIME_MS } from '../format.ts';
import { type Frame, FramePool } from './frame.ts';
import * as twins from './pcm.ts';
import { GAINS, INTEGERS, INTEGERS_RIGHT, INTERLEAVED, loadSimd, PEAKS, type Simd, type SimdExports } from './simd.ts';

/**
 * Below this, on the scale of 16-bit integers, a filter is at rest: processors are slow with the denormals that would
 * follow.
 */
const AT_REST = 1e-20;

/** Gains of `addShelved` for one ear: low and high before the frame, low and high at its end. */
export const EAR_GAINS = 4;

export class Kernels {
  readonly frames: FramePool;
  /** For `limit`: the gains at the boundaries of the frame's milliseconds. */
  readonly gains: Float64Array;
  readonly #run: SimdExports | undefined;
  readonly #peaks: Float32Array;
  readonly #integers: Int16Array;
  readonly #integersRight: Int16Array;
  readonly #interleaved: Int16Array;
  readonly #scratch = new Map<string, Frame>();

  /** @param simd undefined for TypeScript only */
  constructor(simd: Simd | undefined) {
    this.#run = simd?.run;
    this.frames = simd?.frames ?? new FramePool();
    this.gains = simd?.gains ?? new Float64Array(PTIME_MS + 1);
    this.#peaks = simd?.peaks ?? new Float32Array(PTIME_MS);
    this.#integers = simd?.integers ?? new Int16Array(FRAME_SAMPLES);
    this.#integersRight = simd?.integersRight ?? new Int16Array(FRAME_SAMPLES);
    this.#interleaved = simd?.interleaved ?? new Int16Array(2 * FRAME_SAMPLES);
  }

  get hasSimd(): boolean {
    return this.#run !== undefined;
  }

  /** A temporary frame for one call, always the same for the same purpose. */
  scratch(purpose: string): Frame {
    let frame = this.#scratch.get(purpose);
    if (frame === undefined) {
      frame = this.frames.take();
      this.#scratch.set(purpose, frame);
    }
    return frame;
  }

  /** `sum += frame` */
  add(sum: Frame, frame: Frame): void {
    if (sum.address > 0 && frame.address > 0) this.#run!.add(sum.address, frame.address);
    else twins.add(sum.samples, frame.samples);
  }

  /** `out = total - own`: a talker's mix-minus, from the exact samples that were added to the total. */
  subtract(out: Frame, total: Frame, own: Frame): void {
    if (out.address > 0 && total.address > 0 && own.address > 0) {
      this.#run!.subtract(out.address, total.address, own.address);
    } else {
      twins.subtract(out.samples, total.samples, own.samples);
    }
  }

  /** Applies a gain that moves linearly from `from` to `to` over the first `rampSamples` and stays at `to`. */
  ramp(frame: Frame, from: number, to: number, rampSamples = FRAME_SAMPLES): void {
    if (frame.address > 0) this.#run!.ramp(frame.address, from, to, Math.min(rampSamples, FRAME_SAMPLES));
    else twins.applyRamp(frame.samples, from, to, rampSamples);
  }

  /** `sum += gain * frame`, with a gain that moves linearly from `from` to `to` over the frame. */
  addRamped(sum: Frame, frame: Frame, from: number, to: number): void {
    if (sum.address > 0 && frame.address > 0) this.#run!.addRamped(sum.address, frame.address, from, to);
    else twins.addRamped(sum.samples, frame.samples, from, to);
  }

  /**
   * Adds a voice for one ear: `sum += high * raw + (low - high) * muffled`, with gains that move linearly over the
   * frame. Below the corner of the low pass that made the muffled copy the gain is `low`, far above it `high`.
   * @param gains from `at` on: low and high before the frame, low and high at its end
   */
  addShelved(sum: Frame, raw: Frame, muffled: Frame, gains: Float32Array, at = 0): void {
    if (sum.address > 0 && raw.address > 0 && muffled.address > 0) {
      this.#run!.addShelved(
        sum.address,
        raw.address,
        muffled.address,
        gains[at]!,
        gains[at + 1]!,
        gains[at + 2]!,
        gains[at + 3]!,
      );
    } else {
      twins.addShelved(sum.samples, raw.samples, muffled.samples, gains, at);
    }
  }

  /** Like `addShelved` for both ears: `gains` holds the four of the left ear, then those of the right. */
  pan(left: Frame, right: Frame, raw: Frame, muffled: Frame, gains: Float32Array, at = 0): void {
    if (left.address > 0 && right.address > 0 && raw.address > 0 && muffled.address > 0) {
      this.#run!.pan(
        left.address,
        right.address,
        raw.address,
        muffled.address,
        gains[at]!,
        gains[at + 1]!,
        gains[at + 2]!,
        gains[at + 3]!,
        gains[at + 4]!,
        gains[at + 5]!,
        gains[at + 6]!,
        gains[at + 7]!,
      );
    } else {
      twins.addShelved(left.samples, raw.samples, muffled.samples, gains, at);
      twins.addShelved(right.samples, raw.samples, muffled.samples, gains, at + EAR_GAINS);
    }
  }

  /**
   * A one-pole low pass, `y[i] = (1 - pole) * x[i] + pole * y[i - 1]`. `out` may be `frame`.
   * @param last the result of the call for the previous frame, 0 for the first
   */
  lowPass(out: Frame, frame: Frame, pole: number, last: number): number {
    const next =
      out.address > 0 && frame.address > 0
        ? this.#run!.lowPass(out.address, frame.address, pole, last)
        : twins.lowPass(out.samples, frame.samples, pole, last);
    return Math.abs(next) < AT_REST ? 0 : next;
  }

  /** The greatest magnitude in each millisecond of the frame; valid until the next call. */
  peaks(frame: Frame): Float32Array {
    if (frame.address > 0) this.#run!.peaks(frame.address, PEAKS);
    else twins.peaks(frame.samples, this.#peaks);
    return this.#peaks;
  }

  /** Rounds to 16-bit integers and clips. */
  toInt16(frame: Frame, out: Int16Array): void {
    this.#round(frame, INTEGERS, this.#integers);
    out.set(this.#integers);
  }

  /** Like `toInt16`, with both sides interleaved. */
  toInt16Stereo(left: Frame, right: Frame, out: Int16Array): void {
    this.#round(left, INTEGERS, this.#integers);
    this.#round(right, INTEGERS_RIGHT, this.#integersRight);
    this.#interleave(out);
  }

  /**
   * Like `toInt16`, after applying a gain that moves linearly over each millisecond from one of `gains` to the next.
   */
  limit(frame: Frame, out: Int16Array): void {
    this.#limit(frame, INTEGERS, this.#integers);
    out.set(this.#integers);
  }

  /** Like `limit`, with both sides interleaved. */
  limitStereo(left: Frame, right: Frame, out: Int16Array): void {
    this.#limit(left, INTEGERS, this.#integers);
    this.#limit(right, INTEGERS_RIGHT, this.#integersRight);
    this.#interleave(out);
  }

  #round(frame: Frame, address: number, out: Int16Array): void {
    if (frame.address > 0) this.#run!.toInt16(frame.address, address);
    else twins.toInt16(frame.samples, out);
  }

  #limit(frame: Frame, address: number, out: Int16Array): void {
    if (frame.address > 0) this.#run!.limit(frame.address, GAINS, address);
    else twins.limit(frame.samples, this.gains, out);
  }

  #interleave(out: Int16Array): void {
    if (this.#run === undefined) {
      twins.interleave(this.#integers, this.#integersRight, out);
      return;
    }
    this.#run.interleave(INTEGERS, INTEGERS_RIGHT, INTERLEAVED);
    out.set(this.#interleaved);
  }
}

let kernelsOfThread: Kernels | undefined;

/** The kernels of this thread, chosen on first use. */
export function threadKernels(): Kernels {
  kernelsOfThread ??= new Kernels(loadSimd());
  return kernelsOfThread;
}

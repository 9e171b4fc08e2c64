/** One voice as it is heard: this tick's samples, levelled, and faded in and out. */
import { FRAME_SAMPLES } from '../format.ts';
import type { Frame } from '../kernels/frame.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { levelDbov } from '../kernels/pcm.ts';
import { Leveller } from './leveller.ts';
import type { SampleQueue } from './sample-queue.ts';
import { FADE_SAMPLES } from './voice-decoder.ts';

export class VoiceOutput {
  readonly #kernels: Kernels;
  /** Taken from the pool while the source sounds. */
  #frame: Frame | undefined;
  #levelling = false;
  /** Kept until its gain is back at 0 dB. */
  #leveller: Leveller | undefined;
  #gain = 0;
  #gainBefore = 0;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  /** This tick's samples, after `write`. */
  get frame(): Frame {
    return this.#frame!;
  }

  /** At the end of the last frame, without levelling. */
  get gain(): number {
    return this.#gain;
  }

  /** Levelling has no effect at present. */
  get isUnlevelled(): boolean {
    return this.#leveller?.neutral ?? true;
  }

  /** When switched off, the gain is taken back gradually while the voice is heard. */
  setLevelling(levelling: boolean): void {
    this.#levelling = levelling;
    if (levelling) this.#leveller ??= new Leveller();
  }

  /** Sets the gain at the end of this tick's frame. */
  turnTo(gain: number): void {
    this.#gainBefore = this.#gain;
    this.#gain = gain;
  }

  /** Observes the level of a frame, which is speech if it is not below the threshold. */
  observe(levelDbov: number, thresholdDbov: number): void {
    if (this.#levelling) this.#leveller?.observe(levelDbov, levelDbov >= thresholdDbov);
  }

  /**
   * Fills `frame` with this tick's samples of the queue.
   * @param thresholdDbov see `observe`; undefined for a frame that says nothing about the voice
   */
  write(queue: SampleQueue, thresholdDbov: number | undefined): void {
    this.#frame ??= this.#kernels.frames.take();
    if (queue.isBlank) this.#frame.samples.fill(0);
    else this.#frame.samples.set(queue.head);
    if (this.#leveller !== undefined) this.#level(this.#leveller, this.#frame, thresholdDbov);
    const from = this.#gainBefore;
    const to = this.#gain;
    if (from !== 1 || to !== 1) this.#kernels.ramp(this.#frame, from, to, to > from ? FADE_SAMPLES : FRAME_SAMPLES);
  }

  releaseFrame(): void {
    if (this.#frame === undefined) return;
    this.#kernels.frames.release(this.#frame);
    this.#frame = undefined;
  }

  #level(leveller: Leveller, frame: Frame, thresholdDbov: number | undefined): void {
    if (!this.#levelling) leveller.release();
    else if (thresholdDbov !== undefined) this.observe(levelDbov(frame.samples), thresholdDbov);
    leveller.apply(frame, this.#kernels);
    if (!this.#levelling && leveller.neutral) this.#leveller = undefined;
  }
}

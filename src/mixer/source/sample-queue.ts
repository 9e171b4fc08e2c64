/** The samples of one source that wait to be played; the first `FRAME_SAMPLES` are this tick's. */
import { FRAME_SAMPLES, MAX_PACKET_SAMPLES } from '../format.ts';

export class SampleQueue {
  /** Allocated on first speech. */
  #samples: Float32Array | undefined;
  #head: Float32Array | undefined;
  /** Kept for the next packet, which nearly always has the same place and length. */
  #written: Float32Array | undefined;
  #available = 0;
  #isBlank = true;

  get available(): number {
    return this.#available;
  }

  /** The available samples only stand for time: they were neither decoded nor written. */
  get isBlank(): boolean {
    return this.#isBlank;
  }

  /** All samples, of which the first `available` are valid. Not to be called while the queue is blank. */
  get samples(): Float32Array {
    return this.#samples!;
  }

  /** This tick's samples. Not to be called while the queue is blank. */
  get head(): Float32Array {
    return this.#head!;
  }

  /** Ends this tick's frame and moves the rest of a longer packet to the front. */
  advance(): void {
    if (this.#available > FRAME_SAMPLES) {
      if (!this.#isBlank) this.samples.copyWithin(0, FRAME_SAMPLES, this.#available);
      this.#available -= FRAME_SAMPLES;
    } else {
      this.clear();
    }
  }

  clear(): void {
    this.#available = 0;
    this.#isBlank = true;
  }

  /** Returns the place where these samples now are, until the next call. */
  append(pcm: Int16Array): Float32Array {
    this.#samples ??= new Float32Array(2 * FRAME_SAMPLES + MAX_PACKET_SAMPLES);
    this.#head ??= this.#samples.subarray(0, FRAME_SAMPLES);
    if (this.#isBlank) this.#samples.fill(0, 0, this.#available);
    this.#isBlank = false;
    this.#samples.set(pcm, this.#available);
    const start = this.#available;
    this.#available += pcm.length;
    const last = this.#written;
    if (last?.length === pcm.length && last.byteOffset === start * last.BYTES_PER_ELEMENT) return last;
    this.#written = this.#samples.subarray(start, this.#available);
    return this.#written;
  }

  appendBlank(samples: number): void {
    if (!this.#isBlank) this.samples.fill(0, this.#available, this.#available + samples);
    this.#available += samples;
  }

  /** Makes the rest of this tick's frame silent. */
  padFrame(): void {
    if (!this.#isBlank) this.samples.fill(0, this.#available, FRAME_SAMPLES);
  }

  /** After a change of the samples themselves. */
  setAvailable(available: number): void {
    this.#available = available;
  }
}

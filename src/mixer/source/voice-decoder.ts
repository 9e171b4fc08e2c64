/**
 * Turns a source's packets into samples, and conceals missing ones. The decoder is released while it is not needed; the
 * last packets are kept to bring the next one in sync (`pre-roll.ts`).
 */
import type { Decoder } from '../codec/codec.ts';
import type { CodecPool } from '../codec/codec-pool.ts';
import { FRAME_SAMPLES, SAMPLES_PER_MS } from '../format.ts';
import { applyRamp } from '../kernels/pcm.ts';
import { PreRoll } from './pre-roll.ts';
import { SampleQueue } from './sample-queue.ts';

export const FADE_SAMPLES = 5 * SAMPLES_PER_MS;
/** Gain at the end of each frame. The decoder alone would conceal for ever, and louder after five CELT frames. */
const CONCEALMENT_GAINS = [1, 0.8, 0.5, 0.2, 0] as const;
/** Frames after which what is concealed is silent. */
export const CONCEALED_TO_SILENCE = CONCEALMENT_GAINS.length;

export class VoiceDecoder {
  readonly queue = new SampleQueue();
  readonly preRoll = new PreRoll();
  readonly #pool: CodecPool;
  #decoder: Decoder | undefined;
  #concealedInRow = 0;

  constructor(pool: CodecPool) {
    this.#pool = pool;
  }

  get isOpen(): boolean {
    return this.#decoder !== undefined;
  }

  /** The last frame was concealed. */
  get isConcealing(): boolean {
    return this.#concealedInRow > 0;
  }

  /**
   * Gets a decoder that is in sync with the next packet, if there is none.
   * @param missed frames that were concealed by others just before; undefined if the voice begins now and must fade in
   */
  open(missed?: number): void {
    if (this.#decoder !== undefined) return;
    this.#decoder = this.preRoll.takeDecoder(this.#pool);
    // Fades in where the sound begins, which with short packets may be in the middle of a frame.
    this.#concealedInRow = missed ?? CONCEALED_TO_SILENCE;
  }

  /** Decodes a packet and appends its samples. If it is corrupt, conceals it and returns undefined. */
  play(payload: Uint8Array, durationSamples: number): Float32Array | undefined {
    const pcm = this.#decoder?.decode(payload);
    if (pcm === undefined) {
      this.#pool.counters.packetsDiscarded++;
      for (let samples = 0; samples < durationSamples; samples += FRAME_SAMPLES) this.conceal();
      return undefined;
    }
    this.#pool.counters.framesDecoded++;
    const written = this.queue.append(pcm);
    if (this.#concealedInRow > 0) applyRamp(written, concealmentGain(this.#concealedInRow), 1, FADE_SAMPLES);
    this.#concealedInRow = 0;
    return written;
  }

  /** Appends a frame in place of a missing one: more and more quietly, or blank without a decoder. */
  conceal(): void {
    if (this.#decoder === undefined) {
      this.queue.appendBlank(FRAME_SAMPLES);
      return;
    }
    this.#pool.counters.framesConcealed++;
    const from = concealmentGain(this.#concealedInRow);
    this.#concealedInRow++;
    const pcm = from > 0 ? this.#decoder.conceal() : undefined;
    if (pcm === undefined) this.queue.appendBlank(FRAME_SAMPLES);
    else applyRamp(this.queue.append(pcm), from, concealmentGain(this.#concealedInRow), FRAME_SAMPLES);
  }

  /**
   * Appends a last frame that fades out, if something sounded before it.
   * @returns whether there is one
   */
  fadeOut(sounding: boolean): boolean {
    const from = sounding ? concealmentGain(this.#concealedInRow) : 0;
    const pcm = from > 0 ? this.#decoder?.conceal() : undefined;
    if (pcm !== undefined) applyRamp(this.queue.append(pcm), from, 0, FRAME_SAMPLES);
    else this.queue.padFrame();
    this.#concealedInRow = CONCEALED_TO_SILENCE;
    return pcm !== undefined;
  }

  release(): void {
    if (this.#decoder === undefined) return;
    this.#pool.releaseDecoder(this.#decoder);
    this.#decoder = undefined;
  }
}

/** The gain after this many consecutive concealed frames. */
export function concealmentGain(frames: number): number {
  return CONCEALMENT_GAINS[Math.max(0, frames - 1)] ?? 0;
}

/** Turns packets into samples in stereo, and conceals missing ones as `voice-decoder.ts` does. */
import type { Decoder } from '../codec/codec.ts';
import type { CodecPool } from '../codec/codec-pool.ts';
import { FRAME_SAMPLES, MAX_PACKET_SAMPLES } from '../format.ts';
import { applyRamp } from '../kernels/pcm.ts';
import { SampleQueue } from './sample-queue.ts';
import { CONCEALED_TO_SILENCE, concealmentGain, FADE_SAMPLES } from './voice-decoder.ts';

/** Temporary within one call. */
const sides = [new Int16Array(MAX_PACKET_SAMPLES), new Int16Array(MAX_PACKET_SAMPLES)] as const;
/** The same for one frame, which nearly every packet has. */
const frames = [sides[0].subarray(0, FRAME_SAMPLES), sides[1].subarray(0, FRAME_SAMPLES)] as const;

export class StereoDecoder {
  readonly left = new SampleQueue();
  readonly right = new SampleQueue();
  readonly #pool: CodecPool;
  #decoder: Decoder | undefined;
  /** What begins after silence fades in. */
  #concealedInRow: number = CONCEALED_TO_SILENCE;

  constructor(pool: CodecPool) {
    this.#pool = pool;
  }

  get isOpen(): boolean {
    return this.#decoder !== undefined;
  }

  /** Samples of each side. */
  get available(): number {
    return this.left.available;
  }

  get isBlank(): boolean {
    return this.left.isBlank;
  }

  /** See `SampleQueue.advance`. */
  advance(): void {
    this.left.advance();
    this.right.advance();
  }

  /** Decodes a packet and appends its samples. If it is corrupt, conceals it. */
  play(payload: Uint8Array, durationSamples: number): void {
    this.#decoder ??= this.#pool.takeDecoder(2);
    const pcm = this.#decoder.decode(payload);
    if (pcm === undefined) {
      this.#pool.counters.packetsDiscarded++;
      for (let samples = 0; samples < durationSamples; samples += FRAME_SAMPLES) this.conceal();
      return;
    }
    this.#pool.counters.framesDecoded++;
    const from = concealmentGain(this.#concealedInRow);
    this.#append(pcm, from, 1, this.#concealedInRow > 0 ? FADE_SAMPLES : 0);
    this.#concealedInRow = 0;
  }

  /** Appends a frame in place of a missing one: more and more quietly, or blank without a decoder. */
  conceal(): void {
    if (this.#decoder === undefined) {
      this.appendBlank(FRAME_SAMPLES);
      return;
    }
    this.#pool.counters.framesConcealed++;
    const from = concealmentGain(this.#concealedInRow);
    this.#concealedInRow++;
    const pcm = from > 0 ? this.#decoder.conceal() : undefined;
    if (pcm === undefined) this.appendBlank(FRAME_SAMPLES);
    else this.#append(pcm, from, concealmentGain(this.#concealedInRow), FRAME_SAMPLES);
  }

  /** Appends a last frame that fades out, if something sounded before it. Returns whether there is one. */
  fadeOut(): boolean {
    const from = concealmentGain(this.#concealedInRow);
    const pcm = from > 0 ? this.#decoder?.conceal() : undefined;
    if (pcm !== undefined) this.#append(pcm, from, 0, FRAME_SAMPLES);
    this.left.padFrame();
    this.right.padFrame();
    this.#concealedInRow = CONCEALED_TO_SILENCE;
    return pcm !== undefined;
  }

  appendBlank(samples: number): void {
    this.left.appendBlank(samples);
    this.right.appendBlank(samples);
  }

  release(): void {
    if (this.#decoder === undefined) return;
    this.#pool.releaseDecoder(this.#decoder, 2);
    this.#decoder = undefined;
    this.#concealedInRow = CONCEALED_TO_SILENCE;
  }

  #append(pcm: Int16Array, from: number, to: number, rampSamples: number): void {
    const samples = pcm.length / 2;
    const [left, right] = sides;
    for (let i = 0; i < samples; i++) {
      left[i] = pcm[2 * i]!;
      right[i] = pcm[2 * i + 1]!;
    }
    const isFrame = samples === FRAME_SAMPLES;
    append(this.left, isFrame ? frames[0] : left.subarray(0, samples), from, to, rampSamples);
    append(this.right, isFrame ? frames[1] : right.subarray(0, samples), from, to, rampSamples);
  }
}

function append(queue: SampleQueue, pcm: Int16Array, from: number, to: number, rampSamples: number): void {
  const written = queue.append(pcm);
  if (rampSamples > 0) applyRamp(written, from, to, rampSamples);
}

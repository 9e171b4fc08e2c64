/**
 * Keeps a mix below full scale without delaying it and without clipping. Within a frame the gain looks ahead by one
 * millisecond; a peak in the first millisecond of a frame is met by a steep attack, as in WebRTC's AGC2 (limiter.cc).
 */
import { FRAME_SAMPLES, SAMPLES_PER_MS } from '../format.ts';

/** -1 dBFS */
const CEILING = 29_204;
const SUBFRAMES = FRAME_SAMPLES / SAMPLES_PER_MS;
const RELEASE_MS = 100;
const RELEASE = 1 - Math.exp(-1 / RELEASE_MS);
/** (1 - i/n)^8: nearly all of the attack happens in the first samples. */
const ATTACK_CURVE = Float32Array.from({ length: SAMPLES_PER_MS }, (_, i) => (1 - i / SAMPLES_PER_MS) ** 8);

export class Limiter {
  #gain = 1;
  #gainBefore = 1;
  readonly #wanted = new Float32Array(SUBFRAMES);

  /** The gain at the end of the last frame; 1 while nothing is too loud. */
  get gain(): number {
    return this.#gain;
  }

  /** Begins this tick's frame as `other`, which has processed its own already, began it. */
  follow(other: Limiter): void {
    this.#gain = other.#gainBefore;
  }

  reset(): void {
    this.#gain = 1;
  }

  /** `FRAME_SAMPLES` float samples in, 16-bit samples out; `mix` is not changed. */
  process(mix: Float32Array, out: Int16Array): void {
    this.#gainBefore = this.#gain;
    const limited = this.#measure(mix);
    if (!limited && this.#gain === 1) {
      for (let i = 0; i < FRAME_SAMPLES; i++) out[i] = toInteger(mix[i]!);
      return;
    }
    let from = this.#gain;
    for (let k = 0; k < SUBFRAMES; k++) {
      const ahead = k + 1 < SUBFRAMES ? this.#wanted[k + 1]! : 1;
      const wanted = Math.min(this.#wanted[k]!, ahead);
      const to = wanted < from ? wanted : Math.min(wanted, from + (1 - from) * RELEASE);
      // Later subframes were prepared for by the look-ahead of the one before; the first had none.
      const steep = k === 0 && this.#wanted[0]! < from;
      scale(mix, out, k * SAMPLES_PER_MS, from, to, steep);
      from = to;
    }
    this.#gain = from > 0.9999 ? 1 : from;
  }

  /** Fills in the gain that each subframe's peak asks for; false if none does. */
  #measure(mix: Float32Array): boolean {
    let limited = false;
    for (let k = 0; k < SUBFRAMES; k++) {
      let peak = 0;
      for (let i = k * SAMPLES_PER_MS; i < (k + 1) * SAMPLES_PER_MS; i++) {
        const magnitude = Math.abs(mix[i]!);
        if (magnitude > peak) peak = magnitude;
      }
      this.#wanted[k] = peak > CEILING ? CEILING / peak : 1;
      limited ||= peak > CEILING;
    }
    return limited;
  }
}

function scale(mix: Float32Array, out: Int16Array, start: number, from: number, to: number, steep: boolean): void {
  const step = (to - from) / SAMPLES_PER_MS;
  for (let i = 0; i < SAMPLES_PER_MS; i++) {
    const gain = steep ? to + (from - to) * ATTACK_CURVE[i]! : from + step * (i + 1);
    const sample = toInteger(mix[start + i]! * gain);
    out[start + i] = sample > 32_767 ? 32_767 : sample < -32_768 ? -32_768 : sample;
  }
}

/** As `Math.round`, in a quarter of its time, for what is above -32,768.5. Below, it is rounded towards zero. */
function toInteger(sample: number): number {
  return ((sample + 32_768.5) | 0) - 32_768;
}

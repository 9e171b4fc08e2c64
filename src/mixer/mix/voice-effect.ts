/**
 * How voices sound through a radio or a telephone: a band pass, and for a radio, soft clipping and noise within its
 * band. The gain at 1 kHz is 1, so that a voice is as loud as without the effect.
 */
import { FRAME_SAMPLES, SAMPLE_RATE } from '../format.ts';

export type EffectKind = 'radio' | 'phone';

interface Band {
  readonly lowHz: number;
  readonly highHz: number;
  /** The peak at which soft clipping takes 3 dB, on the scale of 16-bit integers. */
  readonly clip: number;
  /** Peak of the noise before the band pass. */
  readonly noise: number;
}

/** At strength 0: everything that matters in speech passes, unchanged. */
const OPEN: Band = { lowHz: 50, highHz: 16_000, clip: 64_000, noise: 0 };
const BANDS: Readonly<Record<EffectKind, Band>> = {
  radio: { lowHz: 389, highHz: 3248, clip: 8000, noise: 200 },
  phone: { lowHz: 300, highHz: 3400, clip: 24_000, noise: 0 },
};

/** The two sections of a Butterworth filter of the fourth order. */
const FOURTH_ORDER_Q = [0.541_196_1, 1.306_563] as const;
/** Below this a filter is at rest; processors are slow with the denormals that would follow. */
const AT_REST = 1e-20;
/** Brings 32-bit random numbers to -1 to 1. */
const RANDOM_SCALE = 1 / 2 ** 31;
const COEFFICIENTS = 2;
const SECTIONS = 4;

/** Temporary within one call. */
const work = new Float64Array(FRAME_SAMPLES);

/** An effect, for all voices. */
export class Effect {
  readonly kind: EffectKind;
  readonly strength: number;
  readonly clip: number;
  readonly noise: number;
  readonly highPassGain: number = 1;
  readonly lowPassGain: number = 1;
  /** Of each section, high pass first: a1 and a2. The numerators are 1, 2 and 1, with signs, and a common gain. */
  readonly coefficients = new Float64Array(SECTIONS * COEFFICIENTS);

  /** @param strength above 0, up to 1 for the whole effect */
  constructor(kind: EffectKind, strength: number) {
    const band = BANDS[kind];
    const between = (from: number, to: number) => from * (to / from) ** strength;
    this.kind = kind;
    this.strength = strength;
    this.clip = between(OPEN.clip, band.clip);
    this.noise = band.noise * strength;
    for (const [i, q] of FOURTH_ORDER_Q.entries()) {
      this.highPassGain *= this.#design(i, between(OPEN.lowHz, band.lowHz), q, 1);
      this.lowPassGain *= this.#design(i + 2, between(OPEN.highHz, band.highHz), q, -1);
    }
  }

  /**
   * Returns the gain of the numerator.
   * @param sign 1 for a high pass, -1 for a low pass
   */
  #design(section: number, cornerHz: number, q: number, sign: 1 | -1): number {
    const omega = (2 * Math.PI * cornerHz) / SAMPLE_RATE;
    const alpha = Math.sin(omega) / (2 * q);
    const cosine = Math.cos(omega);
    const a0 = 1 + alpha;
    this.coefficients.set([(-2 * cosine) / a0, (1 - alpha) / a0], section * COEFFICIENTS);
    return (1 + sign * cosine) / 2 / a0;
  }
}

/** An effect at work on one voice, without a gap since it began. */
export class VoiceEffect {
  readonly effect: Effect;
  /** Two for each section (transposed direct form II). */
  readonly #state = new Float64Array(2 * SECTIONS);
  #random: number;
  #noise = 0;

  /** @param seed of the noise, which is different for each voice */
  constructor(effect: Effect, seed: number) {
    this.effect = effect;
    this.#random = Math.imul(seed + 1, 0x9e37_79b1) | 1;
  }

  /**
   * Processes the next frame.
   * @param isLast the voice fades over this frame and is silent afterwards, and so is the noise
   */
  process(out: Float32Array, frame: Float32Array, isLast: boolean): void {
    const { effect } = this;
    const noiseAfter = isLast ? 0 : effect.noise * RANDOM_SCALE;
    this.#addNoise(frame, noiseAfter);
    this.#filter(0, effect.highPassGain, -2);
    const softness = 1 / (effect.clip * effect.clip);
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      const sample = work[i]!;
      work[i] = sample / Math.sqrt(1 + sample * sample * softness);
    }
    this.#filter(2, effect.lowPassGain, 2);
    if (isLast) for (let i = 0; i < FRAME_SAMPLES; i++) work[i]! *= (FRAME_SAMPLES - 1 - i) / FRAME_SAMPLES;
    out.set(work);
  }

  #addNoise(frame: Float32Array, after: number): void {
    if (after === 0 && this.#noise === 0) {
      work.set(frame);
      return;
    }
    let noise = this.#noise;
    const step = (after - noise) / FRAME_SAMPLES;
    let random = this.#random;
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      // xorshift32
      random ^= random << 13;
      random ^= random >>> 17;
      random ^= random << 5;
      noise += step;
      work[i] = frame[i]! + noise * random;
    }
    this.#random = random;
    this.#noise = after;
  }

  /**
   * Two sections of the same kind, in `work`.
   * @param middle the middle coefficient of the numerator
   */
  #filter(section: number, gain: number, middle: 2 | -2): void {
    const { coefficients } = this.effect;
    const state = this.#state;
    const [at, s] = [section * COEFFICIENTS, section * 2];
    const a1 = coefficients[at]!;
    const a2 = coefficients[at + 1]!;
    const b1 = coefficients[at + 2]!;
    const b2 = coefficients[at + 3]!;
    let s0 = state[s]!;
    let s1 = state[s + 1]!;
    let s2 = state[s + 2]!;
    let s3 = state[s + 3]!;
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      const x = gain * work[i]!;
      const a = x + s0;
      s0 = middle * x + s1 - a1 * a;
      s1 = x - a2 * a;
      const b = a + s2;
      s2 = middle * a + s3 - b1 * b;
      s3 = a - b2 * b;
      work[i] = b;
    }
    state[s] = atRest(s0);
    state[s + 1] = atRest(s1);
    state[s + 2] = atRest(s2);
    state[s + 3] = atRest(s3);
  }
}

function atRest(value: number): number {
  return Math.abs(value) < AT_REST ? 0 : value;
}

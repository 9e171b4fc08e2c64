/** The level is measured in windows of this length. */
const WINDOW_MS = 20;
/** The voice is delayed, so that the gate is open before the first syllable comes. */
const LOOK_AHEAD_MS = 40;
/** Pauses between words do not close the gate. */
const HOLD_MS = 300;
/** Lower than the level that opens it, so that a voice near the threshold is not chopped. */
const HYSTERESIS_DB = 6;
/** Opening and closing without a click. */
const RAMP_MS = 5;
/** The automatic threshold is this far above the noise. */
const ABOVE_NOISE_DB = 12;
/** The quiet moments of this time are the noise. */
const NOISE_SPAN_MS = 5000;
const NOISE_QUANTILE = 0.1;
/** The automatic threshold stays in this range: nobody's noise is louder than a voice, and digital silence is no noise. */
const AUTOMATIC_DBFS = { least: -60, most: -25 };
const SILENCE_DBFS = -100;

/** The thresholds that people can choose. */
export const THRESHOLD_DBFS = { least: -60, most: -10 };

/**
 * Lets a voice through and silences everything quieter, such as a keyboard. It works on mono samples of any block
 * length, and delays them by 40 ms.
 */
export class VoiceGate {
  /** In dBFS; null: follows the noise. */
  chosenThresholdDbfs: number | null = null;
  readonly #windowLength: number;
  readonly #rampStep: number;
  readonly #delayed: Float32Array;
  readonly #levels = new Float32Array(NOISE_SPAN_MS / WINDOW_MS).fill(SILENCE_DBFS);
  readonly #sorted = new Float32Array(this.#levels.length);
  #at = 0;
  #windows = 0;
  #power = 0;
  #inWindow = 0;
  #quietWindows = 0;
  #isOpen = false;
  #gain = 0;
  #automaticDbfs = AUTOMATIC_DBFS.most;

  /** @param sampleRate in Hz */
  constructor(sampleRate: number) {
    this.#windowLength = Math.round((sampleRate * WINDOW_MS) / 1000);
    this.#rampStep = 1000 / (sampleRate * RAMP_MS);
    this.#delayed = new Float32Array(Math.round((sampleRate * LOOK_AHEAD_MS) / 1000));
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The level that opens it now. */
  get thresholdDbfs(): number {
    return this.chosenThresholdDbfs ?? this.#automaticDbfs;
  }

  /** Both have the same length, and may be the same array. */
  process(input: Float32Array, output: Float32Array): void {
    for (let index = 0; index < input.length; index++) {
      const sample = input[index] ?? 0;
      this.#power += sample * sample;
      if (++this.#inWindow === this.#windowLength) this.#endWindow();
      const target = this.#isOpen ? 1 : 0;
      this.#gain += Math.max(-this.#rampStep, Math.min(this.#rampStep, target - this.#gain));
      output[index] = (this.#delayed[this.#at] ?? 0) * this.#gain;
      this.#delayed[this.#at] = sample;
      this.#at = (this.#at + 1) % this.#delayed.length;
    }
  }

  #endWindow(): void {
    const levelDbfs = Math.max(SILENCE_DBFS, 10 * Math.log10(this.#power / this.#windowLength));
    this.#power = 0;
    this.#inWindow = 0;
    this.#levels[this.#windows++ % this.#levels.length] = levelDbfs;
    if (this.chosenThresholdDbfs === null) this.#automaticDbfs = this.#aboveNoise();
    if (levelDbfs >= this.thresholdDbfs) this.#isOpen = true;
    if (levelDbfs >= this.thresholdDbfs - HYSTERESIS_DB) this.#quietWindows = 0;
    else if (++this.#quietWindows * WINDOW_MS >= HOLD_MS) this.#isOpen = false;
  }

  #aboveNoise(): number {
    const count = Math.min(this.#windows, this.#levels.length);
    const known = this.#sorted.subarray(0, count);
    known.set(this.#levels.subarray(0, count));
    known.sort();
    const noiseDbfs = known[Math.floor(count * NOISE_QUANTILE)] ?? SILENCE_DBFS;
    return Math.max(AUTOMATIC_DBFS.least, Math.min(AUTOMATIC_DBFS.most, noiseDbfs + ABOVE_NOISE_DB));
  }
}

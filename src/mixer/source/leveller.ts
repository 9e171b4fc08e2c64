/**
 * Brings quiet and loud talkers to about the same level, too slowly to be noticed: a gain per talker that follows the
 * mean power of their speech, adapts only while they speak, and is kept between talkspurts. Bounds and rates are close
 * to those of WebRTC's AGC2 (adaptive_digital_gain_controller).
 *
 * A voice that is about right is left alone, so that its packets can be passed on undecoded while it is heard alone.
 */
import { PTIME_MS } from '../format.ts';
import type { Frame } from '../kernels/frame.ts';
import type { Kernels } from '../kernels/kernels.ts';

/** RMS of frames with speech. */
const TARGET_DBFS = -20;
/** A voice this close to the target is left alone, until it is this far away. */
const NEAR_DB = 2.5;
const FAR_DB = 3.5;
const MIN_GAIN_DB = -10;
const MAX_GAIN_DB = 18;
const RISE_DB = (3 * PTIME_MS) / 1000;
const FALL_DB = (12 * PTIME_MS) / 1000;
/** Noise is not amplified above this. */
const MAX_NOISE_DBFS = -50;
/** Sound that is this little above its background is not speech, whatever the voice activity says. */
const LEAST_CONTRAST_DB = 9;

/** Frames of speech over which power is averaged; equal weights until there are that many. */
const MEMORY_FRAMES = 3000 / PTIME_MS;
/** Frames of speech before the gain first moves. */
const CONFIDENT_FRAMES = 400 / PTIME_MS;
/**
 * The quietest frame of one to two such periods is background: speech never holds its level that long, but noise and
 * music do.
 */
const BACKGROUND_FRAMES = 1000 / PTIME_MS;

export class Leveller {
  #gainDb = 0;
  #gain = 1;
  #power = 0;
  #speechFrames = 0;
  #isNear = true;

  #quietest = Number.POSITIVE_INFINITY;
  #quietestBefore = Number.NaN;
  #backgroundFrames = 0;

  get gainDb(): number {
    return this.#gainDb;
  }

  /**
   * Analyses one decoded frame, before `apply`.
   * @param levelDbfs its RMS
   * @param speech whether it contains speech, not only background
   */
  observe(levelDbfs: number, speech: boolean): void {
    this.#observeBackground(levelDbfs);
    if (!speech) return;
    this.#speechFrames = Math.min(this.#speechFrames + 1, MEMORY_FRAMES);
    this.#power += (10 ** (levelDbfs / 10) - this.#power) / this.#speechFrames;
    if (this.#speechFrames < CONFIDENT_FRAMES) return;
    const speechDbfs = 10 * Math.log10(this.#power);
    const offDb = TARGET_DBFS - speechDbfs;
    this.#isNear = Math.abs(offDb) < (this.#isNear ? FAR_DB : NEAR_DB);
    const wantedDb = this.#isNear ? 0 : offDb;
    const boundedDb = Math.max(MIN_GAIN_DB, Math.min(MAX_GAIN_DB, wantedDb));
    const change = Math.max(-FALL_DB, Math.min(RISE_DB, boundedDb - this.#gainDb));
    if (change < 0 || this.#mayRaise(speechDbfs)) this.#gainDb += change;
  }

  /** Called instead of `observe` for a talker who is no longer levelled: moves one frame's step back towards 0 dB. */
  release(): void {
    this.#gainDb -= Math.max(-RISE_DB, Math.min(FALL_DB, this.#gainDb));
  }

  /** The leveller has no effect: the gain is 0 dB, and the last frame ended with it. */
  get neutral(): boolean {
    return this.#gainDb === 0 && this.#gain === 1;
  }

  /** Applies the gain to a frame, with a ramp from the previous frame's gain. */
  apply(frame: Frame, kernels: Kernels): void {
    const from = this.#gain;
    this.#gain = this.#gainDb === 0 ? 1 : 10 ** (this.#gainDb / 20);
    if (from !== 1 || this.#gain !== 1) kernels.ramp(frame, from, this.#gain);
  }

  #observeBackground(levelDbfs: number): void {
    if (levelDbfs < this.#quietest) this.#quietest = levelDbfs;
    if (++this.#backgroundFrames < BACKGROUND_FRAMES) return;
    this.#backgroundFrames = 0;
    this.#quietestBefore = this.#quietest;
    this.#quietest = Number.POSITIVE_INFINITY;
  }

  /** Not before the background is known. A voice that is too quiet is raised back to its own level in any noise. */
  #mayRaise(speechDbfs: number): boolean {
    if (this.#gainDb < 0) return true;
    const background = Math.min(this.#quietest, this.#quietestBefore);
    return background + this.#gainDb < MAX_NOISE_DBFS && background < speechDbfs - LEAST_CONTRAST_DB;
  }
}

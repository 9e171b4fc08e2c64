/**
 * Who speaks, decided frame by frame from the level alone (RFC 6464, or that of the decoded frame): louder than the
 * background by a margin. Activity holds on for a while, so that the ends of words and short pauses are kept.
 */
import { PTIME_MS, SILENCE_DBOV } from './format.ts';

const MARGIN_DB = 9;
/** Nothing below this is speech, however quiet the background. */
const THRESHOLD_MIN_DBOV = -60;
/** The background estimate rises by 1 dB a second and falls at once. It never rises so far that plain speech, or music held for minutes, is taken for background. */
const FLOOR_RISE_DB = PTIME_MS / 1000;
const FLOOR_MAX_DBOV = -50;
const FLOOR_START_DBOV = -70;
const HANGOVER_FRAMES = 300 / PTIME_MS;
/** Smoothing of the level that people see. */
const SMOOTHING = 0.4;

export class VoiceActivity {
  #floorDbov = FLOOR_START_DBOV;
  #hangover = 0;
  #levelDbov = SILENCE_DBOV;

  get active(): boolean {
    return this.#hangover > 0;
  }

  /** Smoothed over about 100 ms. */
  get levelDbov(): number {
    return this.#levelDbov;
  }

  /** The level below which a frame counts as background. */
  get thresholdDbov(): number {
    return Math.max(this.#floorDbov + MARGIN_DB, THRESHOLD_MIN_DBOV);
  }

  /** One 20 ms frame; returns whether the source is active now. */
  update(levelDbov: number): boolean {
    this.#levelDbov += (levelDbov - this.#levelDbov) * SMOOTHING;
    if (levelDbov > this.thresholdDbov) this.#hangover = HANGOVER_FRAMES;
    else if (this.#hangover > 0) this.#hangover--;
    // Digital silence says nothing about the background of the voice that will follow.
    if (levelDbov > SILENCE_DBOV) {
      this.#floorDbov = Math.min(levelDbov, this.#floorDbov + FLOOR_RISE_DB, FLOOR_MAX_DBOV);
    }
    return this.#hangover > 0;
  }
}

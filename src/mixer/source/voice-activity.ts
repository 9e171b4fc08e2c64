/**
 * Decides frame by frame whether a source is active, from the level alone (RFC 6464, or the decoded frame's): louder
 * than the background by a margin. Activity has a hangover, so that the ends of words and short pauses are kept.
 */
import { PTIME_MS, SILENCE_DBOV } from '../format.ts';

const MARGIN_DB = 9;
/** Nothing below this is speech, however quiet the background. */
const THRESHOLD_MIN_DBOV = -60;
/**
 * The background estimate rises by 1 dB a second and falls at once. It never rises so far that normal speech, or music
 * held for minutes, counts as background, and never falls below the threshold's range, because the way back up would be
 * long.
 */
const FLOOR_RISE_DB_PER_S = 1;
const FLOOR_MAX_DBOV = -50;
const FLOOR_MIN_DBOV = THRESHOLD_MIN_DBOV - MARGIN_DB;
const HANGOVER_MS = 300;
/** Smoothing of the displayed level. */
const SMOOTHING = 0.4;
/**
 * Smoothing of the loudness by which talkers are compared: pauses between syllables must not look like a quiet voice.
 */
const LOUDNESS_ATTACK = 1 - Math.exp(-PTIME_MS / 100);
const LOUDNESS_RELEASE = 1 - Math.exp(-PTIME_MS / 1000);

export class VoiceActivity {
  #floorDbov = FLOOR_MIN_DBOV;
  #hangoverMs = 0;
  #levelDbov = SILENCE_DBOV;
  #loudnessDbov = THRESHOLD_MIN_DBOV;

  get active(): boolean {
    return this.#hangoverMs > 0;
  }

  /** Smoothed over about 100 ms. */
  get levelDbov(): number {
    return this.#levelDbov;
  }

  /** Follows a voice within 100 ms and forgets it within seconds; never below the lowest level of speech. */
  get loudnessDbov(): number {
    return this.#loudnessDbov;
  }

  /** The level below which a frame counts as background. */
  get thresholdDbov(): number {
    return Math.max(this.#floorDbov + MARGIN_DB, THRESHOLD_MIN_DBOV);
  }

  /** Processes one frame, or a packet of several with one level; returns whether the source is active now. */
  update(levelDbov: number, durationMs: number = PTIME_MS): boolean {
    this.#levelDbov += (levelDbov - this.#levelDbov) * SMOOTHING;
    const change = Math.max(levelDbov, THRESHOLD_MIN_DBOV) - this.#loudnessDbov;
    const smoothing = change > 0 ? LOUDNESS_ATTACK : LOUDNESS_RELEASE;
    this.#loudnessDbov += change * Math.min(1, (smoothing * durationMs) / PTIME_MS);
    if (levelDbov > this.thresholdDbov) this.#hangoverMs = HANGOVER_MS;
    else this.#hangoverMs = Math.max(0, this.#hangoverMs - durationMs);
    // Digital silence says nothing about the background of the voice that will follow.
    if (levelDbov > SILENCE_DBOV) {
      const risen = this.#floorDbov + (FLOOR_RISE_DB_PER_S * durationMs) / 1000;
      this.#floorDbov = Math.max(FLOOR_MIN_DBOV, Math.min(levelDbov, risen, FLOOR_MAX_DBOV));
    }
    return this.active;
  }
}

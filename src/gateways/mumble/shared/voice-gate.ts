/**
 * When a talker's packets are passed on to Mumble clients, which show everybody as talking who sends packets. A browser
 * sends as long as the microphone is open, so the levels of the packets decide.
 */
import type { Millis } from '../../../lib/clock.ts';

/** Quieter packets are background. */
const MIN_SPEECH_DBOV = -55;
/** Above the background of this talker. */
const MARGIN_DB = 9;
/** A background that grows louder is known after some seconds. */
const FLOOR_RISE_DB_PER_S = 3;
/** Pauses within a sentence. */
const HOLD_MS: Millis = 400;
/** A browser that sends nothing for so long has no background (discontinuous transmission). */
const GAP_MS: Millis = 200;
/** Higher than any background. */
const FIRST_FLOOR_DBOV = -60;

export class VoiceGate {
  #floorDbov = FIRST_FLOOR_DBOV;
  #lastMs: Millis | undefined;
  #openUntilMs: Millis = Number.NEGATIVE_INFINITY;

  /**
   * Whether to pass this packet on.
   * @param levelDbov claimed in the packet; null if there is none
   * @param speaks the mixer has found that this talker speaks, a moment ago
   */
  passes(levelDbov: number | null, speaks: boolean, nowMs: Millis): boolean {
    if (speaks || (levelDbov !== null && this.#isSpeech(levelDbov, nowMs))) this.#openUntilMs = nowMs + HOLD_MS;
    return nowMs < this.#openUntilMs;
  }

  #isSpeech(levelDbov: number, nowMs: Millis): boolean {
    const passedMs = nowMs - (this.#lastMs ?? nowMs);
    this.#lastMs = nowMs;
    const floorDbov =
      passedMs > GAP_MS
        ? Math.min(this.#floorDbov, FIRST_FLOOR_DBOV)
        : this.#floorDbov + (passedMs / 1000) * FLOOR_RISE_DB_PER_S;
    this.#floorDbov = Math.min(levelDbov, floorDbov);
    return levelDbov > MIN_SPEECH_DBOV && levelDbov > this.#floorDbov + MARGIN_DB;
  }
}

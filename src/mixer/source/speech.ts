/**
 * Whether one source speaks, and how loudly: from its packets' claims as long as they are trusted, otherwise from the
 * decoded packets.
 */
import { SILENCE_DBOV } from '../format.ts';
import { ClaimedLevel } from './claimed-level.ts';
import { VoiceActivity } from './voice-activity.ts';

/** With DTX, a silent sender refreshes its background noise with single packets. Speech needs several in a row. */
const LEAST_SPEECH_MS = 60;

export class Speech {
  readonly #claims = new ClaimedLevel();
  #voice = new VoiceActivity();
  /** The last packet has no claim, or the claim is not trusted. */
  #isMeasured = false;
  #claimedDbov = SILENCE_DBOV;
  /** Duration of packets that needed measuring but were not measured. */
  #unmeasuredMs = 0;
  /** Duration of the packets since the last certain silence. */
  #continuousMs = 0;

  get voice(): Omit<VoiceActivity, 'update'> {
    return this.#voice;
  }

  /** The level of the last packet is known only if it is decoded. */
  get isMeasured(): boolean {
    return this.#isMeasured;
  }

  /** The corrected claim of the last packet, in dBov, unless it needs measuring. */
  get claimedDbov(): number {
    return this.#claimedDbov;
  }

  /** Recently decoded packets agree with their claims. */
  isConfirmed(nowMs: number): boolean {
    return this.#claims.believed && this.#claims.isConfirmed(nowMs);
  }

  /** Speaks, and recently decoded packets confirm it. */
  isProven(nowMs: number): boolean {
    return this.#voice.active && (this.#isMeasured || this.#claims.isConfirmed(nowMs));
  }

  /** A packet, or a frame's time, that certainly contains nothing to hear. */
  silence(durationMs?: number): boolean {
    this.#isMeasured = false;
    this.#continuousMs = 0;
    return this.#voice.update(SILENCE_DBOV, durationMs);
  }

  /** A packet before it is possibly decoded; `claimDbov` as in RFC 6464, null if there is none. */
  claim(claimDbov: number | null, durationMs: number): void {
    this.#isMeasured = claimDbov === null || !this.#claims.believed;
    this.#continuousMs += durationMs;
    if (claimDbov === null || this.#isMeasured) return;
    this.#claimedDbov = this.#claims.corrected(claimDbov);
    this.#voice.update(this.#claimedDbov, durationMs);
  }

  /** Whether this claim would be believed, and says that nobody speaks. */
  isBackground(claimDbov: number | null): boolean {
    if (claimDbov === null || !this.#claims.believed || this.#voice.active) return false;
    return this.#claims.corrected(claimDbov) <= this.#voice.thresholdDbov;
  }

  /** Whether the packet just claimed, which will not be heard, should be decoded anyway to measure its level. */
  isCheckDue(bytesIn20Ms: number, nowMs: number): boolean {
    const claim = this.#isMeasured ? null : this.#voice.active ? 'speech' : 'silence';
    if (claim === 'silence' && this.#continuousMs < LEAST_SPEECH_MS) return false;
    return this.#claims.isCheckDue(claim, bytesIn20Ms, nowMs);
  }

  /** The packet will be checked; `measure` follows. */
  checked(bytesIn20Ms: number, nowMs: number): void {
    this.#claims.checked(bytesIn20Ms, nowMs);
  }

  /** The packet just claimed is not decoded. */
  skip(durationMs: number): void {
    if (this.#isMeasured) this.#unmeasuredMs += durationMs;
  }

  /**
   * Some packets of a voice that is heard undecoded were decoded to be compared. Levels are means over `durationMs`.
   * Returns whether they agree.
   */
  check(claimedDbov: number, measuredDbov: number, durationMs: number, nowMs: number): boolean {
    this.#claims.compareAlone(claimedDbov, measuredDbov, durationMs, nowMs);
    return this.#claims.agreed;
  }

  /** The packet was decoded: compares its claim with its sound, or learns its level. */
  measure(claimDbov: number | null, measuredDbov: number, durationMs: number, nowMs: number): void {
    if (!this.#isMeasured) {
      if (claimDbov === null) return;
      this.#claims.compare(claimDbov, measuredDbov, durationMs, nowMs);
      if (this.#claims.believed) return;
      // Discards what resulted from false claims.
      this.#voice = new VoiceActivity();
      this.#isMeasured = true;
    }
    this.#voice.update(measuredDbov, durationMs + this.#unmeasuredMs);
    this.#unmeasuredMs = 0;
  }
}

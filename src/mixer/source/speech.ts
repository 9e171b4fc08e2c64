/**
 * Whether one source speaks, and how loud: by what its packets claim as long as that is believed, otherwise by those of them
 * that were decoded.
 */
import { SILENCE_DBOV } from '../format.ts';
import { ClaimedLevel } from './claimed-level.ts';
import { VoiceActivity } from './voice-activity.ts';

export class Speech {
  readonly #claims = new ClaimedLevel();
  #voice = new VoiceActivity();
  /** The last packet did not say how loud it is, or is not believed. */
  #isMeasured = false;
  /** Of packets that had to be measured and were not. */
  #unmeasuredMs = 0;

  get voice(): Omit<VoiceActivity, 'update'> {
    return this.#voice;
  }

  /** The level of the last packet is known only if it is decoded. */
  get isMeasured(): boolean {
    return this.#isMeasured;
  }

  /** Speaks, and what was decoded lately says so too. */
  isProven(nowMs: number): boolean {
    return this.#voice.active && (this.#isMeasured || this.#claims.isConfirmed(nowMs));
  }

  /** A packet, or a frame's time, of which it is certain that it holds nothing to be heard. */
  silence(durationMs?: number): boolean {
    this.#isMeasured = false;
    return this.#voice.update(SILENCE_DBOV, durationMs);
  }

  /** A packet before it is decoded, if it ever is; `claimDbov` as RFC 6464 has it, null if it says nothing. */
  claim(claimDbov: number | null, durationMs: number): void {
    this.#isMeasured = claimDbov === null || !this.#claims.believed;
    if (claimDbov !== null && !this.#isMeasured) this.#voice.update(this.#claims.corrected(claimDbov), durationMs);
  }

  /** Whether the packet just claimed, which is not to be heard, should be decoded all the same to learn its level. */
  isCheckDue(bytesIn20Ms: number, nowMs: number): boolean {
    const claim = this.#isMeasured ? null : this.#voice.active ? 'speech' : 'silence';
    return this.#claims.isCheckDue(claim, bytesIn20Ms, nowMs);
  }

  /** The packet is checked; `measure` follows. */
  checked(bytesIn20Ms: number, nowMs: number): void {
    this.#claims.checked(bytesIn20Ms, nowMs);
  }

  /** The packet just claimed is not decoded. */
  skip(durationMs: number): void {
    if (this.#isMeasured) this.#unmeasuredMs += durationMs;
  }

  /** The packet was decoded: its claim is compared with what it sounds like, or its level was not known before. */
  measure(claimDbov: number | null, measuredDbov: number, durationMs: number, nowMs: number): void {
    if (!this.#isMeasured) {
      if (claimDbov === null) return;
      this.#claims.compare(claimDbov, measuredDbov, durationMs, nowMs);
      if (this.#claims.believed) return;
      // Nothing counts that came of false claims.
      this.#voice = new VoiceActivity();
      this.#isMeasured = true;
    }
    this.#voice.update(measuredDbov, durationMs + this.#unmeasuredMs);
    this.#unmeasuredMs = 0;
  }
}

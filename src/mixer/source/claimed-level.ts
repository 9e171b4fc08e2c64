/**
 * How far the levels that a sender writes into its packets (RFC 6464) can be trusted. Claims cost nothing to read, so
 * they decide who is decoded, but they are only the sender's word. Wherever a packet is decoded, its level is compared
 * with the claim: a small, steady error is subtracted, and after 200 ms of clear disagreement the sender's claims are
 * ignored.
 *
 * Claim and sound never agree frame by frame, because browsers measure before their encoder, whose look-ahead delays
 * the sound by up to 6.5 ms. Energies over about 100 ms are compared instead.
 */
import { SILENCE_DBOV } from '../format.ts';

/** Codecs preserve the level of speech within 2 dB, so they cannot explain a difference this large. */
const TOLERANCE_DB = 6;
/** Below this, levels do not matter and codecs do not preserve them; it is added to both sides. */
const FLOOR_POWER = power(-66);
const WINDOW_MS = 100;
/**
 * Disagreement must last this long, over this many packets: if the beginning of a word is lost, a decoder is too quiet
 * for up to 160 ms.
 */
const DISAGREEMENT_MS = 200;
const DISAGREEMENT_PACKETS = 3;
/** The steady error adapts over about a second. */
const ERROR_SMOOTHING_MS = 1000;
/** A check is valid for this long; after that the next one is due. */
const CHECK_INTERVAL_MS = 2000;
/** The interval for a sender whose claims are not trusted and who is waiting for a talker's place. */
const MEASURING_INTERVAL_MS = 200;
/** A sender whose packets have grown by this factor since the last check may have started to speak. */
const GROWTH = 1.5;
const GROWTH_INTERVAL_MS = 250;
/** Bytes in 20 ms: even 6 kb/s of speech need more. */
const SILENT_BYTES = 12;

export class ClaimedLevel {
  #believed = true;
  #errorDb = 0;
  #claimedEnergy = 0;
  #measuredEnergy = 0;
  #comparedMs = Number.NEGATIVE_INFINITY;
  #agreedMs = Number.NEGATIVE_INFINITY;
  /** Duration of the latest consecutive disagreeing packets. */
  #disagreementMs = 0;
  #disagreementPackets = 0;
  #checkedMs = Number.NEGATIVE_INFINITY;
  #checkedBytes = 0;

  /** False once the sender's claims were found wrong; then only decoded levels count. */
  get believed(): boolean {
    return this.#believed;
  }

  /** The last comparison agreed. */
  get agreed(): boolean {
    return this.#disagreementPackets === 0;
  }

  /** The corrected claim, in dBov. */
  corrected(claimedDbov: number): number {
    return claimedDbov <= SILENCE_DBOV ? SILENCE_DBOV : claimedDbov - this.#errorDb;
  }

  /** Whether claim and sound have agreed within the last two seconds. */
  isConfirmed(nowMs: number): boolean {
    return !this.#believed || nowMs - this.#agreedMs < CHECK_INTERVAL_MS;
  }

  /**
   * Whether a packet that will not be heard should be decoded anyway, only to measure its level.
   * @param claim null if there is none, or none that is trusted
   * @param bytes of it in 20 ms
   */
  isCheckDue(claim: 'speech' | 'silence' | null, bytes: number, nowMs: number): boolean {
    const sinceMs = nowMs - this.#checkedMs;
    if (claim === null) return sinceMs >= MEASURING_INTERVAL_MS;
    if (claim === 'speech') return !this.isConfirmed(nowMs);
    if (bytes < SILENT_BYTES) return false;
    const hasGrown = bytes >= GROWTH * this.#checkedBytes && sinceMs >= GROWTH_INTERVAL_MS;
    return sinceMs >= CHECK_INTERVAL_MS || hasGrown || this.#disagreementPackets > 0;
  }

  /** A packet was decoded for a check. */
  checked(bytes: number, nowMs: number): void {
    this.#checkedMs = nowMs;
    this.#checkedBytes = bytes;
  }

  /**
   * A few packets in a row, after others that were not decoded. A decoder that joins in mid-word can be far off, which
   * must not count against the next comparison.
   */
  compareAlone(claimedDbov: number, measuredDbov: number, durationMs: number, nowMs: number): void {
    this.#claimedEnergy = 0;
    this.#measuredEnergy = 0;
    this.compare(claimedDbov, measuredDbov, durationMs, nowMs);
  }

  /** One packet that was decoded. */
  compare(claimedDbov: number, measuredDbov: number, durationMs: number, nowMs: number): void {
    const kept = Math.exp((this.#comparedMs - nowMs) / WINDOW_MS);
    this.#comparedMs = nowMs;
    this.#claimedEnergy = this.#claimedEnergy * kept + (power(claimedDbov) + FLOOR_POWER) * durationMs;
    this.#measuredEnergy = this.#measuredEnergy * kept + (power(measuredDbov) + FLOOR_POWER) * durationMs;
    const errorDb = 10 * Math.log10(this.#claimedEnergy / this.#measuredEnergy);
    if (Math.abs(errorDb) <= TOLERANCE_DB) {
      this.#agreedMs = nowMs;
      this.#disagreementMs = 0;
      this.#disagreementPackets = 0;
      this.#errorDb += ((errorDb - this.#errorDb) * durationMs) / ERROR_SMOOTHING_MS;
      return;
    }
    this.#disagreementMs += durationMs;
    this.#disagreementPackets++;
    if (this.#disagreementMs >= DISAGREEMENT_MS && this.#disagreementPackets >= DISAGREEMENT_PACKETS) {
      this.#believed = false;
    }
  }
}

function power(dbov: number): number {
  return 10 ** (dbov / 10);
}

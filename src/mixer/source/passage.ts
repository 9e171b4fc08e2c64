/**
 * A lone talker's packets on their way to listeners who are sent them as they came, without decoding and encoding.
 *
 * Only mono frames of 20 ms in SILK or hybrid mode, which is how browsers send speech, because a listener's decoder
 * that was silent is in step with them at once, and a fresh encoder can follow them without a seam. (CELT predicts
 * levels from frame to frame: a talkspurt that begins in noise of -50 dBFS would be 7 dB too quiet at first.)
 */
import { isSpeechFrame } from '../../formats/opus-packet.ts';
import type { CodecPool } from '../codec/codec-pool.ts';
import { PTIME_MS } from '../format.ts';
import type { PreRoll } from './pre-roll.ts';
import type { Speech } from './speech.ts';

/** In place of a packet that has not arrived: the listener's receiver conceals it. */
export const NOTHING_ARRIVED: Uint8Array = new Uint8Array(0);
/** Receivers conceal this well; beyond it, we do, and fade. */
const MAX_MISSED = 2;

/** The mix has 48 kb/s. A sender may not make the server send much more to everyone. */
const MIX_BYTES = 120;
const MAX_BYTES = 2 * MIX_BYTES;
const MAX_MEAN_BYTES = 1.25 * MIX_BYTES;
const MEAN_WEIGHT = PTIME_MS / 500;

/**
 * Packets between two checks of the level that the sender claims. The number is drawn at random, so that nobody knows
 * when to be loud. A check is valid for 100 packets (`claimed-level.ts`), so there is time to repeat one.
 */
const CHECK_PACKETS = { least: 25, most: 85 } as const;
/** The beginning of a word is a bad moment for the first check. */
const FIRST_CHECK = 2;
/** Packets whose levels a check compares. If they disagree, it is repeated with the next ones. */
const CHECKED_PACKETS = 3;
/** Checks in a row that may disagree, and packets that may go unchecked: a codec distorts the beginning of a word. */
const MAX_DISAGREEMENTS = 2;
const MAX_UNCONFIRMED = 12;

export class Passage {
  readonly #pool: CodecPool;
  #payload: Uint8Array | undefined;
  #continues = false;
  #mayBegin = false;
  #missed = 0;
  #meanBytes = 0;
  #packets = 0;
  #nextCheck = 0;
  #disagreements = 0;
  /** Claimed levels of the last packets, as powers. */
  readonly #claims = new Float64Array(CHECKED_PACKETS);

  constructor(pool: CodecPool) {
    this.#pool = pool;
  }

  /** This tick's packet, or `NOTHING_ARRIVED`; undefined while this voice is not passed on. */
  get payload(): Uint8Array | undefined {
    return this.#payload;
  }

  /** The voice was passed on in the previous tick, and could be in this one. */
  get continues(): boolean {
    return this.#continues;
  }

  /** Frames missed just before this one, none of which was decoded or concealed here. */
  get missed(): number {
    return this.#payload === NOTHING_ARRIVED ? this.#missed - 1 : this.#missed;
  }

  /** @param allowed the mixer would pass this voice on, if it was already or begins now */
  startTick(allowed: boolean): void {
    this.#continues = allowed && this.#payload !== undefined;
    this.#mayBegin = allowed;
    this.#payload = undefined;
  }

  /** From now on this voice is decoded, until it has been silent. */
  end(): void {
    this.#continues = false;
    this.#mayBegin = false;
    this.#payload = undefined;
  }

  /**
   * Whether this packet may be sent to others. Call it for every packet with sound.
   * @param begins it would be the first one after silence
   */
  admits(payload: Uint8Array, begins: boolean): boolean {
    this.#meanBytes += (payload.length - this.#meanBytes) * MEAN_WEIGHT;
    if (!(this.#continues || (begins && this.#mayBegin))) return false;
    return payload.length <= MAX_BYTES && this.#meanBytes <= MAX_MEAN_BYTES && isSpeechFrame(payload);
  }

  /**
   * Whether the next packet may be passed on although nobody looks at its sound. Now and then, some packets are decoded
   * to compare their claimed level with it.
   */
  trusts(payload: Uint8Array, claimedDbov: number, speech: Speech, preRoll: PreRoll, nowMs: number): boolean {
    if (!this.#continues) this.#begin(speech.isConfirmed(nowMs));
    this.#claims[this.#packets % CHECKED_PACKETS] = 10 ** (claimedDbov / 10);
    if (this.#packets >= this.#nextCheck && this.#pool.allowsCheck(nowMs)) {
      const measuredDbov = preRoll.measure(payload, this.#pool, CHECKED_PACKETS);
      this.#checked(speech.check(this.#claimedDbov, measuredDbov, CHECKED_PACKETS * PTIME_MS, nowMs));
    }
    // The beginning of a word may be distorted, but not for long.
    const isUnconfirmed = this.#packets > MAX_UNCONFIRMED && !speech.isConfirmed(nowMs);
    return !isUnconfirmed && this.#disagreements <= MAX_DISAGREEMENTS;
  }

  pass(payload: Uint8Array): void {
    this.#payload = payload;
    this.#packets++;
    this.#missed = 0;
  }

  /** A frame is missing. True if the listeners' receivers should conceal it. */
  bridge(): boolean {
    if (!this.#continues || this.#missed === MAX_MISSED) return false;
    this.#missed++;
    this.#payload = NOTHING_ARRIVED;
    return true;
  }

  /** Of the packets that a check compares, in dBov. */
  get #claimedDbov(): number {
    let power = 0;
    for (const claim of this.#claims) power += claim / CHECKED_PACKETS;
    return 10 * Math.log10(power);
  }

  #checked(agreed: boolean): void {
    const { least, most } = CHECK_PACKETS;
    this.#disagreements = agreed ? 0 : this.#disagreements + 1;
    const untilNext = agreed ? least + Math.floor(this.#pool.random() * (most - least + 1)) : CHECKED_PACKETS;
    this.#nextCheck = this.#packets + untilNext;
  }

  #begin(confirmed: boolean): void {
    this.#missed = 0;
    this.#nextCheck = confirmed ? Math.max(FIRST_CHECK, this.#nextCheck - this.#packets) : FIRST_CHECK;
    this.#packets = 0;
    this.#disagreements = 0;
  }
}

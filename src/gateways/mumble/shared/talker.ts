/** One voice of a room as Mumble clients get it: frame numbers that never go back, and an end of each talkspurt. */
import { packetSamples, SILENCE_PACKET } from '../../../formats/opus-packet.ts';
import type { Millis } from '../../../lib/clock.ts';
import { distance32 } from '../../../lib/serial.ts';
import type { TappedVoice } from '../../../media/plane.ts';
import { MAX_OPUS_BYTES, type MumbleVoice, NORMAL_TARGET } from '../wire/voice-packet.ts';
import { VoiceGate } from './voice-gate.ts';

/** After that without a packet the talkspurt is over. */
const PAUSE_MS: Millis = 200;
/** A frame of Mumble: 10 ms. */
const UNIT_SAMPLES = 480;
/** Copies and packets that were overtaken are at most this far behind. */
const HISTORY = 31;
/** A jump in time is a new stream. */
const MAX_JUMP_UNITS = 60_000;

export class Talker {
  readonly #gate: VoiceGate | null;
  /** Reused for every packet. */
  readonly #voice: MumbleVoice;
  #stream = -1;
  /** Where the current stream begins, in its own count and in ours. */
  #baseTimestamp = 0;
  #baseFrame = 0;
  /** The first frame after everything so far. */
  #nextFrame = 0;
  #newest = 0;
  /** Bit n: the packet n units before the newest has been passed on. */
  #seen = 0;
  #lastMs: Millis = Number.NEGATIVE_INFINITY;
  #isTalking = false;

  /**
   * @param session its number among Mumble clients
   * @param isGated false: this client sends only while its user wants to speak
   */
  constructor(session: number, isGated: boolean) {
    this.#gate = isGated ? new VoiceGate() : null;
    this.#voice = { target: NORMAL_TARGET, session, frameNumber: 0, opus: SILENCE_PACKET, isLast: false };
  }

  get isTalking(): boolean {
    return this.#isTalking;
  }

  /**
   * What Mumble clients get of a packet, as an object that the next call reuses; null if nothing.
   * @param speaks the mixer says so
   */
  take({ stream, timestamp, payload, levelDbov }: TappedVoice, speaks: boolean, nowMs: Millis): MumbleVoice | null {
    const samples = packetSamples(payload);
    if (isSilence(payload) || samples === 0 || samples % UNIT_SAMPLES !== 0 || payload.length > MAX_OPUS_BYTES)
      return null;
    if (this.#gate !== null && !this.#gate.passes(levelDbov, speaks, nowMs)) return null;
    const frame = this.#frameOf(stream, timestamp);
    if (!this.#isNew(frame)) return null;
    this.#nextFrame = Math.max(this.#nextFrame, frame + samples / UNIT_SAMPLES);
    this.#lastMs = nowMs;
    this.#isTalking = true;
    const voice = this.#voice;
    voice.frameNumber = frame;
    voice.opus = payload;
    voice.isLast = false;
    return voice;
  }

  /** The end of the talkspurt, if it has come: silence, because only now the last packet is known to be the last. */
  end(nowMs: Millis): MumbleVoice | null {
    return nowMs - this.#lastMs < PAUSE_MS ? null : this.finish();
  }

  /** Ends the talkspurt now, if there is one. */
  finish(): MumbleVoice | null {
    if (!this.#isTalking) return null;
    this.#isTalking = false;
    const voice = this.#voice;
    voice.frameNumber = this.#nextFrame;
    voice.opus = SILENCE_PACKET;
    voice.isLast = true;
    // What comes late belongs to a talkspurt that is over.
    this.#newest = this.#nextFrame;
    this.#seen = 0xffff_ffff;
    this.#nextFrame += 2;
    return voice;
  }

  #frameOf(stream: number, timestamp: number): number {
    const units = Math.round(distance32(timestamp, this.#baseTimestamp) / UNIT_SAMPLES);
    const frame = this.#baseFrame + units;
    const isKnown = stream === this.#stream && Math.abs(frame - this.#newest) < MAX_JUMP_UNITS;
    if (!isKnown) {
      this.#stream = stream;
      this.#baseFrame = this.#nextFrame;
      this.#baseTimestamp = timestamp;
      this.#newest = this.#nextFrame - 1;
      this.#seen = 0xffff_ffff;
      return this.#nextFrame;
    }
    // The distance between time stamps has 31 bits.
    if (units > MAX_JUMP_UNITS) {
      this.#baseFrame = frame;
      this.#baseTimestamp = timestamp;
    }
    return frame;
  }

  /** Whether it has not been passed on before, nor is too old. */
  #isNew(frame: number): boolean {
    const behind = this.#newest - frame;
    if (behind < 0) {
      this.#seen = -behind > HISTORY ? 1 : (this.#seen << -behind) | 1;
      this.#newest = frame;
      return true;
    }
    if (behind > HISTORY || (this.#seen & (1 << behind)) !== 0) return false;
    this.#seen |= 1 << behind;
    return true;
  }
}

/** Discontinuous transmission, or silence as this server encodes it. */
export function isSilence(payload: Uint8Array): boolean {
  return payload.length <= SILENCE_PACKET.length;
}

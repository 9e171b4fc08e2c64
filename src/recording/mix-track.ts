/** The file with everybody: the packets of the mix that listeners get, each at the time of its tick. */
import { PRE_SKIP } from '../formats/opus-head.ts';
import { isDtx, packetSamples, SILENCE_PACKET } from '../formats/opus-packet.ts';
import type { Millis } from '../lib/clock.ts';
import { positionInMix, type TappedPacket } from '../media/plane.ts';
import { OggTrack, type OggTrackOptions } from './ogg-track.ts';
import { SAMPLES_PER_MS } from './track-clock.ts';

const FRAME_SAMPLES = 960;
const FRAME_MS = 20;
/** Ticks of which listeners get nothing while somebody is heard, because a packet of the only talker was lost. */
const MAX_CONCEALED = 5 * FRAME_SAMPLES;
/** Packets that are later than this, because the main thread or a worker is busy, are lost. */
const IDLE_MS: Millis = 3000;

export interface MixTrackOptions extends Pick<OggTrackOptions, 'serial' | 'tags'> {
  /** When the recording started: at a tick. */
  readonly startMs: Millis;
}

export class MixTrack {
  readonly #startMs: Millis;
  readonly #track: OggTrack;
  #isSounding = false;

  constructor({ startMs, serial, tags }: MixTrackOptions) {
    this.#startMs = startMs;
    this.#track = new OggTrack({ serial, tags, channels: 1, preSkip: PRE_SKIP.lowDelay });
  }

  /** A packet of the mix. */
  add(packet: TappedPacket): void {
    const { payload } = packet;
    const samples = packetSamples(payload);
    // A single byte repeats silence; silence is filled in anyway.
    if (samples === 0 || isDtx(payload)) return;
    const gap = positionInMix(packet, this.#startMs) - this.#track.position;
    // From a part of the room that had the tap before.
    if (gap < 0) return;
    if (this.#isSounding && gap <= MAX_CONCEALED) this.#track.conceal(gap);
    else this.#track.silence(gap);
    this.#track.write({ payload, samples });
    this.#isSounding = !isSilence(payload);
  }

  /** The pages that are complete by now. Call it a few times a second. */
  advance(nowMs: Millis): Uint8Array[] {
    const idleUntil = Math.floor((nowMs - IDLE_MS - this.#startMs) / FRAME_MS) * FRAME_SAMPLES;
    if (idleUntil > this.#track.position) {
      this.#track.silence(idleUntil - this.#track.position);
      this.#isSounding = false;
    }
    return this.#track.takePages();
  }

  /** The last pages. Nothing follows. */
  end(endMs: Millis): Uint8Array[] {
    this.#track.end(Math.round((endMs - this.#startMs) * SAMPLES_PER_MS));
    return this.#track.takePages();
  }
}

function isSilence(payload: Uint8Array): boolean {
  return payload.length === SILENCE_PACKET.length && payload.every((byte, index) => byte === SILENCE_PACKET[index]);
}

/** The file with everybody: the packets of the mix that listeners get, each at the time of its tick. */
import { isDtx, packetSamples, SILENCE_PACKET } from '../formats/opus-packet.ts';
import type { Millis } from '../lib/clock.ts';
import { OggTrack, type OggTrackOptions } from './ogg-track.ts';
import { PRE_SKIP_CELT } from './person-track.ts';
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

/** A packet of the mix. */
export interface MixPacket {
  readonly arrivalMs: Millis;
  /** 32 bits: the number of the tick in samples. */
  readonly timestamp: number;
  readonly payload: Uint8Array;
}

export class MixTrack {
  readonly #startMs: Millis;
  readonly #track: OggTrack;
  #isSounding = false;

  constructor({ startMs, serial, tags }: MixTrackOptions) {
    this.#startMs = startMs;
    this.#track = new OggTrack({ serial, tags, channels: 1, preSkip: PRE_SKIP_CELT });
  }

  add({ arrivalMs, timestamp, payload }: MixPacket): void {
    const samples = packetSamples(payload);
    // A single byte repeats silence; silence is filled in anyway.
    if (samples === 0 || isDtx(payload)) return;
    const gap = this.#placeOf(timestamp, arrivalMs) - this.#track.position;
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

  /** Ticks are numbered from the zero of the clock, in all workers alike. */
  #placeOf(timestamp: number, arrivalMs: Millis): number {
    const expected = Math.floor(arrivalMs / FRAME_MS) * FRAME_SAMPLES;
    return expected + ((timestamp - (expected >>> 0)) | 0) - this.#startMs * SAMPLES_PER_MS;
  }
}

function isSilence(payload: Uint8Array): boolean {
  return payload.length === SILENCE_PACKET.length && payload.every((byte, index) => byte === SILENCE_PACKET[index]);
}

/**
 * The file of one participant: the packets as they came, never decoded, each at its place in server time. What is
 * missing becomes silence, so that all files of a recording are equally long and fit together.
 */
import { PRE_SKIP } from '../formats/opus-head.ts';
import { isDtx } from '../formats/opus-packet.ts';
import type { Millis } from '../lib/clock.ts';
import { OggTrack } from './ogg-track.ts';
import { type PlacedPacket, SAMPLES_PER_MS, type TapPacket, TrackClock } from './track-clock.ts';

const FRAME_SAMPLES = 960;
/** Lost packets that a decoder bridges better than silence would. */
const MAX_CONCEALED = 5 * FRAME_SAMPLES;
/** A packet that is further than this from its place is moved there, even if that is audible. */
const MAX_ERROR = 100 * SAMPLES_PER_MS;
/** In speech, what is left of drift and jitter is corrected from here on. */
const SPEECH_ERROR = 15 * SAMPLES_PER_MS;
/** While it is quiet, nobody hears a correction. */
const QUIET_GAP = 5 * SAMPLES_PER_MS;
const QUIET_LEAD = 10 * SAMPLES_PER_MS;
const QUIET_DBOV = -50;
/** The packets of silence are not written before this, because sound may still come that was only held up. */
const IDLE_MS: Millis = 10_000;
/** Pauses shorter than this are part of what is said. */
const PAUSE_MS: Millis = 500;
/** Configurations from here on are CELT (RFC 6716 table 2). */
const FIRST_CELT_CONFIG = 16;

/** When somebody spoke, in milliseconds since the start of the recording. */
export interface Talk {
  readonly fromMs: Millis;
  readonly toMs: Millis;
}

export interface PersonTrackOptions {
  readonly startMs: Millis;
  readonly serial: number;
  readonly tags: readonly (readonly [key: string, value: string])[];
  readonly onTalk?: (talk: Talk) => void;
}

/** What was done to the packets of a track. */
export interface TrackCounts {
  packets: number;
  /** Samples that the decoder bridges. */
  concealed: number;
  /** Packets that had no place. */
  leftOut: number;
}

export class PersonTrack {
  readonly #options: PersonTrackOptions;
  readonly #clock: TrackClock;
  #track: OggTrack | undefined;
  readonly counts: TrackCounts = { packets: 0, concealed: 0, leftOut: 0 };
  #talk: { from: number; to: number } | undefined;
  #talkSamples = 0;

  constructor(options: PersonTrackOptions) {
    this.#options = options;
    this.#clock = new TrackClock(options.startMs);
  }

  /** See `TrackClock.driftPpm`. */
  get driftPpm(): number | null {
    return this.#clock.driftPpm;
  }

  /** How long they spoke. */
  get talkMs(): Millis {
    const { from, to } = this.#talk ?? { from: 0, to: 0 };
    return Math.round((this.#talkSamples + to - from) / SAMPLES_PER_MS);
  }

  add(packet: TapPacket): void {
    this.#clock.add(packet);
  }

  /** The pages that are complete by now. Call it a few times a second. */
  advance(nowMs: Millis): Uint8Array[] {
    this.#clock.take(nowMs, (packet) => this.#write(packet));
    const idleUntil = (nowMs - IDLE_MS - this.#options.startMs) * SAMPLES_PER_MS;
    const track = this.#track;
    if (track !== undefined && !this.#clock.isWaiting && idleUntil > track.position + IDLE_MS * SAMPLES_PER_MS)
      track.silence(idleUntil - track.position);
    return track?.takePages() ?? [];
  }

  /** The last pages. Nothing follows. */
  end(endMs: Millis): Uint8Array[] {
    this.#clock.takeAll((packet) => this.#write(packet));
    this.#endTalk();
    this.#track?.end(Math.round((endMs - this.#options.startMs) * SAMPLES_PER_MS));
    return this.#track?.takePages() ?? [];
  }

  #write(packet: PlacedPacket): void {
    this.#track ??= this.#begin(packet);
    const track = this.#track;
    const error = packet.at - track.position;
    if (!this.#makePlace(track, packet, error)) {
      this.counts.leftOut++;
      return;
    }
    this.counts.packets++;
    track.write(packet);
    this.#noteTalk(packet, track.position);
  }

  /** Fills what is missing before the packet. False if it comes too late to be written. */
  #makePlace(track: OggTrack, { gap, levelDbov, payload, samples }: PlacedPacket, error: number): boolean {
    if (gap !== null && gap > 0 && gap <= MAX_CONCEALED && Math.abs(error - gap) <= MAX_ERROR) {
      const missing = error - gap < -SPEECH_ERROR ? Math.max(0, Math.min(gap, error)) : gap;
      track.conceal(missing);
      this.counts.concealed += missing;
      return true;
    }
    if (gap !== 0 || error > MAX_ERROR) {
      track.silence(error);
      return error >= -samples / 2;
    }
    const isQuiet = levelDbov === null ? isDtx(payload) : levelDbov < QUIET_DBOV;
    if (error > (isQuiet ? QUIET_GAP : SPEECH_ERROR)) {
      if (isQuiet) track.silence(error);
      else track.conceal(FRAME_SAMPLES);
      return true;
    }
    return error >= -(isQuiet ? QUIET_LEAD : SPEECH_ERROR);
  }

  #begin({ payload }: PlacedPacket): OggTrack {
    const { serial, tags } = this.#options;
    const toc = payload[0] ?? 0;
    return new OggTrack({
      serial,
      tags,
      channels: (toc & 4) === 0 ? 1 : 2,
      preSkip: toc >> 3 < FIRST_CELT_CONFIG ? PRE_SKIP.speech : PRE_SKIP.lowDelay,
    });
  }

  #noteTalk({ levelDbov, payload, samples }: PlacedPacket, end: number): void {
    const isSpeech = levelDbov === null ? !isDtx(payload) : levelDbov >= QUIET_DBOV;
    if (!isSpeech) return;
    const from = end - samples;
    if (this.#talk !== undefined && from - this.#talk.to > PAUSE_MS * SAMPLES_PER_MS) this.#endTalk();
    this.#talk ??= { from, to: end };
    this.#talk.to = end;
  }

  #endTalk(): void {
    const talk = this.#talk;
    this.#talk = undefined;
    if (talk === undefined) return;
    this.#talkSamples += talk.to - talk.from;
    this.#options.onTalk?.({
      fromMs: Math.round(talk.from / SAMPLES_PER_MS),
      toMs: Math.round(talk.to / SAMPLES_PER_MS),
    });
  }
}

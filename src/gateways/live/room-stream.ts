/**
 * The sound of one room as one stream for all players, in pages or clusters of a tenth of a second. A player may begin
 * at any of them. Time has no gaps: where nobody is heard there is silence, because players stop otherwise.
 */

import { writeOggPage } from '../../formats/ogg-page.ts';
import { openOggOpus } from '../../formats/ogg-writer.ts';
import { PRE_SKIP } from '../../formats/opus-head.ts';
import { concealmentToc, isDtx, packetSamples, SILENCE_PACKET } from '../../formats/opus-packet.ts';
import { webmCluster, webmHead } from '../../formats/webm-writer.ts';
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import { positionInMix, type TappedPacket } from '../../media/plane.ts';
import type { TapSlot } from '../../rooms/room-taps.ts';

export type LiveFormat = 'opus' | 'webm';

export interface RoomStreamOptions {
  readonly tap: TapSlot;
  /** Any number of 32 bits. */
  readonly serial: number;
  readonly clock: Clock;
}

interface Player {
  readonly format: LiveFormat;
  readonly write: (bytes: Uint8Array) => void;
}

interface Packet {
  readonly payload: Uint8Array;
  /** Since the stream began. */
  readonly atMs: Millis;
  /** Samples of the stream up to its end. */
  readonly end: number;
}

const SAMPLES_PER_MS = 48;
const FRAME_MS = 20;
const FRAME_SAMPLES = FRAME_MS * SAMPLES_PER_MS;
const HEAD = { channels: 1, preSkip: PRE_SKIP.lowDelay } as const;
const INTERVAL_MS: Millis = 100;
/** Workers deliver ten times a second; what comes later than this is left out. */
const HOLD_MS: Millis = 400;
/** Lost packets that a player's decoder bridges; a longer gap is silence. */
const MAX_CONCEALED_FRAMES = 5;
/** Pages before the first one with sound: two for the head. */
const FIRST_SEQUENCE = 2;
/** Of one page or cluster. There are more at once when the process has stood still, and they would not fit. */
const MAX_PACKETS = 40;

export class RoomStream {
  readonly #tap: TapSlot;
  readonly #serial: number;
  readonly #clock: Clock;
  readonly #startMs: Millis;
  readonly #heads: Readonly<Record<LiveFormat, Uint8Array>>;
  readonly #players = new Set<Player>();
  /** Samples so far. */
  #position = 0;
  #sequence = FIRST_SEQUENCE;
  #waiting: Packet[] = [];
  /** Of the last packet with sound; null after silence. */
  #lastToc: number | null = null;
  #cancelTimer: Cancel;

  constructor({ tap, serial, clock }: RoomStreamOptions) {
    this.#tap = tap;
    this.#serial = serial;
    this.#clock = clock;
    this.#startMs = Math.floor(clock.now() / FRAME_MS) * FRAME_MS;
    const { head } = openOggOpus({ ...HEAD, serial, tags: [] });
    this.#heads = { opus: Buffer.concat(head), webm: webmHead(HEAD) };
    tap.setTap({
      request: { voices: false, mix: true },
      sink: { voice: () => {}, mix: (packet) => this.#add(packet) },
    });
    this.#cancelTimer = this.#wait();
  }

  /** The player gets the head at once, and then what everybody gets, until what this returns is called. */
  play(format: LiveFormat, write: (bytes: Uint8Array) => void): () => void {
    const player = { format, write };
    this.#players.add(player);
    write(this.#heads[format]);
    return () => this.#players.delete(player);
  }

  get isDeserted(): boolean {
    return this.#players.size === 0;
  }

  close(): void {
    this.#cancelTimer();
    this.#tap.setTap(null);
    this.#players.clear();
  }

  #add(packet: TappedPacket): void {
    const { payload } = packet;
    const samples = packetSamples(payload);
    // A single byte repeats silence, which is filled in anyway.
    if (samples === 0 || isDtx(payload)) return;
    const at = positionInMix(packet, this.#startMs);
    const missing = Math.floor((at - this.#position) / FRAME_SAMPLES);
    if (missing < 0) return;
    const conceals = this.#lastToc !== null && missing <= MAX_CONCEALED_FRAMES;
    this.#fill(missing, conceals ? Uint8Array.of(concealmentToc(this.#lastToc ?? 0)) : SILENCE_PACKET);
    this.#push(payload, samples);
    this.#lastToc = payload[0] ?? null;
  }

  #fill(frames: number, payload: Uint8Array): void {
    for (let n = 0; n < frames; n++) this.#push(payload, FRAME_SAMPLES);
    if (frames > 0) this.#lastToc = null;
  }

  #push(payload: Uint8Array, samples: number): void {
    const atMs = this.#position / SAMPLES_PER_MS;
    this.#position += samples;
    this.#waiting.push({ payload, atMs, end: this.#position });
  }

  #wait(): Cancel {
    return this.#clock.setTimer(this.#clock.now() + INTERVAL_MS, () => {
      this.#cancelTimer = this.#wait();
      this.#flush(this.#clock.now());
    });
  }

  #flush(nowMs: Millis): void {
    const dueFrames = Math.floor((nowMs - HOLD_MS - this.#startMs) / FRAME_MS);
    this.#fill(Math.max(0, dueFrames - Math.floor(this.#position / FRAME_SAMPLES)), SILENCE_PACKET);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let at = 0; at < waiting.length; at += MAX_PACKETS) this.#send(waiting.slice(at, at + MAX_PACKETS));
  }

  #send(packets: readonly Packet[]): void {
    const pieces: Partial<Record<LiveFormat, Uint8Array>> = {};
    for (const { format, write } of this.#players) {
      pieces[format] ??= format === 'webm' ? webmCluster(packets) : this.#page(packets);
      write(pieces[format]);
    }
    this.#sequence++;
  }

  #page(packets: readonly Packet[]): Uint8Array {
    const fields = {
      flags: 0,
      granule: packets.at(-1)?.end ?? this.#position,
      serial: this.#serial,
      sequence: this.#sequence,
    };
    return writeOggPage(
      fields,
      packets.map(({ payload }) => payload),
    );
  }
}

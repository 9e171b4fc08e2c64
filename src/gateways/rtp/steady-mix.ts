/**
 * The mix of a room without gaps: one packet every 20 ms. A room sends next to nothing while it is silent, and
 * receivers of plain RTP would take that for loss, or their clocks would drift.
 */
import { concealmentToc, isDtx, packetSamples, SILENCE_PACKET } from '../../formats/opus-packet.ts';
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import { positionInMix } from '../../media/plane.ts';

export interface SteadyMixOptions {
  readonly clock: Clock;
  /** @param position the first sample of this packet, at 48 kHz, since the beginning; never less than before */
  readonly write: (payload: Uint8Array, position: number) => void;
}

const FRAME_MS: Millis = 20;
const FRAME_SAMPLES = FRAME_MS * 48;
/** Sound that comes later than this is left out. Workers send every tick at once, so it rarely is. */
const HOLD_MS: Millis = 60;
/** After a longer pause of the process, the missing time is not sent. */
const MAX_FILLED_FRAMES = 25;

export class SteadyMix {
  readonly #options: SteadyMixOptions;
  readonly #startMs: Millis;
  /** In frames. */
  #position = 0;
  /** Of the last packet with sound; null after silence. */
  #lastToc: number | null = null;
  #cancelTimer: Cancel;

  constructor(options: SteadyMixOptions) {
    const { clock } = options;
    this.#options = options;
    this.#startMs = Math.floor(clock.now() / FRAME_MS) * FRAME_MS;
    this.#cancelTimer = this.#wait(this.#startMs + FRAME_MS);
  }

  /** From the room: `RelayedSink.mix`. */
  add(payload: Uint8Array, timestamp: number): void {
    // A single byte repeats silence, which is filled in anyway.
    if (isDtx(payload) || packetSamples(payload) !== FRAME_SAMPLES) return;
    const { clock } = this.#options;
    const at = positionInMix({ payload, timestamp, arrivalMs: clock.now() }, this.#startMs) / FRAME_SAMPLES;
    if (at < this.#position) return;
    this.#fillTo(at, this.#lastToc === null ? SILENCE_PACKET : Uint8Array.of(concealmentToc(this.#lastToc)));
    this.#write(payload);
    this.#lastToc = payload[0] ?? null;
  }

  close(): void {
    this.#cancelTimer();
  }

  #wait(atMs: Millis): Cancel {
    const { clock } = this.#options;
    return clock.setTimer(atMs, () => {
      const nowMs = clock.now();
      this.#cancelTimer = this.#wait(Math.max(atMs + FRAME_MS, nowMs));
      const due = Math.floor((nowMs - HOLD_MS - this.#startMs) / FRAME_MS);
      if (due <= this.#position) return;
      this.#fillTo(due, SILENCE_PACKET);
      this.#lastToc = null;
    });
  }

  #fillTo(position: number, payload: Uint8Array): void {
    if (position - this.#position > MAX_FILLED_FRAMES) this.#position = position;
    while (this.#position < position) this.#write(payload);
  }

  #write(payload: Uint8Array): void {
    this.#options.write(payload, this.#position * FRAME_SAMPLES);
    this.#position++;
  }
}

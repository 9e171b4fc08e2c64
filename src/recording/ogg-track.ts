/** The part that all files of a recording share: silence, pages, and an end at the same moment. */

import { type OggOpusWriter, openOggOpus } from '../formats/ogg-writer.ts';
import { concealmentToc } from '../formats/opus-packet.ts';
import { fillWithSilence, SHORTEST_SAMPLES, type TimedPacket } from './silence.ts';

const FRAME_SAMPLES = 960;

export interface OggTrackOptions {
  readonly serial: number;
  readonly channels: 1 | 2;
  readonly preSkip: number;
  readonly tags: readonly (readonly [key: string, value: string])[];
}

export class OggTrack {
  readonly #preSkip: number;
  readonly #writer: OggOpusWriter;
  #pages: Uint8Array[];
  /** The first byte of the last packet with sound. */
  #toc: number | null = null;

  constructor(options: OggTrackOptions) {
    const { head, writer } = openOggOpus(options);
    this.#preSkip = options.preSkip;
    this.#pages = [...head];
    this.#writer = writer;
  }

  /** Samples since the start of the recording. */
  get position(): number {
    return this.#writer.samples;
  }

  write({ payload, samples }: TimedPacket): void {
    this.#toc = payload[0] ?? null;
    this.#put(payload, samples);
  }

  /** Rounds to 2.5 ms. */
  silence(samples: number): void {
    this.#toc = null;
    fillWithSilence(samples, (packet) => this.#put(packet.payload, packet.samples));
  }

  /** Has the decoder bridge a gap with what it last heard, in frames of 20 ms; a rest is silence, as after silence. */
  conceal(samples: number): void {
    const toc = this.#toc;
    let left = samples;
    for (; toc !== null && left >= FRAME_SAMPLES; left -= FRAME_SAMPLES)
      this.#put(Uint8Array.of(concealmentToc(toc)), FRAME_SAMPLES);
    fillWithSilence(left, (packet) => this.#put(packet.payload, packet.samples));
  }

  /** The whole pages since the last call. */
  takePages(): Uint8Array[] {
    const pages = this.#pages;
    this.#pages = [];
    return pages;
  }

  /**
   * The sound ends here.
   * @param samples since the start of the recording
   */
  end(samples: number): void {
    // Players leave out the pre-skip.
    const end = samples + this.#preSkip;
    if (end > this.position) this.silence(Math.ceil((end - this.position) / SHORTEST_SAMPLES) * SHORTEST_SAMPLES);
    const page = this.#writer.end(end);
    if (page !== null) this.#pages.push(page);
  }

  #put(payload: Uint8Array, samples: number): void {
    const page = this.#writer.write(payload, samples);
    if (page !== null) this.#pages.push(page);
  }
}

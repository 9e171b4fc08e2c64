/**
 * Writes an Ogg Opus file (RFC 7845): packets in, whole pages out. Time has no gaps in such a file:
 * while there is nothing to write, the caller writes silence.
 */
import { FIRST_PAGE, LAST_PAGE, MAX_SEGMENTS, segmentsOf, writeOggPage } from './ogg-page.ts';
import { type OpusHead, opusHead } from './opus-head.ts';

const SAMPLE_RATE = 48_000;
/** If the process dies, this much is lost, and what is read while it is written is this much behind. */
const PAGE_SAMPLES = 0.8 * SAMPLE_RATE;
const VENDOR = 'Partyline';

export interface OggOpusOptions extends OpusHead {
  /** Tells the streams of a file apart; any number of 32 bits. */
  readonly serial: number;
  /** `KEY=value` pairs (RFC 7845 section 5.2). */
  readonly tags: readonly (readonly [key: string, value: string])[];
}

/** Where a file ends that is continued. */
export interface OggOpusEnd {
  readonly serial: number;
  /** The number of the next page. */
  readonly sequence: number;
  /** Samples so far. */
  readonly samples: number;
}

export class OggOpusWriter {
  readonly #serial: number;
  #sequence: number;
  #samples: number;
  /** Packets of the page that is not complete yet. It is written when the next packet comes, so that one is left to end with. */
  #packets: Uint8Array[] = [];
  #segments = 0;
  #pageSamples = 0;
  /** The sound of the pages so far. */
  #written: number;

  constructor({ serial, sequence, samples }: OggOpusEnd) {
    this.#serial = serial;
    this.#sequence = sequence;
    this.#samples = samples;
    this.#written = samples;
  }

  /** Samples at 48 kHz so far, including the pre-skip. */
  get samples(): number {
    return this.#samples;
  }

  /**
   * Adds a packet of at most 61 kB.
   * @param samples its duration at 48 kHz
   * @returns a page that is complete now, or null
   */
  write(packet: Uint8Array, samples: number): Uint8Array | null {
    const segments = segmentsOf(packet.length);
    const isFull = this.#segments + segments > MAX_SEGMENTS || this.#pageSamples >= PAGE_SAMPLES;
    const page = this.#packets.length > 0 && isFull ? this.#page(0, this.#samples) : null;
    this.#packets.push(packet);
    this.#segments += segments;
    this.#pageSamples += samples;
    this.#samples += samples;
    return page;
  }

  /**
   * The last page, or null if there is nothing to write.
   * @param samples where the sound ends, if that is within the last packet
   */
  end(samples = this.#samples): Uint8Array | null {
    return this.#packets.length === 0
      ? null
      : this.#page(LAST_PAGE, Math.max(this.#written, Math.min(samples, this.#samples)));
  }

  #page(flags: number, granule: number): Uint8Array {
    const page = writeOggPage({ flags, granule, serial: this.#serial, sequence: this.#sequence++ }, this.#packets);
    this.#packets = [];
    this.#segments = 0;
    this.#pageSamples = 0;
    this.#written = granule;
    return page;
  }
}

/** A new file: its first pages, and the writer of the others. */
export function openOggOpus(options: OggOpusOptions): {
  readonly head: readonly Uint8Array[];
  readonly writer: OggOpusWriter;
} {
  const { serial } = options;
  const head = writeOggPage({ flags: FIRST_PAGE, granule: 0, serial, sequence: 0 }, [opusHead(options)]);
  const tags = writeOggPage({ flags: 0, granule: 0, serial, sequence: 1 }, [opusTags(options)]);
  return { head: [head, tags], writer: new OggOpusWriter({ serial, sequence: 2, samples: 0 }) };
}

/** RFC 7845 section 5.2 */
function opusTags({ tags }: OggOpusOptions): Uint8Array {
  const comments = tags.map(([key, value]) => lengthAnd(`${key}=${value}`));
  const number = Buffer.alloc(4);
  number.writeUInt32LE(comments.length);
  return Buffer.concat([Buffer.from('OpusTags'), lengthAnd(VENDOR), number, ...comments]);
}

function lengthAnd(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Reads Ogg files piece by piece: their pages, their packets, and how much of a damaged file is usable. */
import { type OggPage, readOggPage } from './ogg-page.ts';

/** An Opus packet, and what comes before it, has at most this length (RFC 7845 section 6). */
const MAX_PACKET_LENGTH = 61_440;

/** A page and where it is in its file. */
export interface PlacedPage {
  readonly page: OggPage;
  readonly at: number;
}

/** Finds the whole pages of a file that arrives in pieces, and skips what is damaged. */
export class OggPageReader {
  #bytes: Uint8Array = new Uint8Array(0);
  /** Where `#bytes` begin in the file. */
  #at = 0;
  #skipped = 0;

  /** Bytes so far that belong to no page. */
  get skipped(): number {
    return this.#skipped;
  }

  /** The pages that are complete with this piece. They keep its bytes. */
  read(piece: Uint8Array): PlacedPage[] {
    const bytes = this.#bytes.length === 0 ? piece : Buffer.concat([this.#bytes, piece]);
    const pages: PlacedPage[] = [];
    let at = 0;
    while (at < bytes.length) {
      const page = readOggPage(bytes, at);
      if (page === 'incomplete') break;
      if (page === 'invalid') {
        const next = nextCapture(bytes, at + 1);
        this.#skipped += next - at;
        at = next;
        continue;
      }
      pages.push({ page, at: this.#at + at });
      at += page.length;
    }
    this.#bytes = bytes.subarray(at);
    this.#at += at;
    return pages;
  }

  /**
   * Nothing follows. What looked like the beginning of a long page may hide whole ones, which are returned.
   */
  end(): PlacedPage[] {
    const pages: PlacedPage[] = [];
    while (this.#bytes.length > 0) {
      const next = nextCapture(this.#bytes, 1);
      this.#skipped += next;
      this.#at += next;
      const rest = this.#bytes.subarray(next);
      this.#bytes = new Uint8Array(0);
      pages.push(...this.read(rest));
    }
    return pages;
  }
}

/** The next place where a page may begin. */
function nextCapture(bytes: Uint8Array, from: number): number {
  const first = bytes.indexOf(0x4f, from);
  return first < 0 ? bytes.length : first;
}

/** The packets of one stream of an Ogg file. */
export class OggPacketReader {
  #serial: number | null = null;
  #sequence = -1;
  /** The beginning of a packet that continues on the next page. */
  #begun: Uint8Array[] | null = null;
  #begunLength = 0;

  /**
   * The packets that end on this page. Pages of other streams have none. A packet of which a page is missing, or which
   * is too long, is left out.
   */
  read(page: OggPage): Uint8Array[] {
    this.#serial ??= page.serial;
    if (page.serial !== this.#serial) return [];
    const follows = page.isContinued && page.sequence === this.#sequence + 1;
    this.#sequence = page.sequence;
    if (!follows) this.#begun = null;
    const packets: Uint8Array[] = [];
    /** The rest of a packet whose beginning is missing. */
    let isRest = page.isContinued && this.#begun === null;
    let from = 0;
    let to = 0;
    for (const length of page.segments) {
      to += length;
      if (length === 255) continue;
      const packet = this.#complete(page.body.subarray(from, to));
      if (!isRest && packet !== null) packets.push(packet);
      isRest = false;
      from = to;
    }
    if (from < to && !isRest) this.#keep(page.body.subarray(from, to));
    else if (from < to) this.#begun = null;
    return packets;
  }

  #complete(end: Uint8Array): Uint8Array | null {
    const begun = this.#begun;
    this.#begun = null;
    if (begun === null) return end;
    return this.#begunLength + end.length > MAX_PACKET_LENGTH ? null : Buffer.concat([...begun, end]);
  }

  #keep(beginning: Uint8Array): void {
    if (this.#begun === null) this.#begunLength = 0;
    this.#begun ??= [];
    this.#begunLength += beginning.length;
    // Too long: its length is remembered, its bytes are not.
    if (this.#begunLength <= MAX_PACKET_LENGTH) this.#begun.push(beginning);
  }
}

/** What `OggRepair` found out about a file. */
export interface OggState {
  /** The file can be cut here; 0: there is no sound in it. */
  readonly length: number;
  /** Where its last page begins. */
  readonly lastPageAt: number;
  /** The last page already says so. */
  readonly isEnded: boolean;
  readonly serial: number;
  /** The number of the last page. */
  readonly sequence: number;
  /** Samples up to the end. */
  readonly samples: number;
  /** Bytes between the pages that belong to none. */
  readonly damaged: number;
}

/**
 * Finds where the last whole page of a file ends, such as after a crash. A damaged page in the middle stays: what
 * follows it is worth more.
 */
export class OggRepair {
  readonly #pages = new OggPageReader();
  #pagesSeen = 0;
  #state: OggState = { length: 0, lastPageAt: 0, isEnded: false, serial: 0, sequence: 0, samples: 0, damaged: 0 };

  read(piece: Uint8Array): void {
    this.#take(this.#pages.read(piece));
  }

  /** Nothing follows. */
  end(): OggState {
    this.#take(this.#pages.end());
    return this.#state;
  }

  #take(pages: readonly PlacedPage[]): void {
    for (const { page, at } of pages) {
      const isOther = this.#pagesSeen > 0 && page.serial !== this.#state.serial;
      if (isOther || (this.#pagesSeen === 0 && !page.isFirst)) continue;
      this.#pagesSeen++;
      const { serial, sequence, isLast } = page;
      this.#state = {
        serial,
        sequence,
        isEnded: isLast,
        lastPageAt: at,
        damaged: this.#pages.skipped,
        samples: Math.max(this.#state.samples, page.granule),
        // The first two pages are only headers.
        length: this.#pagesSeen > 2 ? at + page.length : 0,
      };
    }
  }
}

/** A file of Ogg Opus, read piece by piece while it is played. */
import { type FileHandle, open } from 'node:fs/promises';
import { OggPacketReader, OggPageReader } from '../../formats/ogg-reader.ts';
import { readOpusHead } from '../../formats/opus-head.ts';
import { packetSamples } from '../../formats/opus-packet.ts';

const PIECE_BYTES = 65_536;
/** Where the first packet must have begun: tags can have pictures. */
const MAX_BYTES_BEFORE_SOUND = 16 * 1024 * 1024;
/** A damaged or malicious header must not drown out the room. ReplayGain stays far below this. */
const MAX_GAIN_DB = 20;
/** `OpusHead` and `OpusTags`. */
const HEADERS = 2;

export class SoundFile {
  /** The file asks players to change its volume by this, in dB, within 20 dB. */
  readonly gainDb: number;
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle, gainDb: number) {
    this.#handle = handle;
    this.gainDb = gainDb;
  }

  /** Null if there is no Opus in it. Rejects if it cannot be read. */
  static async open(path: string): Promise<SoundFile | null> {
    const handle = await open(path, 'r');
    let gainDb: number | null = null;
    try {
      // The first page shows what it is; one packet of sound must follow somewhere.
      for await (const { head, packet } of packetsOf(handle)) {
        if (head !== undefined) gainDb = Math.max(-MAX_GAIN_DB, Math.min(MAX_GAIN_DB, head));
        if (packet !== undefined && gainDb !== null) return new SoundFile(handle, gainDb);
      }
    } catch (error) {
      await handle.close();
      throw error;
    }
    await handle.close();
    return null;
  }

  /** All packets of sound, from the start. */
  async *packets(): AsyncGenerator<Uint8Array> {
    for await (const { packet } of packetsOf(this.#handle)) if (packet !== undefined) yield packet;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

interface Found {
  /** The gain in the first header, in dB. */
  readonly head?: number;
  readonly packet?: Uint8Array;
}

async function* packetsOf(handle: FileHandle): AsyncGenerator<Found> {
  const pages = new OggPageReader();
  const packets = new OggPacketReader();
  let headers = 0;
  let hasSound = false;
  for (let at = 0; hasSound || at < MAX_BYTES_BEFORE_SOUND; ) {
    const { bytesRead, buffer } = await handle.read(new Uint8Array(PIECE_BYTES), 0, PIECE_BYTES, at);
    at += bytesRead;
    const isEnd = bytesRead === 0;
    for (const { page } of isEnd ? pages.end() : pages.read(buffer.subarray(0, bytesRead))) {
      for (const packet of packets.read(page)) {
        if (headers < HEADERS) {
          const head = headers === 0 ? readOpusHead(packet) : undefined;
          if (head === null) return;
          if (head !== undefined) yield { head: head.gainDb };
          headers++;
        } else if (packetSamples(packet) > 0) {
          hasSound = true;
          yield { packet };
        }
      }
    }
    if (isEnd) return;
  }
}

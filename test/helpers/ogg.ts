import { OggPacketReader, OggPageReader } from '../../src/formats/ogg-reader.ts';
import { createFrameDecoder } from './opus.ts';

export interface OggFile {
  readonly head: Uint8Array;
  readonly tags: Uint8Array;
  readonly packets: readonly Uint8Array[];
  /** Granule position of the last page. */
  readonly end: number;
  readonly isEnded: boolean;
  readonly skipped: number;
}

/** Takes an Ogg Opus file apart. */
export function readOgg(bytes: Uint8Array): OggFile {
  const pages = new OggPageReader();
  const packets = new OggPacketReader();
  const found = [...pages.read(bytes), ...pages.end()].map(({ page }) => page);
  const [head, tags, ...rest] = found.flatMap((page) => packets.read(page));
  const last = found.at(-1);
  return {
    head: head ?? new Uint8Array(0),
    tags: tags ?? new Uint8Array(0),
    packets: rest,
    end: last?.granule ?? 0,
    isEnded: last?.isLast ?? false,
    skipped: pages.skipped,
  };
}

/** The sound of an Ogg Opus file, as a player that follows RFC 7845 plays it. */
export function decodeOgg(bytes: Uint8Array): Int16Array {
  const { head, packets, end } = readOgg(bytes);
  const decode = createFrameDecoder();
  const preSkip = head[10]! | (head[11]! << 8);
  const pcm = new Int16Array(end);
  let at = 0;
  for (const packet of packets) {
    const frame = decode(packet);
    pcm.set(frame.subarray(0, Math.max(0, end - at)), Math.min(at, end));
    at += frame.length;
  }
  return pcm.subarray(preSkip);
}

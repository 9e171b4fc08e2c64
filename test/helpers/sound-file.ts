import { FIRST_PAGE, writeOggPage } from '../../src/formats/ogg-page.ts';
import { openOggOpus } from '../../src/formats/ogg-writer.ts';
import { opusHead } from '../../src/formats/opus-head.ts';
import { packetSamples } from '../../src/formats/opus-packet.ts';
import { createFrameEncoder, FRAME_SAMPLES } from './opus.ts';
import { toInt16, tone } from './signal.ts';

/** A file of Ogg Opus. @param gain of its header, in 1/256 dB */
export function oggOf(packets: readonly Uint8Array[], gain = 0): Buffer {
  const options = { channels: 1, preSkip: 312, serial: 7, tags: [] } as const;
  const { head, writer } = openOggOpus(options);
  const first = Buffer.from(opusHead(options));
  first.writeInt16LE(gain, 16);
  const firstPage = writeOggPage({ flags: FIRST_PAGE, granule: 0, serial: 7, sequence: 0 }, [first]);
  const pages = packets.flatMap((packet) => writer.write(packet, packetSamples(packet)) ?? []);
  return Buffer.concat([firstPage, ...head.slice(1), ...pages, writer.end() ?? new Uint8Array(0)]);
}

/** A tone of so many frames, as packets. */
export function tonePackets(frequencyHz: number, frames: number): Uint8Array[] {
  const samples = toInt16(tone({ frequencyHz, samples: frames * FRAME_SAMPLES }));
  const encode = createFrameEncoder({ application: 'audio', bitsPerSecond: 64_000 });
  return Array.from({ length: frames }, (_, n) => encode(samples.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES)));
}
